"""What a deployment would do: a table, and that it is what the handler would decide."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from audience_export_handler.core.decision import decide
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.request import read_request
from audience_export_handler.core.situation import Announce, Decision, Fail
from cdk_cleanroomsml_cli.declared import Declared
from cdk_cleanroomsml_cli.facts import DeployedResource, GenerationJob, ListedExport, Unread
from cdk_cleanroomsml_cli.start_check import Facts, Outcome, Verdict
from cdk_cleanroomsml_cli.templates import LATER
from cdk_cleanroomsml_cli.verdict import assume, judge
from cdk_cleanroomsml_contract import identity
from tests.builders.arns import ACCOUNT, JOB, OTHER_JOB, STACK_ID
from tests.builders.events import event
from tests.builders.exports import AT, TEN, TWENTY, declared, generated_name, listed
from tests.builders.requests import situation

ACTIVE_JOB = GenerationJob("ACTIVE", (TEN, TWENTY), {TEN: 0.8}, ACCOUNT)
DENIED = Unread("GetAudienceGenerationJob", "AccessDeniedException")
GENERATED = generated_name()


def held(one: Declared, **changes: Any) -> DeployedResource:
    physical_id = identity.physical_id(one.properties, stack_id=STACK_ID, logical_id="Export")
    return replace(DeployedResource(physical_id, "CREATE_COMPLETE"), **changes)


def facts(*exports: ListedExport, **changes: Any) -> Facts:
    return replace(Facts(ACTIVE_JOB, exports), **changes)


GIVEN, ADOPTING = declared(Name="mine"), declared(Name="mine", OnConflict="ADOPT")
FULL = tuple(listed(f"one-{number}") for number in range(25))
TABLE: dict[str, tuple[Declared, Facts, str, str, str | None]] = {
    "nothing listed": (declared(), facts(), "starts", "new", GENERATED),
    "its own, ACTIVE": (declared(), facts(listed(GENERATED)), "exists", "exists", GENERATED),
    "its own, pending": (declared(), facts(listed(GENERATED, "CREATE_PENDING")), "exists", "exists", GENERATED),
    "its own, failed": (declared(), facts(listed(GENERATED, "CREATE_FAILED")), "starts", "new", f"{GENERATED}-2"),
    "its own name, other size": (declared(), facts(listed(GENERATED, size=TWENTY)), "fails", "name-taken", GENERATED),
    "given and free": (GIVEN, facts(), "starts", "new", "mine"),
    "given and taken": (GIVEN, facts(listed("mine")), "fails", "name-taken", "mine"),
    "given and held": (GIVEN, facts(listed("mine"), deployed=held(GIVEN)), "exists", "exists", "mine"),
    "given, and its creation failed": (
        GIVEN,
        facts(listed("mine"), deployed=held(GIVEN, status="CREATE_FAILED")),
        "fails",
        "name-taken",
        "mine",
    ),
    "given, and the stack is not readable": (
        GIVEN,
        facts(listed("mine"), deployed=Unread("DescribeStacks", "AccessDenied")),
        "unknown",
        "unread",
        "mine",
    ),
    "not listed, and the stack is not readable": (
        declared(),
        facts(deployed=Unread("DescribeStacks", "AccessDenied")),
        "unknown",
        "unread",
        GENERATED,
    ),
    "listed, and the stack is not readable": (
        declared(),
        facts(listed(GENERATED), deployed=Unread("DescribeStacks", "AccessDenied")),
        "exists",
        "exists",
        GENERATED,
    ),
    "adopted": (ADOPTING, facts(listed("mine")), "exists", "exists", "mine"),
    "adopted, other size": (ADOPTING, facts(listed("mine", size=TWENTY)), "fails", "name-taken", "mine"),
    "held and failed": (
        declared(),
        facts(listed(GENERATED, "CREATE_FAILED"), deployed=held(declared())),
        "fails",
        "held-failed",
        GENERATED,
    ),
    "held and gone": (declared(), facts(deployed=held(declared())), "fails", "held-missing", GENERATED),
    "another one is held": (declared(), facts(deployed=held(GIVEN)), "starts", "new", GENERATED),
    "unchanged, and its export has failed": (
        declared(),
        facts(listed(GENERATED, "CREATE_FAILED"), deployed=held(declared(), properties={})),
        "exists",
        "unchanged",
        GENERATED,
    ),
    "unchanged but for a token, and its export has failed": (
        declared(Description=LATER),
        facts(listed(GENERATED, "CREATE_FAILED"), deployed=held(declared(), properties={})),
        "fails",
        "held-failed",
        GENERATED,
    ),
    "unchanged after a failed update": (
        declared(),
        facts(deployed=held(declared(), properties={}, status="UPDATE_FAILED")),
        "fails",
        "held-missing",
        GENERATED,
    ),
    "the job does not exist": (declared(), facts(job=GenerationJob("")), "fails", "job-missing", GENERATED),
    "the job is still being created": (
        declared(),
        facts(job=replace(ACTIVE_JOB, status="CREATE_IN_PROGRESS")),
        "starts",
        "new",
        GENERATED,
    ),
    "relevant enough": (declared(MinimumRelevance="0.8"), facts(), "starts", "new", GENERATED),
    "not relevant enough": (declared(MinimumRelevance="0.81"), facts(), "fails", "relevance-too-low", GENERATED),
    "a required score that is not shared": (
        declared(MinimumRelevance="0.1"),
        facts(job=replace(ACTIVE_JOB, measured={})),
        "fails",
        "relevance-unknown",
        GENERATED,
    ),
    "a required score of a job that is still being created": (
        declared(MinimumRelevance="0.1"),
        facts(job=replace(ACTIVE_JOB, status="CREATE_PENDING", measured={})),
        "unknown",
        "relevance-unknown",
        GENERATED,
    ),
    "a required score, and its own export exists": (
        declared(MinimumRelevance="0.9"),
        facts(listed(GENERATED)),
        "exists",
        "exists",
        GENERATED,
    ),
    "the job has failed": (
        declared(),
        facts(job=GenerationJob("CREATE_FAILED")),
        "fails",
        "job-not-active",
        GENERATED,
    ),
    "the job is deleted, the export exists": (
        declared(),
        facts(listed(GENERATED), job=GenerationJob("")),
        "exists",
        "exists",
        GENERATED,
    ),
    "the job cannot be read": (declared(), facts(job=DENIED), "unknown", "unread", GENERATED),
    "the exports cannot be listed": (declared(), facts(listing=DENIED), "unknown", "unread", GENERATED),
    "a size that is not offered": (declared(percent=7), facts(), "fails", "size-not-offered", None),
    "sizes denied, but measured": (declared(), facts(job=replace(ACTIVE_JOB, offered=DENIED)), "starts", "new", None),
    "sizes denied, and not measured": (
        declared(),
        facts(job=replace(ACTIVE_JOB, offered=DENIED, measured={})),
        "unknown",
        "sizes-unknown",
        None,
    ),
    "no sizes at all": (
        declared(),
        facts(job=replace(ACTIVE_JOB, offered=(), measured={})),
        "unknown",
        "sizes-unknown",
        None,
    ),
    "the job is used up": (declared(), facts(*FULL), "fails", "quota", GENERATED),
    "the job is used up, the export exists": (declared(), facts(*FULL, listed(GENERATED)), "exists", "exists", None),
    "the job has one left": (declared(), facts(*FULL[1:]), "starts", "new", GENERATED),
    "failed ones do not count": (declared(), facts(*FULL[1:], listed("x", "CREATE_FAILED")), "starts", "new", None),
    "the job is a token": (declared(job=LATER), facts(), "unknown", "known-at-deployment", None),
    "the size is a token": (declared(percent=LATER), facts(), "unknown", "known-at-deployment", None),
    "the description is a token": (declared(Description=LATER), facts(), "starts", "new", None),
    "the description is a token, the size is wrong": (
        declared(Description=LATER, percent=101),
        facts(),
        "fails",
        "invalid-property",
        None,
    ),
    "what to do on conflict is a token, and none is": (
        declared(Name="mine", OnConflict=LATER),
        facts(),
        "starts",
        "new",
        "mine",
    ),
    "what to do on conflict is a token, and one is": (
        declared(Name="mine", OnConflict=LATER),
        facts(listed("mine")),
        "unknown",
        "known-at-deployment",
        "mine",
    ),
    "the least relevance is a token": (
        declared(MinimumRelevance=LATER),
        facts(),
        "unknown",
        "known-at-deployment",
        GENERATED,
    ),
    "the least relevance is a token, and the job shows no score": (
        declared(MinimumRelevance=LATER),
        facts(job=replace(ACTIVE_JOB, measured={})),
        "fails",
        "relevance-unknown",
        GENERATED,
    ),
    "the least relevance is a token, and the export exists": (
        declared(MinimumRelevance=LATER),
        facts(listed(GENERATED)),
        "exists",
        "exists",
        GENERATED,
    ),
    "another account's job": (
        declared(job=JOB.replace(ACCOUNT, "444455556666")),
        facts(),
        "fails",
        "other-scope",
        None,
    ),
    "a broken rule": (declared(Name="x" * 64), facts(), "fails", "invalid-property", None),
    "a stack without a name": (replace(declared(), stack=None), facts(), "unknown", "stack-name", None),
    "a given name in it": (replace(GIVEN, stack=None), facts(listed("mine")), "unknown", "stack-name", None),
    "a broken rule in it": (replace(declared(Name=""), stack=None), facts(), "fails", "invalid-property", None),
}


@pytest.mark.parametrize(("one", "given", "outcome", "cause", "name"), TABLE.values(), ids=list(TABLE))
def test_the_table(one: Declared, given: Facts, outcome: str, cause: str, name: str | None) -> None:
    verdict = judge(one, given)
    assert (verdict.outcome.value, verdict.cause) == (outcome, cause), verdict.reason
    if name is not None:
        assert verdict.name == name


def test_what_is_unknown_says_what_was_denied() -> None:
    verdict = judge(declared(), facts(job=DENIED))
    assert verdict.reason == "the generation job could not be read (GetAudienceGenerationJob: AccessDeniedException)"
    verdict = judge(
        declared(), facts(job=replace(ACTIVE_JOB, offered=DENIED, measured={}, model_account="444455556666"))
    )
    assert "AccessDeniedException" in verdict.reason
    assert "ask account 444455556666" in verdict.reason


def test_a_failure_says_why() -> None:
    assert "PERCENTAGE 10, 20" in judge(declared(percent=7), facts()).reason
    assert "size PERCENTAGE 20, status ACTIVE" in judge(GIVEN, facts(listed("mine", size=TWENTY))).reason
    assert "Name must be 1 to 63 characters long" in judge(declared(Name="x" * 64), facts()).reason


def test_the_relevance_score_is_the_one_of_the_size() -> None:
    assert judge(declared(), facts()).score == 0.8
    assert judge(declared(percent=20), facts()).score is None


def test_notes_warn_of_what_the_service_does_not_document() -> None:
    [note] = judge(GIVEN, facts(listed("mine", "CREATE_FAILED"))).notes
    assert "has failed" in note
    [note] = judge(GIVEN, facts(other_jobs=(listed("mine", job=OTHER_JOB),))).notes
    assert "another generation job" in note
    [note] = judge(replace(GIVEN, is_conditional=True), facts()).notes
    assert "condition" in note


def test_all_that_only_the_deployment_knows_is_named() -> None:
    verdict = judge(declared(Name=LATER), facts())
    assert verdict.reason == "Name is known only at deployment"
    verdict = judge(declared(job=LATER, percent=LATER, Revision=LATER, StackPath=LATER), facts())
    names = "AudienceGenerationJobArn and AudienceSize and Revision and StackPath"
    assert verdict.reason == f"{names} are known only at deployment"


class TestAssume:
    """An export that would start is listed for those after it, as the service would list it."""

    def test_one_that_starts_is_pending(self) -> None:
        before = (listed("earlier"),)
        earlier, mine = assume(judge(GIVEN, facts(*before)), GIVEN, before)
        assert (earlier.name, mine.name) == ("earlier", "mine")
        assert (mine.job, mine.size, mine.status) == (JOB, TEN, "CREATE_PENDING")
        assert mine.created == mine.updated > AT

    @pytest.mark.parametrize("outcome", [Outcome.EXISTS, Outcome.FAILS, Outcome.UNKNOWN])
    def test_one_that_does_not_start_is_not_listed(self, outcome: Outcome) -> None:
        assert assume(Verdict(outcome, "cause", "reason", "mine"), GIVEN, ()) == ()

    def test_one_without_a_name_or_a_job_cannot_be_listed(self) -> None:
        assert assume(Verdict(Outcome.STARTS, "new", "reason"), GIVEN, ()) == ()
        assert assume(Verdict(Outcome.STARTS, "new", "reason", "mine"), declared(job=LATER), ()) == ()


# Every listing of up to two exports of these, for every kind of request.
_NAMES = (GENERATED, f"{GENERATED}-2", "mine")
_EXPORTS = [
    listed(*one) for one in itertools.product(_NAMES, ("ACTIVE", "CREATE_PENDING", "CREATE_FAILED"), (TEN, TWENTY))
]
_LISTINGS = [(), *((one,) for one in _EXPORTS), *itertools.permutations(_EXPORTS, 2)]


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "not held"])
@pytest.mark.parametrize("one", [declared(), GIVEN, ADOPTING], ids=["generated", "given", "adopted"])
def test_it_is_what_the_handler_decides(one: Declared, is_held: bool) -> None:
    assert len(_LISTINGS) > 300
    deployed = held(one) if is_held else None
    for listing in _LISTINGS:
        verdict = judge(one, facts(*listing, deployed=deployed))
        assert in_words(verdict) == of_handler(one, listing, deployed), listing


def in_words(verdict: Verdict) -> tuple[str, str | None]:
    name = verdict.name if verdict.outcome is Outcome.STARTS else None
    return verdict.outcome.value, name


def of_handler(
    one: Declared, listing: tuple[ListedExport, ...], deployed: DeployedResource | None
) -> tuple[str, str | None]:
    """What the handler decides for a request in a stack that is known to be updating."""
    sent = {**one.properties, "StateMachineArn": "arn", "ServiceToken": "arn"}
    kind = {"PhysicalResourceId": deployed.physical_id} if deployed else {}
    kind |= {"LogicalResourceId": "Export"}
    request = read_request(event("Update" if deployed else "Create", ResourceProperties=sent, **kind))
    exports = [
        ExportJob(export.name, JOB, export.size, export.status, AT, AT, output_location="s3://b/k/")
        for export in listing
    ]
    decision: Decision = decide(situation(request, *exports, after=61))
    if isinstance(decision, Announce):
        return "starts", decision.name
    return ("fails" if isinstance(decision, Fail) else "exists"), None


def test_a_job_that_is_waited_for_is_noted() -> None:
    verdict = judge(declared(), facts(job=replace(ACTIVE_JOB, status="CREATE_PENDING")))
    assert verdict.notes == ("the generation job is CREATE_PENDING; the deployment waits until it is ACTIVE",)
