"""Gives a Lambda function on MiniStack the log handler that AWS's Python runtime installs before it loads the function.

Without a handler of the root logger, Python drops every record below WARNING. Python imports this module when a process
starts that has this folder on its path; MiniStack's workers are those with the name of a function.
"""

import logging
import os
import sys

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _handler = logging.StreamHandler(sys.stderr)
    _handler.setFormatter(logging.Formatter("[%(levelname)s]\t%(asctime)s\t%(message)s"))
    logging.getLogger().addHandler(_handler)
