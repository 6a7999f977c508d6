"""The decision about an export: values in, values out. It calls no service, reads no clock and loads no boto3."""
