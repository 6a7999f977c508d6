"""The machine in the template is the one that `states` defines."""

import json
from typing import Any

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from cdk_cleanroomsml import states
from tests.builders.arns import HANDLER
from tests.builders.stacks import declare

MACHINE = "AWS::StepFunctions::StateMachine"


def deployed_definition(stack: Stack) -> dict[str, Any]:
    """The definition, with the handler's ARN where the template refers to it."""
    [machine] = Template.from_stack(stack).find_resources(MACHINE).values()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    return dict(json.loads("".join(part if isinstance(part, str) else HANDLER for part in parts)))


def test_the_template_has_the_whole_definition() -> None:
    """The CDK leaves out what is null, which means something in the Amazon States Language."""
    stack = Stack(App(), "Campaigns")
    declare(stack)
    assert deployed_definition(stack) == states.definition(HANDLER)
