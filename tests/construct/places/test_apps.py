"""Several apps in one process, and one app that is synthesised more than once, as tests of users do it."""

import json

from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations, Match, Template

from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.stacks import declare
from tests.builders.templates import export_named, waits_for


def stack_of(app: App) -> Stack:
    stack = Stack(app, "Campaigns")
    declare(stack, "Named", name="spring")
    declare(stack, "Generated")
    return stack


def test_an_app_is_the_same_whatever_the_process_has_made_before() -> None:
    first, second = (Template.from_stack(stack_of(App())).to_json() for _ in range(2))
    assert first == second


def test_two_apps_that_grow_together_do_not_know_of_each_other() -> None:
    stacks = [Stack(App(), "Campaigns") for _ in range(2)]
    for number in range(3):
        for stack in stacks:
            declare(stack, f"Export{number}", name=f"export {number}")
    first, second = (Template.from_stack(stack).to_json() for stack in stacks)
    assert first == second


def test_exports_of_a_generation_job_are_counted_in_each_app_alone() -> None:
    stacks = [Stack(App(), "Campaigns") for _ in range(2)]
    for number in range(13):
        for stack in stacks:
            declare(stack, f"Export{number}")
    for stack in stacks:
        warnings = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(JOB))
        assert warnings == []


def test_an_app_can_be_synthesised_again() -> None:
    app = App()
    stack_of(app)
    first = json.dumps(app.synth().get_stack_by_name("Campaigns").template)
    again = json.dumps(app.synth(force=True).get_stack_by_name("Campaigns").template)
    assert first == again


def test_a_stack_can_be_read_before_the_app_is_synthesised() -> None:
    app = App()
    stack = stack_of(app)
    before = Template.from_stack(stack).to_json()
    assert before == app.synth().get_stack_by_name("Campaigns").template


def test_an_app_that_was_synthesised_can_have_another_export() -> None:
    app = App()
    stack = stack_of(app)
    app.synth()
    declare(stack, "Later", name="later", audience_generation_job_arn=OTHER_JOB)
    template = app.synth(force=True).get_stack_by_name("Campaigns").template
    before_it = [template["Resources"][name] for name in waits_for(template, export_named(template, "later"))]
    assert OTHER_JOB in json.dumps([one for one in before_it if one["Type"] == "AWS::IAM::Policy"])
