"""What users would take instead of this project, each written as its own documentation says.

handlers/           the code that a user of each peer writes for Lambda, run as it is in the bench
apps.py             the CDK code that a user of each peer writes
"""
