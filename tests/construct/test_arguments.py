"""Each check of an argument lets through what a deployment can keep, and refuses the rest before anything is added."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aws_cdk import App, CfnParameter, Duration, Environment, Fn, NestedStack, Stack, Token
from constructs import Construct

from cdk_cleanroomsml import AudienceExportProvider, AudienceSize, InvalidArgumentError, OnConflict, arguments, place
from tests.builders.arns import ACCOUNT, JOB

TEXT_TOKEN = Token.as_string({"Ref": "Text"})
SURROGATES = "must be text without lone surrogates: the template would not be valid JSON"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns", env=Environment(account=ACCOUNT, region="us-east-1"))


def refused(check: Callable[[], None]) -> tuple[str, str, object]:
    """The argument that a check refuses, the rule and the value that it names."""
    with pytest.raises(InvalidArgumentError) as raised:
        check()
    return raised.value.argument, raised.value.rule, raised.value.value


class TestText:
    @pytest.mark.parametrize(
        "value", ["spring", "Frühling", TEXT_TOKEN, f"{TEXT_TOKEN}{'x' * 99}"], ids=["text", "umlaut", "token", "long"]
    )
    def test_that_keeps_the_limits_or_has_a_token_passes(self, value: str) -> None:
        arguments.check_text("name", "name", value)

    def test_is_held_against_the_member_of_the_request_and_named_as_the_argument(self) -> None:
        argument, rule, value = refused(lambda: arguments.check_text("description", "description", "x" * 256))
        assert (argument, value) == ("description", "x" * 256)
        assert "to 255 characters long, not 256" in rule
        argument, rule, _ = refused(lambda: arguments.check_text("words", "name", "x" * 64))
        assert argument == "words"
        assert "1 to 63 characters long, not 64" in rule

    @pytest.mark.parametrize(
        "value", [7, None, b"spring", Token.as_number({"Ref": "Number"})], ids=["number", "None", "bytes", "token"]
    )
    def test_is_a_string(self, value: object) -> None:
        found = refused(lambda: arguments.check_text("name", "name", value))
        assert found == ("name", "must be a string", value)

    @pytest.mark.parametrize("value", ["spring \ud800", f"{TEXT_TOKEN}\udfff"], ids=["text", "token"])
    def test_can_be_written_as_json(self, value: str) -> None:
        assert refused(lambda: arguments.check_text("name", "name", value)) == ("name", SURROGATES, value)

    def test_has_no_element_of_a_list_token_in_it(self) -> None:
        names = Token.as_list({"Ref": "Names"})
        rule = "must not have an element of a list token in it: use Fn.select(0, names), not names[0]"
        for value in (names[0], f"of {names[0]}", f"{TEXT_TOKEN}{names[0]}"):
            assert refused(lambda value=value: arguments.check_text("name", "name", value)) == ("name", rule, value)  # type: ignore[misc]
        assert refused(lambda: arguments.check_revision(names[0], None)) == ("revision", rule, names[0])
        arguments.check_text("name", "name", Fn.select(0, names))


class TestOwnJob:
    def test_of_the_stack_s_own_place_passes(self, stack: Stack) -> None:
        arguments.check_own_job(JOB, place.of(stack))

    def test_that_is_known_at_deployment_only_is_checked_there(self, stack: Stack) -> None:
        arguments.check_own_job(TEXT_TOKEN, place.of(stack))

    def test_of_any_other_place_is_refused(self, stack: Stack) -> None:
        elsewhere = JOB.replace("us-east-1", "eu-west-1")
        argument, rule, value = refused(lambda: arguments.check_own_job(elsewhere, place.of(stack)))
        assert (argument, value) == ("audience_generation_job_arn", elsewhere)
        assert rule == "must be of the stack's own Region us-east-1, not eu-west-1"

    @pytest.mark.parametrize(
        ("arn", "rule"),
        [
            (f"arn:aws:cleanrooms-ml:eu-west-1:{ACCOUNT}:audience-generation-job/{TEXT_TOKEN}", "Region us-east-1"),
            (f"arn:aws:cleanrooms-ml:eu-west-1:{TEXT_TOKEN}", "Region us-east-1"),
            (f"arn:aws-cn:cleanrooms-ml:{TEXT_TOKEN}:{ACCOUNT}:audience-generation-job/1", "partition aws"),
        ],
        ids=["id", "account and id", "Region"],
    )
    def test_is_compared_up_to_its_first_token(self, stack: Stack, arn: str, rule: str) -> None:
        argument, found, value = refused(lambda: arguments.check_own_job(arn, place.of(stack)))
        assert (argument, value) == ("audience_generation_job_arn", arn)
        assert found.startswith(f"must be of the stack's own {rule}, not ")

    def test_is_not_compared_in_and_after_a_token(self, stack: Stack) -> None:
        for before in ("arn:aw", "arn:aws:cleanrooms-ml:eu-", "arn:aws:cleanrooms-ml:us-east-1:4"):
            arguments.check_own_job(f"{before}{TEXT_TOKEN}", place.of(stack))


class TestSize:
    def test_is_an_audience_size(self) -> None:
        arguments.check_size(AudienceSize.percentage(10))

    @pytest.mark.parametrize("value", [10, None, {"type": "PERCENTAGE", "value": 10}], ids=str)
    def test_is_nothing_else(self, value: object) -> None:
        rule = "must be AudienceSize.percentage(…) or AudienceSize.absolute(…)"
        assert refused(lambda: arguments.check_size(value)) == ("audience_size", rule, value)


class TestOnConflict:
    @pytest.mark.parametrize(
        ("value", "name"), [(OnConflict.FAIL, None), (OnConflict.FAIL, "spring"), (OnConflict.ADOPT, "spring")]
    )
    def test_passes_with_a_name_to_adopt(self, value: OnConflict, name: str | None) -> None:
        arguments.check_on_conflict(value, name)

    def test_has_no_effect_on_a_generated_name_and_is_refused(self) -> None:
        argument, rule, value = refused(lambda: arguments.check_on_conflict(OnConflict.ADOPT, None))
        assert (argument, value) == ("on_conflict", OnConflict.ADOPT)
        assert rule == (
            "must not be OnConflict.ADOPT without a name, because it would have no effect: set name to the name of the "
            "export to use, or leave on_conflict out, because a generated name always finds its own export"
        )

    @pytest.mark.parametrize("value", ["ADOPT", None, True], ids=str)
    def test_is_one_of_the_choices(self, value: object) -> None:
        rule = "must be OnConflict.FAIL or OnConflict.ADOPT"
        assert refused(lambda: arguments.check_on_conflict(value, "spring")) == ("on_conflict", rule, value)


class TestWaiting:
    @pytest.mark.parametrize(
        "timeout",
        [None, Duration.minutes(1), Duration.seconds(61), Duration.millis(90_000), Duration.hours(1)],
        ids=["none", "1 min", "61 s", "90,000 ms", "1 h"],
    )
    @pytest.mark.parametrize("waits", [True, False])
    def test_passes_for_a_minute_to_an_hour(self, waits: bool, timeout: Duration | None) -> None:
        arguments.check_waiting(waits, timeout)

    @pytest.mark.parametrize("waits", ["no", None, 1], ids=str)
    def test_is_true_or_false(self, waits: object) -> None:
        found = refused(lambda: arguments.check_waiting(waits, None))
        assert found == ("wait_for_completion", "must be True or False", waits)

    @pytest.mark.parametrize("timeout", [600, "PT10M", False], ids=str)
    def test_has_a_duration_as_its_time_out(self, timeout: object) -> None:
        found = refused(lambda: arguments.check_waiting(True, timeout))
        assert found == ("timeout", "must be a Duration, such as Duration.minutes(30)", timeout)

    def test_has_a_time_out_that_is_known(self) -> None:
        timeout = Duration.seconds(Token.as_number({"Ref": "Seconds"}))
        found = refused(lambda: arguments.check_waiting(True, timeout))
        assert found == ("timeout", "must be known at synth, not a token", timeout.to_string())

    @pytest.mark.parametrize(
        "timeout",
        [
            Duration.seconds(59),
            Duration.seconds(3601),
            Duration.millis(59_999),
            Duration.millis(60_500),
            Duration.millis(60_000.4),
        ],
        ids=["59 s", "3,601 s", "59,999 ms", "60,500 ms", "60,000.4 ms"],
    )
    def test_has_a_time_out_that_cloudformation_can_keep(self, timeout: Duration) -> None:
        rule = "must be whole seconds from 1 minute to 1 hour"
        assert refused(lambda: arguments.check_waiting(True, timeout)) == ("timeout", rule, timeout.to_string())


class TestMinimumRelevance:
    @pytest.mark.parametrize(
        "value", [None, 0, 0.5, 10, Token.as_number({"Ref": "Score"})], ids=["None", "0", "0.5", "10", "token"]
    )
    def test_is_a_score_that_a_job_can_have(self, value: object) -> None:
        arguments.check_minimum_relevance(value)

    @pytest.mark.parametrize("value", [-0.1, 10.1, True, 10**400], ids=["below", "above", "True", "huge"])
    def test_is_from_0_to_10(self, value: object) -> None:
        found = refused(lambda: arguments.check_minimum_relevance(value))
        assert found == ("minimum_relevance", "must be a number from 0 to 10", value)

    @pytest.mark.parametrize(
        "value",
        ["0.5", TEXT_TOKEN, float("inf"), float("-inf"), float("nan")],
        ids=["text", "token", "inf", "-inf", "nan"],
    )
    def test_is_a_finite_number(self, value: object) -> None:
        """The CDK's process ends if it gets another one."""
        found = refused(lambda: arguments.check_minimum_relevance(value))
        assert found == ("minimum_relevance", "must be a number", value)


