"""Reads what `check` needs, once for each generation job, Region and stack, and judges every export with it.

The exports are judged in the order of the templates. One that would start counts for those after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cdk_cleanroomsml_cli import service, stacks, templates, verdict
from cdk_cleanroomsml_cli.assembly import SynthesisedStack
from cdk_cleanroomsml_cli.aws import Clients
from cdk_cleanroomsml_cli.declared import Declared
from cdk_cleanroomsml_cli.facts import DeployedResource, GenerationJob, ListedExport, Unread, same_job
from cdk_cleanroomsml_cli.start_check import Facts, Outcome, Verdict
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT

_NOT_NEEDED = Unread("ListAudienceExportJobs", "NotRead")
Deployed = dict[tuple[str, ...], DeployedResource] | Unread


@dataclass(frozen=True)
class Checked:
    """An export and its verdict."""

    declared: Declared
    verdict: Verdict


@dataclass(frozen=True)
class JobUse:
    """The exports of a generation job: how many are alive now, and how many would start. None: could not be listed."""

    job: str
    alive: int | None
    starts: int

    @property
    def left(self) -> int | None:
        """How many it can still have after the deployment."""
        return None if self.alive is None else max(0, ACTIVE_OF_JOB - self.alive - self.starts)


@dataclass(frozen=True)
class Report:
    """All that `check` found; `running` is the number of running exports by Region."""

    exports: list[Checked]
    jobs: list[JobUse]
    running: dict[str, int | Unread]

    def count(self, outcome: Outcome) -> int:
        """Return how many exports have an outcome."""
        return sum(one.verdict.outcome is outcome for one in self.exports)

    @property
    def free_slots(self) -> dict[str, int | None]:
        """How many more exports can run in the account now, by Region."""
        return {
            region: None if isinstance(running, Unread) else max(0, RUNNING_OF_ACCOUNT - running)
            for region, running in self.running.items()
        }


@dataclass
class Reader:
    """Reads each thing once.

    Attributes:
        account: the account of the credentials, and its partition; what could not be read is None.
    """

    clients: Clients
    account: str | None = None
    partition: str | None = None
    _jobs: dict[tuple[str, str], GenerationJob | Unread] = field(default_factory=dict)
    _listings: dict[tuple[str, str], tuple[ListedExport, ...] | Unread] = field(default_factory=dict)
    _accounts: dict[str, tuple[ListedExport, ...] | Unread] = field(default_factory=dict)
    _deployed: dict[tuple[str, str], Deployed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ask whose the credentials are."""
        read = stacks.read_account(self.clients.client("sts"))
        if not isinstance(read, Unread):
            self.account, self.partition = read

    def declared_in(self, stack: SynthesisedStack) -> Iterator[Declared]:
        """Yield the exports of a stack of an assembly."""
        region, account = stack.region or self.clients.region, stack.account or self.account
        scope = templates.Scope(stack.name, account, region, self.partition)
        for one in templates.exports_of(stack.template(), scope, stack.nested_template):
            yield Declared(
                stack.name,
                one.logical_id,
                one.construct_path,
                one.properties,
                one.raw,
                account,
                region,
                self.partition,
                one.nesting,
                one.is_conditional,
            )

    def judge(self, declared: Declared) -> Verdict:
        """Return the verdict for an export; a start counts from now on."""
        if self.account and declared.account != self.account:
            return self._of_another_account(declared)
        key = (str(declared.region), str(declared.job))
        found = verdict.judge(declared, self._facts(declared, key))
        listing = self._listings.get(key)
        if isinstance(listing, tuple):
            self._listings[key] = verdict.assume(found, declared, listing)
        return found

    def alive(self, region: str, job: str) -> int | None:
        """Return how many exports of a generation job are alive, with those that would start; None: unknown."""
        listing = self._listings.get((region, job), _NOT_NEEDED)
        return None if isinstance(listing, Unread) else sum(not one.has_failed for one in listing)

    def running(self, region: str) -> int | Unread:
        """Return how many exports of the account are running."""
        listed = self._of_account(region)
        return listed if isinstance(listed, Unread) else sum(one.is_running for one in listed)

    def _facts(self, declared: Declared, key: tuple[str, str]) -> Facts:
        region, job = key
        if declared.job is None:
            return Facts(_NOT_NEEDED, _NOT_NEEDED)
        client = self.clients.client("cleanroomsml", region)
        if key not in self._jobs:
            self._jobs[key] = service.read_job(client, job)
            self._listings[key] = service.list_exports(client, job)
        of_account = self._of_account(region)
        others = () if isinstance(of_account, Unread) else of_account
        return Facts(
            self._jobs[key],
            self._listings[key],
            self._deployed_resource(declared, region),
            tuple(one for one in others if not same_job(one.job, job)),
        )

    def _of_account(self, region: str) -> tuple[ListedExport, ...] | Unread:
        if region not in self._accounts:
            self._accounts[region] = service.list_exports(self.clients.client("cleanroomsml", region))
        return self._accounts[region]

    def _deployed_resource(self, declared: Declared, region: str) -> DeployedResource | Unread | None:
        if declared.stack is None:
            return None
        key = (region, declared.stack)
        if key not in self._deployed:
            self._deployed[key] = _deployed(self.clients.client("cloudformation", region), declared.stack)
        found = self._deployed[key]
        return found if isinstance(found, Unread) else found.get((*declared.nesting, declared.logical_id))

    def _of_another_account(self, declared: Declared) -> Verdict:
        """What needs no read is judged; the rest is unknown."""
        unread = Unread("GetCallerIdentity", "OtherAccount")
        found = verdict.judge(declared, Facts(unread, unread))
        if found.outcome is Outcome.FAILS or found.cause != "unread":
            return found
        reason = f"the stack is of account {declared.account}, the credentials are of account {self.account}"
        return Verdict(Outcome.UNKNOWN, "other-account", reason, found.name)


def check(synthesised: Iterable[SynthesisedStack], clients: Clients) -> Report:
    """Return what a deployment of these stacks would do."""
    reader = Reader(clients)
    declared = [one for stack in synthesised for one in reader.declared_in(stack)]
    exports = [Checked(one, reader.judge(one)) for one in declared]
    jobs = {(str(one.region), one.job): 0 for one in declared if one.job}
    for checked in exports:
        if checked.verdict.outcome is Outcome.STARTS and checked.declared.job:
            jobs[str(checked.declared.region), checked.declared.job] += 1
    uses = []
    for (region, job), starts in jobs.items():
        alive = reader.alive(region, job)
        uses.append(JobUse(job, None if alive is None else alive - starts, starts))
    regions = sorted({region for region, _ in jobs})
    return Report(exports, uses, {region: reader.running(region) for region in regions})


def _deployed(client: Any, name: str) -> Deployed:
    stack = stacks.read_stack(client, name)
    if isinstance(stack, Unread):
        return stack
    return {} if stack is None else stacks.deployed_exports(client, stack)
