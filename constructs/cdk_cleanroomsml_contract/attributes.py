"""The attributes that ``Fn::GetAtt`` offers; the handler writes them, the construct reads them."""

from __future__ import annotations

NAME = "Name"
STATUS = "Status"
OUTPUT_LOCATION = "OutputLocation"
CREATE_TIME = "CreateTime"
AUDIENCE_GENERATION_JOB_ARN = "AudienceGenerationJobArn"
