"""What an export declares in the template, and which arguments it refuses at synth."""

import json
import re
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App, CfnOutput, CfnParameter, Duration, Environment, NestedStack, Stack, Stage, Token
from aws_cdk import aws_events as events
from aws_cdk.assertions import Annotations, Match, Template

from cdk_cleanroomsml import (
    AttributeUnknownError,
    AudienceExportProvider,
    AudienceSize,
    InvalidArgumentError,
    OnConflict,
    exports_per_job,
)
from tests.builders import feature_flags
from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import waits_for


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def test_declares_what_was_requested(stack: Stack) -> None:
    declare(stack, name="spring", description="for spring", audience_size=AudienceSize.absolute(100_000))
    Template.from_stack(stack).has_resource_properties(
        EXPORT,
        {
            "AudienceGenerationJobArn": JOB,
            "AudienceSize": {"Type": "ABSOLUTE", "Value": 100_000},
            "Name": "spring",
            "Description": "for spring",
            "ServiceToken": {"Fn::GetAtt": [Match.string_like_regexp("^CleanRoomsMLAudienceExportsHandler"), "Arn"]},
            "StateMachineArn": {
                "Fn::Select": [
                    0,
                    [
                        {"Fn::GetAtt": [Match.string_like_regexp("^CleanRoomsMLAudienceExportsStateMachine"), "Arn"]},
                        {"Ref": Match.string_like_regexp("^CleanRoomsMLAudienceExportsDelivery")},
                    ],
                ]
            },
        },
    )


def test_leaves_out_what_was_not_given(stack: Stack) -> None:
    declare(stack)
    [export] = Template.from_stack(stack).find_resources(EXPORT).values()
    assert set(export["Properties"]) == {"ServiceToken", "AudienceGenerationJobArn", "AudienceSize", "StateMachineArn"}


def test_its_logical_id_never_changes(stack: Stack) -> None:
    """Another one would be another resource, with another generated name: every deployed export would start again."""
    declare(stack)
    assert list(Template.from_stack(stack).find_resources(EXPORT)) == ["Export16632B07"]


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("name", "Name"),
        ("status", "Status"),
        ("output_location", "OutputLocation"),
        ("create_time", "CreateTime"),
        ("update_time", "UpdateTime"),
        ("audience_generation_job_arn", "AudienceGenerationJobArn"),
        ("audience_size_type", "AudienceSizeType"),
        ("audience_size_value", "AudienceSizeValue"),
    ],
)
def test_offers_the_attributes_of_the_export(stack: Stack, attribute: str, expected: str) -> None:
    CfnOutput(stack, "Out", value=getattr(declare(stack), attribute))
    value = {"Fn::GetAtt": [Match.string_like_regexp("^Export"), expected]}
    Template.from_stack(stack).has_output("Out", {"Value": value})


def test_the_attributes_of_an_export_of_tokens_are_its_own(stack: Stack) -> None:
    """Not the tokens that were given: what uses an attribute waits for the export, and another export can use it."""
    arn = CfnParameter(stack, "Arn").value_as_string
    size = AudienceSize.absolute(CfnParameter(stack, "Size", type="Number").value_as_number)
    first = declare(stack, "First", audience_generation_job_arn=arn, audience_size=size)
    declare(
        stack,
        "Second",
        audience_generation_job_arn=first.audience_generation_job_arn,
        audience_size=AudienceSize.absolute(Token.as_number(first.audience_size_value)),
        description=f"after {first.audience_size_type} {first.audience_size_value}",
    )
    Template.from_stack(stack).has_resource_properties(
        EXPORT,
        {
            "AudienceGenerationJobArn": {
                "Fn::GetAtt": [Match.string_like_regexp("^First"), "AudienceGenerationJobArn"]
            },
            "AudienceSize": {"Value": {"Fn::GetAtt": [Match.string_like_regexp("^First"), "AudienceSizeValue"]}},
        },
    )


