"""The life of an export in an account of AWS, by the CDK CLI: for whoever has an account, and a generation job in it.

It was never run on AWS here. The tests beside it run the same code on the local cloud.
"""
