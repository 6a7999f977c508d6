"""Sixty exports of three generation jobs: more than the service runs at a time, and not more than a job can have."""

from aws_cdk import App, Duration, Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize

PREFIX = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job"
JOBS = {
    "Spring": f"{PREFIX}/55555555-2222-4333-8444-555555555555",
    "Summer": f"{PREFIX}/66666666-2222-4333-8444-555555555555",
    "Autumn": f"{PREFIX}/77777777-2222-4333-8444-555555555555",
}
SIZES = (1, 5, 10, 20)
# Each partner gets its own copy of an audience. Another revision is another export of the same job and size.
PARTNERS = ("north", "east", "south", "west", "online")

app = App()
stack = Stack(app, "SixtyExports")
for season, job in JOBS.items():
    for percent in SIZES:
        for partner in PARTNERS:
            AudienceExport(
                stack,
                f"{season}{percent}{partner.title()}",
                audience_generation_job_arn=job,
                audience_size=AudienceSize.percentage(percent),
                revision=partner,
                timeout=Duration.hours(1),
            )
app.synth()