ARN = "audience_generation_job_arn"
BAD_INPUT: dict[str, dict[str, Any]] = {
    "empty name": {"name": ""},
    "blank name": {"name": " \t"},
    "long name": {"name": "x" * 64},
    "name of two lines": {"name": "line\nbreak"},
    "name that is a number": {"name": 7},
    "long description": {"description": "x" * 256},
    "description that is zero": {"description": 0},
    "control character": {"description": "bell\a"},
    "short account": {ARN: "arn:aws:cleanrooms-ml:us-east-1:1:audience-generation-job/x"},
    "ARN of something else": {ARN: JOB.replace("generation", "export")},
    "long ARN": {ARN: f"{JOB}/{'x' * 2048}"},
    "no ARN": {ARN: None},
    "bare number": {"audience_size": 10},
    "on_conflict as a string": {"on_conflict": "ADOPT"},
    "adoption without a name": {"on_conflict": OnConflict.ADOPT},
    "neither True nor False": {"wait_for_completion": "no"},
    "seconds": {"timeout": 600},
    "empty revision": {"revision": ""},
    "revision that is a number": {"revision": 2},
    "name that is not a number": {"name": float("nan")},
    "name in bytes": {"name": b"spring"},
    "name that is a path": {"name": Path("spring")},
    "name that is a number token": {"name": Token.as_number({"Ref": "Number"})},
    "ARN that is a list token": {"audience_generation_job_arn": Token.as_list({"Ref": "List"})},
    "ARN in a tuple": {"audience_generation_job_arn": (JOB,)},
    "lone surrogate in the name": {"name": "spring \ud800"},
    "lone surrogate in the description": {"description": "\ud800"},
    "lone surrogate in the revision": {"revision": "\ud800"},
}


@pytest.mark.parametrize("changes", BAD_INPUT.values(), ids=list(BAD_INPUT))
def test_bad_input_names_argument_rule_and_value_and_adds_nothing(stack: Stack, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        declare(stack, **changes)
    [(argument, value)] = changes.items()
    assert raised.value.argument == argument
    assert str(raised.value) == f"{raised.value.argument} {raised.value.rule}; got {value!r}"
    assert stack.node.children == []


@pytest.mark.parametrize(
    "timeout",
    [Duration.seconds(59), Duration.seconds(3601), Duration.millis(60_500), Duration.millis(60_000.4)],
    ids=["59 s", "3,601 s", "60.5 s", "60,000.4 ms"],
)
def test_a_time_out_is_1_minute_to_1_hour(stack: Stack, timeout: Duration) -> None:
    with pytest.raises(InvalidArgumentError, match="timeout must be whole seconds from 1 minute to 1 hour; got "):
        declare(stack, timeout=timeout)
    assert stack.node.children == []


def test_an_app_is_no_scope() -> None:
    app = App()
    with pytest.raises(InvalidArgumentError, match="scope must be a stack, or a construct in one"):
        declare(cast("Stack", app))
    assert app.node.children == []


OTHER_SCOPES = {
    "account": (("111122223333", "444455556666"), "account 111122223333, not 444455556666"),
    "Region": (("us-east-1", "eu-west-1"), "Region us-east-1, not eu-west-1"),
    "partition": (("arn:aws:", "arn:aws-cn:"), "partition aws, not aws-cn"),
}


@pytest.mark.parametrize(("change", "rule"), OTHER_SCOPES.values(), ids=list(OTHER_SCOPES))
def test_a_generation_job_is_of_the_stack_s_own_account_region_and_partition(
    change: tuple[str, str], rule: str
) -> None:
    stack = Stack(App(), "Campaigns", env=Environment(account="111122223333", region="us-east-1"))
    with pytest.raises(InvalidArgumentError, match=f"audience_generation_job_arn must be of the stack's own {rule}"):
        declare(stack, audience_generation_job_arn=JOB.replace(*change))
    assert stack.node.children == []
    declare(stack)


def test_a_generation_job_of_a_stack_whose_account_is_not_known_is_checked_at_deployment(stack: Stack) -> None:
    declare(stack, audience_generation_job_arn=JOB.replace("111122223333", "444455556666"))


def test_a_time_out_is_no_token(stack: Stack) -> None:
    with pytest.raises(InvalidArgumentError, match="timeout must be known at synth"):
        declare(stack, timeout=Duration.seconds(Token.as_number({"Ref": "Seconds"})))


def test_a_time_out_is_sent_to_cloudformation_and_to_the_handler(stack: Stack) -> None:
    declare(stack, timeout=Duration.minutes(10))
    Template.from_stack(stack).has_resource_properties(EXPORT, {"ServiceTimeout": "600", "TimeoutSeconds": 600})


@pytest.mark.parametrize("attribute", ["status", "output_location", "update_time"])
def test_an_export_that_is_not_waited_for_does_not_know_its_end(stack: Stack, attribute: str) -> None:
    export = declare(stack, wait_for_completion=False)
    with pytest.raises(AttributeUnknownError, match=f"{attribute} of Campaigns/Export is known only after"):
        getattr(export, attribute)
    for known in ("name", "create_time", "audience_generation_job_arn", "audience_size_type", "audience_size_value"):
        assert getattr(export, known)
    Template.from_stack(stack).has_resource_properties(EXPORT, {"WaitForCompletion": False})


def test_a_name_cannot_have_a_revision(stack: Stack) -> None:
    with pytest.raises(InvalidArgumentError, match=r"revision cannot be combined with name.* change the name instead"):
        declare(stack, name="spring", revision="2")
    assert stack.node.children == []


def test_a_name_that_another_export_has_is_refused_and_nothing_is_added(stack: Stack) -> None:
    declare(stack, "First", name="spring")
    before = list(stack.node.children)
    for changes in ({}, {"on_conflict": OnConflict.ADOPT, "audience_size": AudienceSize.percentage(20)}):
        with pytest.raises(InvalidArgumentError, match=r"^name is already that of Campaigns/First, .*; got 'spring'$"):
            declare(stack, "Second", name="spring", **changes)
        assert stack.node.children == before
    declare(stack, "OfAnotherJob", name="spring", audience_generation_job_arn=OTHER_JOB)
    declare(stack, "Adopting", name="spring", on_conflict=OnConflict.ADOPT)


def test_the_exports_of_a_job_are_counted_in_the_whole_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports_per_job, "ACTIVE_OF_JOB", 1)
    app = App()
    first, second = Stack(app, "First"), Stack(app, "Second")
    declare(first, audience_generation_job_arn=OTHER_JOB)
    declare(first, "Other")
    declare(second)
    warning = Match.string_like_regexp(f"this is export 2 of generation job {JOB};")
    found = [Annotations.from_stack(stack).find_warning("*", warning) for stack in (first, second)]
    assert [[one.id for one in warnings] for warnings in found] == [[], ["/Second/Export"]]


