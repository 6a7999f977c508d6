"""The decision about an export: values in, values out. No boto3, no network, no clock, also not through imports."""
