"""Lambda handler behind the custom resource ``Custom::CleanRoomsMLAudienceExport``.

A request travels one way: properties (`export_request`) → what is there (`export_job`, `stack`) → `decision` →
call (`export_job`) → answer (`answer`). `lifecycle` wires these to crhelper; `executions` starts the state machine
that repeats the middle until the export has ended. Imports: the standard library, boto3/botocore and crhelper.
"""
