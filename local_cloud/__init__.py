"""The local cloud of this checkout: `make demo`, `make local`, and the CDK CLI that deploys to it.

The cloud itself is `cdk_cleanroomsml_local` in constructs/, which is part of the library.
"""