def test_declares_adoption_and_revision_if_requested(stack: Stack) -> None:
    declare(stack, "Adopted", name="spring", on_conflict=OnConflict.ADOPT)
    declare(stack, "AdoptedToken", name=CfnParameter(stack, "Name").value_as_string, on_conflict=OnConflict.ADOPT)
    declare(stack, "Revised", revision="2026-03")
    template = Template.from_stack(stack)
    template.has_resource_properties(EXPORT, {"OnConflict": "ADOPT", "Revision": Match.absent()})
    template.has_resource_properties(EXPORT, {"Revision": "2026-03", "OnConflict": Match.absent()})


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x" * 63},
        {"name": "Spring é / 2026\t(ü)"},
        {"description": ""},
        {"description": "two\nlines"},
        {"audience_generation_job_arn": JOB.replace("arn:aws:", "arn:aws-us-gov:")},
    ],
    ids=["longest name", "any characters", "empty description", "lines", "another partition"],
)
def test_what_the_service_accepts_is_accepted(stack: Stack, changes: dict[str, Any]) -> None:
    declare(stack, **changes)
    Template.from_stack(stack).resource_count_is(EXPORT, 1)


def test_tokens_pass(stack: Stack) -> None:
    arn = CfnParameter(stack, "Arn")
    size = CfnParameter(stack, "Size", type="Number").value_as_number
    declare(
        stack,
        audience_generation_job_arn=arn.value_as_string,
        audience_size=AudienceSize.percentage(size),
        name=f"export-of-{stack.region}",
    )
    Template.from_stack(stack).has_resource_properties(
        EXPORT,
        {
            "AudienceGenerationJobArn": {"Ref": "Arn"},
            "AudienceSize": {"Type": "PERCENTAGE", "Value": {"Ref": "Size"}},
            "Name": {"Fn::Join": ["", ["export-of-", {"Ref": "AWS::Region"}]]},
        },
    )


