"""The attributes that ``Fn::GetAtt`` offers; the handler writes them, the construct reads them.

They are the members of a listed export ("ListAudienceExportJobs"), but for those that explain a failure. The size is
two attributes, because a template can use a type and a value, and not a structure. The last two are of the generation
job, and only there if the template refers to them: reading the job is another call.
"""

from __future__ import annotations

NAME = "Name"
STATUS = "Status"
OUTPUT_LOCATION = "OutputLocation"
CREATE_TIME = "CreateTime"
UPDATE_TIME = "UpdateTime"
AUDIENCE_GENERATION_JOB_ARN = "AudienceGenerationJobArn"
AUDIENCE_SIZE_TYPE = "AudienceSizeType"
AUDIENCE_SIZE_VALUE = "AudienceSizeValue"
RELEVANCE_SCORE = "RelevanceScore"
RECALL = "Recall"
