"""What a deployment would do with each declared export: start it, find it, or fail. Pure: values in, verdict out.

The rules are those of the handler (docs/decision-table.md); `tests/cli/test_verdict.py` compares both. What cannot be
known leaves more than one possibility. If all of them have the same outcome, that is the verdict. Otherwise it is
unknown, with the reason why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from itertools import product

from cdk_cleanroomsml_cli.declared import Declared, decode, is_held, is_later
from cdk_cleanroomsml_cli.facts import DeployedResource, GenerationJob, ListedExport, Unread
from cdk_cleanroomsml_cli.start_check import Facts, Outcome, Verdict, refusal
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.export_properties import BrokenRule, ExportProperties
from cdk_cleanroomsml_contract.on_conflict import OnConflict
from cdk_cleanroomsml_contract.scope import broken_scope_rule

# References to the provider, which stay the same for a deployed resource.
_OF_PROVIDER = ("ServiceToken", "StateMachineArn")
_IDENTIFYING = ("AudienceGenerationJobArn", "AudienceSize", "Name", "Revision", "StackPath")
_FAR = datetime.max.replace(tzinfo=timezone.utc)


def judge(declared: Declared, facts: Facts) -> Verdict:
    """Return what a deployment would do with an export."""
    try:
        wanted = decode(declared)
    except BrokenRule as broken:
        return Verdict(Outcome.FAILS, "invalid-property", f"{broken.argument} {broken.rule}; got {broken.value!r}")
    early = _scope(declared) or _identity_unknown(declared)
    if early:
        return early
    base = identity.export_name(declared.properties, stack_id=declared.stack_id, logical_id=declared.logical_id)
    verdict = _unchanged(declared, facts, base) or _by_possibilities(declared, wanted, facts, base)
    return _with_notes(_if_relevant(verdict, declared), declared, wanted, facts)


def assume(verdict: Verdict, declared: Declared, listing: tuple[ListedExport, ...]) -> tuple[ListedExport, ...]:
    """Return the listing with the export that would start, for the exports that come after it."""
    if verdict.outcome is not Outcome.STARTS or verdict.name is None or declared.job is None:
        return listing
    size = decode(declared).audience_size
    return (*listing, ListedExport(verdict.name, declared.job, size, "CREATE_PENDING", _FAR, _FAR))


def _scope(declared: Declared) -> Verdict | None:
    if declared.job is None:
        return None
    rule = broken_scope_rule(
        declared.job, partition=declared.partition, region=declared.region, account=declared.account
    )
    return Verdict(Outcome.FAILS, "other-scope", f"AudienceGenerationJobArn {rule}") if rule else None


def _identity_unknown(declared: Declared) -> Verdict | None:
    later = [name for name in _IDENTIFYING if is_later(declared.properties.get(name))]
    if declared.stack is None:
        return Verdict(Outcome.UNKNOWN, "stack-name", "the name of the stack is not known; set --stack-name")
    if not later:
        return None
    verb = "is" if len(later) == 1 else "are"
    return Verdict(Outcome.UNKNOWN, "known-at-deployment", f"{' and '.join(later)} {verb} known only at deployment")


def _unchanged(declared: Declared, facts: Facts, base: str) -> Verdict | None:
    """CloudFormation requests nothing for a resource whose properties stay the same."""
    deployed = facts.deployed
    if not isinstance(deployed, DeployedResource) or deployed.status.endswith("_FAILED"):
        return None
    if deployed.properties != declared.raw or not is_held(declared, deployed):
        return None
    if any(is_later(value) for name, value in declared.properties.items() if name not in _OF_PROVIDER):
        return None
    listing = () if isinstance(facts.listing, Unread) else facts.listing
    found = _listed_name(base, listing) if "Name" not in declared.properties else base
    return Verdict(Outcome.EXISTS, "unchanged", "deployed and unchanged, so nothing is requested", found)


def _by_possibilities(declared: Declared, wanted: ExportProperties, facts: Facts, base: str) -> Verdict:
    if isinstance(facts.listing, Unread):
        return Verdict(Outcome.UNKNOWN, "unread", f"the exports could not be listed ({facts.listing})", base)
    held = is_held(declared, facts.deployed)
    adopts = None if is_later(declared.properties.get("OnConflict")) else wanted.on_conflict is OnConflict.ADOPT
    possible = [
        _start_checked(_by_listing(wanted, base, facts.listing, is_held=one, adopts=other), wanted, facts)
        for one, other in product(_each(held), _each(adopts))
    ]
    if len({(one.outcome, one.name) for one in possible}) == 1:
        return possible[0]
    if held is None:
        return Verdict(Outcome.UNKNOWN, "unread", f"the deployed stack could not be read ({facts.deployed})", base)
    return Verdict(Outcome.UNKNOWN, "known-at-deployment", "OnConflict is known only at deployment", base)


def _each(value: bool | None) -> tuple[bool, ...]:
    return (True, False) if value is None else (value,)


def _by_listing(
    wanted: ExportProperties, base: str, listing: tuple[ListedExport, ...], *, is_held: bool, adopts: bool
) -> Verdict:
    """Decide as the handler does for a request whose stack is creating or updating."""
    name = _name_to_use(wanted, base, listing, is_held=is_held)
    named = [one for one in listing if one.name == name]
    alive = [one for one in named if not one.has_failed]
    if any(one.size == wanted.audience_size for one in alive) and (wanted.name is None or is_held or adopts):
        status = next(one.status for one in alive if one.size == wanted.audience_size)
        return Verdict(Outcome.EXISTS, "exists", _existing(wanted, status, is_held=is_held), name)
    if alive:
        held_by = f"the name is held by an export of size {alive[0].size}, status {alive[0].status}"
        return Verdict(Outcome.FAILS, "name-taken", held_by, name)
    if is_held:
        if any(one.size == wanted.audience_size for one in named):
            reason = "the resource holds an export that ended in CREATE_FAILED, and an update does not start another"
            return Verdict(Outcome.FAILS, "held-failed", reason, name)
        return Verdict(Outcome.FAILS, "held-missing", "the resource holds an export that is no longer listed", name)
    return Verdict(Outcome.STARTS, "new", "no export has this name", name)


def _existing(wanted: ExportProperties, status: str, *, is_held: bool) -> str:
    if status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        return f"it is {status}; the deployment waits for it"
    how = "the resource holds it" if is_held else "found by its generated name" if wanted.name is None else "adopted"
    return f"{how}, status {status}"


def _name_to_use(wanted: ExportProperties, base: str, listing: Iterable[ListedExport], *, is_held: bool) -> str:
    if wanted.name is not None:
        return wanted.name
    if is_held:
        return _listed_name(base, [one for one in listing if one.size == wanted.audience_size])
    failed = {one.name for one in listing if one.has_failed}
    alive = {one.name for one in listing if not one.has_failed}
    return next(name for name in identity.ordinals(base) if name in alive or name not in failed)


def _listed_name(base: str, listing: Iterable[ListedExport]) -> str:
    """The first name of a generated one that is listed, alive ones first."""
    alive = {one.name for one in listing if not one.has_failed}
    listed = {one.name for one in listing}
    names = identity.ordinals(base)
    return next((name for kind in (alive, listed) for name in names if name in kind), base)


def _start_checked(verdict: Verdict, wanted: ExportProperties, facts: Facts) -> Verdict:
    """A start, if the generation job and its quota allow it."""
    if verdict.outcome is not Outcome.STARTS:
        return verdict
    return replace(refusal(wanted, facts) or verdict, name=verdict.name)


def _if_relevant(verdict: Verdict, declared: Declared) -> Verdict:
    """The verdict, unless it is a start that a relevance which only the deployment knows may refuse."""
    if verdict.outcome is not Outcome.STARTS or not is_later(declared.properties.get("MinimumRelevance")):
        return verdict
    reason = "MinimumRelevance is known only at deployment"
    return replace(verdict, outcome=Outcome.UNKNOWN, cause="known-at-deployment", reason=reason)


def _with_notes(verdict: Verdict, declared: Declared, wanted: ExportProperties, facts: Facts) -> Verdict:
    notes = []
    if declared.is_conditional:
        notes.append("the resource has a condition, so it may not be deployed")
    if verdict.outcome is Outcome.STARTS:
        listing = () if isinstance(facts.listing, Unread) else facts.listing
        if any(one.name == verdict.name for one in listing):
            notes.append("an export of this name has failed; the service may refuse to use the name again")
        if isinstance(facts.job, GenerationJob) and facts.job.is_being_created:
            notes.append(f"the generation job is {facts.job.status}; the deployment waits until it is ACTIVE")
        if any(one.name == verdict.name for one in facts.other_jobs):
            notes.append("another generation job has an export of this name; the service may refuse it")
    score = facts.job.measured.get(wanted.audience_size) if isinstance(facts.job, GenerationJob) else None
    return replace(verdict, score=score, notes=tuple(notes))