def test_waits_for_all_that_its_handler_needs(stack: Stack) -> None:
    declare(stack)
    template = Template.from_stack(stack)
    [export] = template.find_resources(EXPORT)
    everything = template.to_json()
    assert waits_for(everything, export) == set(everything["Resources"]) - {export}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def permissions(resources: dict[str, Any]) -> set[tuple[str, str]]:
    """Every pair of action and resource that the policies allow: minimizePolicies merges and sorts statements."""
    pairs: set[tuple[str, str]] = set()
    for policy in resources.values():
        if policy["Type"] != "AWS::IAM::Policy":
            continue
        for statement in policy["Properties"].pop("PolicyDocument")["Statement"]:
            actions, on = (_listed(statement[key]) for key in ("Action", "Resource"))
            pairs.update((action, json.dumps(resource)) for action in actions for resource in on)
    return pairs


def test_the_resources_are_the_same_without_feature_flags_and_with_all() -> None:
    flags = feature_flags.recommended()
    assert len(flags) > 50
    synthesised = []
    for context in ({}, flags):
        stack = Stack(App(context=context), "Campaigns")
        declare(stack)
        resources = Template.from_stack(stack).to_json()["Resources"]
        synthesised.append((permissions(resources), resources))
    assert len(synthesised[0][0]) == 12
    assert synthesised[0] == synthesised[1]


def test_works_in_a_stage() -> None:
    app = App()
    stack = Stack(Stage(app, "Prod"), "Campaigns")
    declare(stack)
    app.synth()
    Template.from_stack(stack).resource_count_is(EXPORT, 1)


class TestNestedStack:
    """CloudFormation names a nested stack anew each time it creates it, so the name is not what identifies it."""

    def paths(self, root: Stack) -> list[object]:
        nested = [one for one in root.node.find_all() if isinstance(one, NestedStack)]
        exports = [Template.from_stack(one).find_resources(EXPORT).values() for one in nested]
        return [properties["Properties"].get("StackPath") for found in exports for properties in found]

    def test_its_path_is_the_root_s_name_and_its_logical_id(self) -> None:
        root = Stack(App(), "Id", stack_name="Campaigns")
        for name in ("Spring", "Autumn"):
            declare(NestedStack(root, name))
        spring, autumn = self.paths(root)
        assert re.fullmatch("Campaigns/SpringNestedStackSpringNestedStackResource[0-9A-F]{8}", str(spring))
        assert re.fullmatch("Campaigns/AutumnNestedStackAutumnNestedStackResource[0-9A-F]{8}", str(autumn))
        logical_ids = set(Template.from_stack(root).find_resources("AWS::CloudFormation::Stack"))
        assert {str(path).split("/")[1] for path in (spring, autumn)} == logical_ids

    def test_the_path_is_the_whole_way_from_the_root(self) -> None:
        root = Stack(Stage(App(), "Prod"), "Campaigns")
        for name in ("Spring", "Autumn"):
            declare(NestedStack(NestedStack(root, name), "Deep"))
        spring, autumn = self.paths(root)
        assert re.fullmatch("Prod-Campaigns/Spring[A-Za-z0-9]+/Deep[A-Za-z0-9]+", str(spring))
        assert re.fullmatch("Prod-Campaigns/Autumn[A-Za-z0-9]+/Deep[A-Za-z0-9]+", str(autumn))

    def test_the_path_follows_a_logical_id_that_the_app_sets_later(self) -> None:
        root = Stack(App(), "Campaigns")
        nested = NestedStack(root, "Renamed")
        declare(nested)
        assert nested.nested_stack_resource
        nested.nested_stack_resource.override_logical_id("Spring")
        assert self.paths(root) == ["Campaigns/Spring"]

    def test_neither_a_given_name_nor_a_root_stack_needs_a_path(self, stack: Stack) -> None:
        declare(stack)
        declare(NestedStack(stack, "Spring"), name="spring")
        assert self.paths(stack) == [None]
        Template.from_stack(stack).has_resource_properties(EXPORT, {"StackPath": Match.absent()})


