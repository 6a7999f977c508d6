"""Whether the service would accept a start: a wrong answer lets a deployment fail, or stops one that would succeed."""

from dataclasses import replace
from typing import Any

import pytest

from cdk_cleanroomsml_cli.declared import decode
from cdk_cleanroomsml_cli.facts import GenerationJob, Unread
from cdk_cleanroomsml_cli.start_check import Facts, Outcome, Verdict, refusal
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from tests.builders.exports import TEN, TWENTY, declared, listed

JOB = GenerationJob("ACTIVE", (TEN, TWENTY), {TEN: 0.8})
DENIED = Unread("GetConfiguredAudienceModel", "AccessDeniedException")


def refused(job: GenerationJob | Unread = JOB, *listing: Any, **properties: Any) -> Verdict | None:
    return refusal(decode(declared(**properties)), Facts(job, listing))


def fails(cause: str, reason: str) -> Verdict:
    return Verdict(Outcome.FAILS, cause, reason)


def unknown(cause: str, reason: str) -> Verdict:
    return Verdict(Outcome.UNKNOWN, cause, reason)


def test_an_active_job_that_offers_the_size_accepts_a_start() -> None:
    assert refused() is None


class TestQuota:
    full = tuple(listed(f"one-{number}") for number in range(25))

    def test_a_job_with_25_exports_accepts_no_more(self) -> None:
        reason = "the generation job has its 25 exports, with those before this one"
        assert refused(JOB, *self.full) == fails("quota", reason)
        assert refused(DENIED, *self.full) == fails("quota", reason), "even if the job cannot be read"

    def test_a_job_with_24_accepts_one(self) -> None:
        assert refused(JOB, *self.full[1:]) is None

    def test_failed_exports_do_not_count(self) -> None:
        assert refused(JOB, *self.full[1:], listed("failed", "CREATE_FAILED")) is None

    def test_what_cannot_be_listed_refuses_nothing(self) -> None:
        assert refusal(decode(declared()), Facts(JOB, DENIED)) is None


class TestJob:
    def test_one_that_cannot_be_read_is_unknown(self) -> None:
        read = Unread("GetAudienceGenerationJob", "AccessDeniedException")
        reason = "the generation job could not be read (GetAudienceGenerationJob: AccessDeniedException)"
        assert refused(read) == unknown("unread", reason)

    def test_one_that_does_not_exist_fails(self) -> None:
        assert refused(GenerationJob("")) == fails("job-missing", "the generation job does not exist")

    def test_one_that_is_not_active_fails(self) -> None:
        reason = "the generation job is DELETE_PENDING, not ACTIVE"
        assert refused(replace(JOB, status="DELETE_PENDING")) == fails("job-not-active", reason)

    @pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
    def test_one_that_is_being_created_is_waited_for(self, status: str) -> None:
        assert refused(replace(JOB, status=status)) is None


class TestSize:
    def test_one_that_is_not_offered_fails_and_the_offered_ones_are_in_order(self) -> None:
        sizes = (TWENTY, AudienceSize("ABSOLUTE", 500), TEN)
        reason = "PERCENTAGE 7 is not offered, but ABSOLUTE 500; PERCENTAGE 10, 20"
        assert refused(replace(JOB, offered=sizes), percent=7) == fails("size-not-offered", reason)

    def test_the_value_of_another_type_is_another_size(self) -> None:
        verdict = refused(replace(JOB, offered=(AudienceSize("ABSOLUTE", 10),)))
        assert verdict == fails("size-not-offered", "PERCENTAGE 10 is not offered, but ABSOLUTE 10")

    @pytest.mark.parametrize("offered", [(), DENIED], ids=["none", "denied"])
    def test_one_that_was_measured_is_offered(self, offered: Any) -> None:
        assert refused(replace(JOB, offered=offered)) is None

    def test_one_that_was_measured_may_still_be_offered_no_more(self) -> None:
        verdict = refused(replace(JOB, offered=(TWENTY,)))
        assert verdict == fails("size-not-offered", "PERCENTAGE 10 is not offered, but PERCENTAGE 20")

    def test_one_of_a_model_that_lists_none_is_unknown(self) -> None:
        reason = "whether PERCENTAGE 20 is offered could not be read (the model lists none)"
        assert refused(replace(JOB, offered=()), percent=20) == unknown("sizes-unknown", reason)

    def test_one_of_a_model_that_cannot_be_read_is_unknown_and_its_owner_is_named(self) -> None:
        verdict = refused(replace(JOB, offered=DENIED, model_account="444455556666"), percent=20)
        why = "(GetConfiguredAudienceModel: AccessDeniedException); ask account 444455556666"
        assert verdict == unknown("sizes-unknown", f"whether PERCENTAGE 20 is offered could not be read {why}")

    def test_a_wrong_size_is_named_before_a_missing_score(self) -> None:
        verdict = refused(percent=7, MinimumRelevance="0.5")
        assert verdict is not None
        assert verdict.cause == "size-not-offered"


class TestRelevance:
    def test_a_score_that_is_high_enough_is_accepted(self) -> None:
        assert refused(MinimumRelevance="0.8") is None

    def test_a_score_that_is_too_low_fails(self) -> None:
        reason = "the relevance is 0.8, and minimum_relevance is 0.81"
        assert refused(MinimumRelevance="0.81") == fails("relevance-too-low", reason)

    def test_zero_is_a_minimum_too(self) -> None:
        reason = "minimum_relevance needs a score, and the job shows none"
        assert refused(percent=20, MinimumRelevance="0") == fails("relevance-unknown", reason)

    def test_a_score_of_zero_is_a_score(self) -> None:
        assert refused(replace(JOB, measured={TEN: 0.0}), MinimumRelevance="0") is None

    def test_a_size_that_was_measured_without_a_score_fails(self) -> None:
        reason = "minimum_relevance needs a score, and the job shows none"
        assert refused(replace(JOB, measured={TEN: None}), MinimumRelevance="0.1") == fails("relevance-unknown", reason)

    def test_a_job_that_is_being_created_has_its_scores_later(self) -> None:
        reason = "the generation job has its scores when it is ACTIVE"
        for measured in ({}, {TEN: 0.8}):
            job = replace(JOB, status="CREATE_IN_PROGRESS", measured=measured)
            assert refused(job, MinimumRelevance="0.1") == unknown("relevance-unknown", reason)

    def test_without_a_minimum_no_score_is_needed(self) -> None:
        assert refused(replace(JOB, measured={})) is None


def test_a_verdict_knows_nothing_that_it_was_not_given() -> None:
    verdict = Verdict(Outcome.STARTS, "new", "no export has this name")
    assert (verdict.name, verdict.score, verdict.notes) == (None, None, ())
    facts = Facts(JOB, ())
    assert (facts.deployed, facts.other_jobs) == (None, ())


def test_the_words_of_the_outcomes() -> None:
    assert [outcome.value for outcome in Outcome] == ["starts", "exists", "fails", "unknown"]
