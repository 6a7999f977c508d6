"""Facts of AWS that the simulation uses, each with its source. What the template states is read from the template."""

from __future__ import annotations

# CloudFormation

# User guide, "CustomResource": ServiceTimeout is 1 to 3,600 seconds, and 3,600 if it is not given.
DEFAULT_TIMEOUT = 3600
# User guide, "Custom resource response objects": the body has at most 4,096 bytes, PhysicalResourceId at most 1 KB.
ANSWER_BYTES = 4096
PHYSICAL_ID_BYTES = 1024
# ResponseURLs in issues (aws-cdk and others, since 2021) are presigned by Signature Version 4, with these values.
RESPONSE_URL_QUERY = "X-Amz-Date={signed_at:%Y%m%dT%H%M%SZ}&X-Amz-Expires=7200"
# Signature Version 4 states the time of signing in whole seconds.
SIGNATURE_RESOLUTION = 1
# User guide, "Stack status codes": a stack that is creating or updating what its template declares.
FORWARD = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
# The same: statuses that take another update; the second ones are those of stacks without rollback.
COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
KEPT_FAILURE = ("CREATE_FAILED", "UPDATE_FAILED")

# Lambda

# Developer guide, "How Lambda handles errors and retries with asynchronous invocation": one minute before the first
# retry, two before the second.
DELIVERY_RETRY_PAUSE = 60
# The errorType that Lambda gives to a function that ended itself, or ran into its time-out.
CRASHED, TIMED_OUT = "Runtime.ExitError", "Sandbox.Timedout"
# Step Functions developer guide, "Handle Lambda service exceptions".
TOO_MANY_REQUESTS, RESULT_LOST = "Lambda.TooManyRequestsException", "Lambda.SdkClientException"

# Errors of the services, as botocore's models state them

# From this status on, a response is an error (RFC 9110, section 15).
FIRST_ERROR_STATUS = 400
# cleanroomsml: StartAudienceExportJob, if it is accepted.
OK_STATUS = 200
# cleanroomsml: ServiceQuotaExceededException.
QUOTA_STATUS = 402
# Code and status with which a service refuses a call. Step Functions speaks JSON 1.0 and has 400 for what a client
# causes; CloudFormation speaks the query protocol, its codes are those of "Common errors" in its API reference.
REFUSALS = {
    "throttled": {
        "rooms": ("ThrottlingException", 429),
        "states": ("ThrottlingException", 400),
        "cloudformation": ("Throttling", 400),
    },
    "error": {
        "rooms": ("InternalServerException", 500),
        "states": ("InternalServerError", 500),
        "cloudformation": ("InternalFailure", 500),
    },
    "denied": {
        "rooms": ("AccessDeniedException", 403),
        "states": ("AccessDeniedException", 400),
        "cloudformation": ("AccessDenied", 403),
    },
}

# Clean Rooms ML

# botocore's model, ListAudienceExportJobs: maxResults is at most 100.
LONGEST_PAGE = 100
# API reference, "AudienceSize": a size in percent is 1 to 100.
IMPOSSIBLE_PERCENTAGE = "101"