class TestProvider:
    def test_exports_may_have_a_custom_one(self, stack: Stack) -> None:
        own = AudienceExportProvider(stack, "Own")
        declare(stack)
        declare(stack, "Apart", provider=own, name="apart")
        template = Template.from_stack(stack)
        template.resource_count_is("AWS::Lambda::Function", 4)
        token = {"Fn::GetAtt": [Match.string_like_regexp("^OwnHandler"), "Arn"]}
        template.has_resource_properties(EXPORT, {"Name": "apart", "ServiceToken": token})

    def test_must_be_in_the_same_stack(self, stack: Stack) -> None:
        elsewhere = AudienceExportProvider(Stack(App(), "Elsewhere"), "Own")
        with pytest.raises(InvalidArgumentError, match="provider must be in the export's own stack, Campaigns"):
            declare(stack, provider=elsewhere)
        assert not stack.node.children

    def test_must_be_a_provider(self, stack: Stack) -> None:
        with pytest.raises(InvalidArgumentError, match="provider must be an AudienceExportProvider"):
            declare(stack, provider="arn:aws:lambda:us-east-1:111122223333:function:mine")


class Number(IntEnum):
    ONE = 1
    TEN = 10


class TestRelevance:
    @pytest.mark.parametrize("value", [0, 0.5, 10])
    def test_is_declared_as_given(self, stack: Stack, value: float) -> None:
        declare(stack, minimum_relevance=value)
        Template.from_stack(stack).has_resource_properties(EXPORT, {"MinimumRelevance": value})

    def test_may_be_a_member_of_an_enum(self, stack: Stack) -> None:
        """jsii takes none."""
        declare(stack, minimum_relevance=Number.ONE, audience_size=AudienceSize.percentage(Number.TEN))
        expected = {"MinimumRelevance": 1, "AudienceSize": {"Type": "PERCENTAGE", "Value": 10}}
        Template.from_stack(stack).has_resource_properties(EXPORT, expected)

    def test_may_be_known_at_deployment_only(self, stack: Stack) -> None:
        score = CfnParameter(stack, "Score", type="Number")
        declare(stack, minimum_relevance=score.value_as_number)
        Template.from_stack(stack).has_resource_properties(EXPORT, {"MinimumRelevance": {"Ref": "Score"}})

    @pytest.mark.parametrize("value", [-0.1, 10.1, True, "0.5", float("nan"), float("inf")])
    def test_of_any_other_value_is_refused(self, stack: Stack, value: object) -> None:
        with pytest.raises(InvalidArgumentError, match="minimum_relevance must be a number"):
            declare(stack, minimum_relevance=value)
        assert stack.node.children == []

    @pytest.mark.parametrize(("attribute", "name"), [("relevance_score", "RelevanceScore"), ("recall", "Recall")])
    def test_is_read_only_for_an_export_whose_metrics_are_used(self, stack: Stack, attribute: str, name: str) -> None:
        used = declare(stack, "Used", wait_for_completion=False)
        declare(stack, "Other")
        CfnOutput(stack, "Out", value=getattr(used, attribute))
        template = Template.from_stack(stack)
        reading = template.find_resources(EXPORT, {"Properties": {"ReadMetrics": True}})
        assert [one.startswith("Used") for one in reading] == [True]
        [logical_id] = reading
        template.has_output("Out", {"Value": {"Fn::GetAtt": [logical_id, name]}})


class TestRules:
    """What a rule is made of is in test_export_rules."""

    @pytest.mark.parametrize(
        ("method", "statuses"),
        [("on_active", ["ACTIVE"]), ("on_failed", ["CREATE_FAILED"]), ("on_event", ["ACTIVE", "CREATE_FAILED"])],
    )
    def test_it_is_for_the_ends_of_the_export_which_are_then_published(
        self, stack: Stack, method: str, statuses: list[str]
    ) -> None:
        export = declare(stack)
        rule = getattr(export, method)("Rule", description="of a test")
        assert rule.node.path == "Campaigns/Export/Rule"
        template = Template.from_stack(stack)
        [(logical_id, found)] = template.find_resources(EXPORT).items()
        detail = {"status": statuses, "logicalResourceId": [logical_id]}
        expected = {"Description": "of a test", "EventPattern": {"detail": detail}}
        template.has_resource_properties("AWS::Events::Rule", expected)
        assert "FollowerArn" in found["Properties"]

    def test_it_is_on_the_bus_of_the_provider(self, stack: Stack) -> None:
        bus = events.EventBus(stack, "Bus")
        AudienceExportProvider.configure(stack, event_bus=bus)
        declare(stack).on_event("Rule")
        name = {"EventBusName": stack.resolve(bus.event_bus_name)}
        Template.from_stack(stack).has_resource_properties("AWS::Events::Rule", name)
