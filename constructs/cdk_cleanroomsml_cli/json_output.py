"""The results as JSON, for machines. The members are described in docs/command-line.md; more may be added."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cdk_cleanroomsml_cli import ledger
from cdk_cleanroomsml_cli.checking import Checked, JobUse, Report
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_cli.ledger_reading import Ledger
from cdk_cleanroomsml_cli.progress import Row
from cdk_cleanroomsml_cli.rendering import moment
from cdk_cleanroomsml_cli.start_check import Outcome
from cdk_cleanroomsml_cli.watching import Snapshot
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT


def of_report(report: Report) -> dict[str, Any]:
    """Return what `check` found."""
    return {
        "exports": [_checked(one) for one in report.exports],
        "generationJobs": [_use(one) for one in report.jobs],
        "regions": [
            {
                "region": region,
                "running": None if isinstance(running, Unread) else running,
                "limit": RUNNING_OF_ACCOUNT,
                "free": report.free_slots[region],
            }
            for region, running in report.running.items()
        ],
        "summary": {outcome.value: report.count(outcome) for outcome in Outcome},
    }


def of_ledger(found: Ledger) -> dict[str, Any]:
    """Return what `exports` found."""
    return {
        "generationJobs": [
            {
                "audienceGenerationJobArn": job.job,
                "alive": job.alive,
                "left": job.left,
                "exports": [_entry(one, is_certain=not found.unread) for one in job.entries],
            }
            for job in found.jobs
        ],
        "unread": [_unread(one) for one in found.unread],
    }


def of_row(row: Row, snapshot: Snapshot) -> dict[str, Any]:
    """Return a change of an export that `watch` has seen."""
    return {
        "at": moment(snapshot.at),
        "stack": row.stack,
        "stackStatus": snapshot.statuses[row.stack],
        "construct": row.construct_path,
        "export": row.export,
        "status": row.status,
        "reason": row.reason,
        "ageSeconds": _seconds(row.age),
        "endsInSeconds": _seconds(row.estimate),
        "givesUpInSeconds": _seconds(row.left),
    }


def of_stack(name: str, snapshot: Snapshot) -> dict[str, Any]:
    """Return a change of a stack's status that `watch` has seen."""
    return {"at": moment(snapshot.at), "stack": name, "stackStatus": snapshot.statuses[name]}


def _checked(checked: Checked) -> dict[str, Any]:
    declared, verdict = checked.declared, checked.verdict
    size = declared.properties.get("AudienceSize")
    return {
        "stack": declared.stack,
        "construct": declared.construct_path,
        "logicalId": declared.logical_id,
        "nestedIn": list(declared.nesting),
        "audienceGenerationJobArn": declared.job,
        "audienceSize": f"{size.get('Type')} {size.get('Value')}" if isinstance(size, dict) else None,
        "name": verdict.name,
        "outcome": verdict.outcome.value,
        "cause": verdict.cause,
        "reason": verdict.reason,
        "relevanceScore": verdict.score,
        "notes": list(verdict.notes),
    }


def _use(use: JobUse) -> dict[str, Any]:
    return {
        "audienceGenerationJobArn": use.job,
        "alive": use.alive,
        "wouldStart": use.starts,
        "left": use.left,
        "limit": ACTIVE_OF_JOB,
    }


def _entry(entry: ledger.Entry, *, is_certain: bool) -> dict[str, Any]:
    export, owner = entry.export, entry.owner
    is_free = owner is None and is_certain and not export.has_failed
    return {
        "name": export.name,
        "audienceSize": str(export.size),
        "status": export.status,
        "created": moment(export.created),
        "stack": owner.stack if owner else None,
        "construct": owner.construct_path if owner else None,
        "ownerIsKnown": owner is not None or is_certain,
        "adoptWith": ledger.adopting_code(export.name) if is_free else None,
    }


def _unread(unread: Unread) -> dict[str, str]:
    return {"operation": unread.operation, "code": unread.code, "message": unread.message}


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else int(time.total_seconds())
