"""A sweep's record for the evidence: numbers, and the tables' versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from etl import __version__
from etl.jobs.sweep.erasing import ErasingReport
from etl.jobs.sweep.ground import Ground
from etl.jobs.sweep.receiving import ListReport
from etl.jobs.sweep.submitting import SubmissionReport
from etl.lake.tables import TABLES, find_table
from etl.ledger.evidence import note
from etl.ledger.opt_outs import count_requests

_ERASED: Final = ("requests", "linked", "held", "exported", "postbacks")


def note_sweep(
    ground: Ground, lists: Sequence[ListReport], erasing: ErasingReport, submission: SubmissionReport
) -> None:
    """Note what a sweep took in, erased where and heard, and how all requests stand; nothing of a dry run."""
    if ground.is_dry_run:
        return
    tables = {table.name: find_table(ground.lake, table) for table in TABLES}
    facts = {
        "pushlift": __version__,
        "lists": [_count_list(each) for each in lists],
        "erased": {name: getattr(erasing, name) for name in _ERASED},
        "pulled": asdict(erasing.pulled),
        "tables": [asdict(each) for each in erasing.tables],
        "submission": {
            "outcomes": dict(submission.outcomes),
            "codes": dict(submission.codes),
            "stopped": submission.stopped,
        },
        "requests": count_requests(ground.ledger),
        "versions": {name: delta.version() for name, delta in tables.items() if delta is not None},
    }
    note(ground.ledger, "sweep", facts)


def _count_list(each: ListReport) -> dict[str, object]:
    """Count a list's ids; its name is the consent tool's and stays out."""
    return {
        "list": each.list_id,
        "accepted": each.accepted,
        "duplicates": each.duplicates,
        "waiting": each.waiting,
        "rejected": sum(each.rejected.values()),
        "is_known": each.is_known,
        "refusal": each.refusal,
    }