class TestRevision:
    @pytest.mark.parametrize(
        ("revision", "name"),
        [(None, None), (None, "spring"), ("2", None), (TEXT_TOKEN, None)],
        ids=["none", "name", "revision", "token"],
    )
    def test_is_a_text_without_a_name_beside_it(self, revision: str | None, name: str | None) -> None:
        arguments.check_revision(revision, name)

    @pytest.mark.parametrize("revision", ["", 2, 0, False], ids=repr)
    def test_that_is_no_text_or_empty_is_refused(self, revision: object) -> None:
        found = refused(lambda: arguments.check_revision(revision, None))
        assert found == ("revision", "must be a string that is not empty", revision)

    def test_can_be_written_as_json(self) -> None:
        assert refused(lambda: arguments.check_revision("\ud800", None)) == ("revision", SURROGATES, "\ud800")

    def test_beside_a_name_is_refused(self) -> None:
        argument, rule, value = refused(lambda: arguments.check_revision("2", "spring"))
        assert (argument, value) == ("revision", "2")
        assert rule == (
            "cannot be combined with name: an export cannot run again under its name, so change the name instead"
        )


class TestProvider:
    def test_is_one_of_the_same_stack_or_none(self, stack: Stack) -> None:
        arguments.check_provider(None, place.of(stack))
        arguments.check_provider(AudienceExportProvider(Construct(stack, "Deeper"), "Own"), place.of(stack))

    def test_that_is_made_later_must_find_its_place_free(self, stack: Stack) -> None:
        Construct(stack, "CleanRoomsMLAudienceExports")
        found = refused(lambda: arguments.check_provider(None, place.of(stack)))
        rule = "must be in a stack without another construct named CleanRoomsMLAudienceExports"
        assert found == ("scope", rule, "Campaigns")

    def test_is_nothing_else(self, stack: Stack) -> None:
        found = refused(lambda: arguments.check_provider(stack, place.of(stack)))
        assert found == ("provider", "must be an AudienceExportProvider", stack)

    def test_of_another_stack_is_refused_even_if_that_is_deployed_together_with_it(self, stack: Stack) -> None:
        nested = NestedStack(stack, "Spring")
        elsewhere = AudienceExportProvider(nested, "Own")
        found = refused(lambda: arguments.check_provider(elsewhere, place.of(stack)))
        assert found == ("provider", "must be in the export's own stack, Campaigns", "Campaigns/Spring/Own")

    def test_of_a_nested_stack_is_for_that_and_not_of_its_root(self, stack: Stack) -> None:
        nested = NestedStack(stack, "Spring")
        arguments.check_provider(AudienceExportProvider(nested, "Own"), place.of(nested))
        of_root = AudienceExportProvider(stack, "OfRoot")
        found = refused(lambda: arguments.check_provider(of_root, place.of(nested)))
        assert found == ("provider", "must be in the export's own stack, Campaigns/Spring", "Campaigns/OfRoot")


def test_a_parameter_of_the_template_is_a_token_for_every_check_that_takes_one(stack: Stack) -> None:
    """As an app makes one."""
    text = CfnParameter(stack, "Text").value_as_string
    number = CfnParameter(stack, "Number", type="Number").value_as_number
    arguments.check_text("name", "name", text)
    arguments.check_own_job(text, place.of(stack))
    arguments.check_minimum_relevance(number)
    arguments.check_revision(text, None)
