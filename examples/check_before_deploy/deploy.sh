#!/usr/bin/env bash
# The steps of a pipeline. A change that starts more than MAX_NEW exports stops before anything is deployed.
set -euo pipefail

cdk synth --quiet --output cdk.out
cdk-cleanroomsml check cdk.out --max-new "${MAX_NEW:-3}"
cdk deploy --app cdk.out --require-approval never
