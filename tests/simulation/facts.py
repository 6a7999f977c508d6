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
# Step Functions developer guide, "Error names": Lambda's error that has no other name.
UNKNOWN_ERROR = "Lambda.Unknown"
# The same: a call of the function that is forbidden, among others.
FORBIDDEN = "Lambda.AWSLambdaException"
# Developer guide, "Capturing records of Lambda asynchronous invocations": why an event went to the destination.
RETRIES_EXHAUSTED, EVENT_AGE_EXCEEDED = "RetriesExhausted", "EventAgeExceeded"
# The same, for a function without such settings: two retries, six hours.
DEFAULT_RETRIES, DEFAULT_EVENT_AGE = 2, 21_600
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
    # General reference, "Common errors": credentials that a service does not know, yet or any more.
    "unrecognised": {
        "rooms": ("UnrecognizedClientException", 403),
        "states": ("UnrecognizedClientException", 400),
        "cloudformation": ("InvalidClientTokenId", 403),
    },
    "expired": {
        "rooms": ("ExpiredTokenException", 403),
        "states": ("ExpiredTokenException", 400),
        "cloudformation": ("ExpiredTokenException", 403),
    },
    "missing": {"states": ("StateMachineDoesNotExist", 400)},
}
# A call that is refused like this surely has no effect.
WITHOUT_EFFECT = ("throttled", "denied", "unrecognised", "expired", "missing")

# API reference, ListExecutions: maxResults is at most 1,000.
EXECUTIONS_PAGE = 1000

# How often an account may call in a Region

# Issues aws-cdk-cli 1709 and aws-sam-cli 2671 saw 5 to 10 reads of CloudFormation a second. Step Functions quotas:
# refill and bucket of its APIs. Clean Rooms ML documents no limit: 10 a second is assumed.
CLEAN_ROOMS_ML = "Clean Rooms ML"
API_OF = {
    "StartAudienceExportJob": CLEAN_ROOMS_ML,
    "ListAudienceExportJobs": CLEAN_ROOMS_ML,
    "GetAudienceGenerationJob": CLEAN_ROOMS_ML,
    "GetConfiguredAudienceModel": CLEAN_ROOMS_ML,
}
LIMITS = {
    "DescribeStacks": (5.0, 10.0),
    "DescribeStackResource": (5.0, 10.0),
    "ListExecutions": (5.0, 100.0),
    "StopExecution": (25.0, 500.0),
    "StartExecution": (150.0, 800.0),
    CLEAN_ROOMS_ML: (10.0, 20.0),
}

# Clean Rooms ML

# botocore's model, AudienceGenerationJobStatus: those of a job that may become ACTIVE.
BEING_CREATED = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
# botocore's model, ListAudienceExportJobs: maxResults is at most 100.
LONGEST_PAGE = 100
# API reference, "AudienceSize": a size in percent is 1 to 100.
IMPOSSIBLE_PERCENTAGE = "101"
