"""ARNs that the tests share: generation jobs of the demo catalog, and what a deployed stack refers to."""

ACCOUNT = "111122223333"
JOB = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:audience-generation-job/11111111-2222-4333-8444-555555555555"
FAILING_JOB = JOB.replace("11111111-", "33333333-")
UNFINISHED_JOB = JOB.replace("11111111-", "44444444-")
# These are in no catalog; tests add the first two.
OTHER_JOB, THIRD_JOB = JOB.replace("11111111-", "55555555-"), JOB.replace("11111111-", "66666666-")
DELETED_JOB = JOB.replace("11111111-", "77777777-")
UNKNOWN_JOB = JOB.replace("11111111-", "99999999-")
HANDLER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:handler"
STATE_MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:exports"
FOLLOWER = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:follower"
EVENT_BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
STACK_ID = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/Campaigns/0c4d7c40"
