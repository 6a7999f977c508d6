"""The quota of a generation job is a warning at synth: its deployment would fail halfway."""

import aws_cdk
from aws_cdk import App, CfnParameter, Stack
from aws_cdk.assertions import Annotations, Match

from tests.builders.arns import JOB
from tests.builders.stacks import declare

WARNING = Match.string_like_regexp("this is export 26 of generation job .*; the service allows 25")


def warnings(stack: Stack) -> list[str]:
    return [found.id for found in Annotations.from_stack(stack).find_warning("*", WARNING)]


def test_the_26th_export_of_a_job_is_warned_about() -> None:
    stack = Stack(App(), "Campaigns")
    for number in range(27):
        declare(stack, f"Export{number}")
    assert warnings(stack) == ["/Campaigns/Export25"]
    names_the_job = Match.string_like_regexp(f"of generation job {JOB}; the service allows 25, and none can be deleted")
    assert len(Annotations.from_stack(stack).find_warning("*", names_the_job)) == 1


def test_the_warning_can_be_acknowledged() -> None:
    """By its id, which therefore stays."""
    stack = Stack(App(), "Campaigns")
    exports = [declare(stack, f"Export{number}") for number in range(26)]
    aws_cdk.Annotations.of(exports[-1]).acknowledge_warning("cdk-cleanroomsml:exportsPerGenerationJob")
    assert warnings(stack) == []


def test_the_exports_of_all_stacks_of_an_app_count() -> None:
    app = App()
    first, second = Stack(app, "First"), Stack(app, "Second")
    for number in range(13):
        declare(first, f"Export{number}")
        declare(second, f"Export{number}")
    assert (warnings(first), warnings(second)) == ([], ["/Second/Export12"])


def test_25_exports_of_each_job_and_another_app_are_fine() -> None:
    stack, other = Stack(App(), "Campaigns"), Stack(App(), "Campaigns")
    for number in range(25):
        declare(stack, f"Export{number}")
        declare(stack, f"Other{number}", audience_generation_job_arn=JOB.replace("11111111-", "22222222-"))
        declare(other, f"Export{number}")
    assert warnings(stack) == warnings(other) == []


def test_a_token_is_no_literal_arn() -> None:
    stack = Stack(App(), "Campaigns")
    arn = CfnParameter(stack, "Arn").value_as_string
    for number in range(26):
        declare(stack, f"Export{number}", audience_generation_job_arn=arn)
    assert warnings(stack) == []
