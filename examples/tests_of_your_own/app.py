"""The app of the campaigns."""

from aws_cdk import App
from campaigns import Campaigns

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"

app = App()
Campaigns(app, "Campaigns", job=JOB, percents={"Spring": 10})
app.synth()
