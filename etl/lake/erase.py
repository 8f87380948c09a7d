"""Erase people from the lake's tables: found files are written again without them, in one publish.

Nothing changes before all successors are written and verified; then the publish is recorded and carried out
like any other, so a kill before the record leaves the lake as it was, and one after it is finished by the
next run. Readers of an older version keep its files until upkeep deletes them, past their retention.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl import __version__
from etl.errors import ConservationError
from etl.lake.anonymize import ROW_IDS, NewId, anonymize_rows, make_new_ids, replace_ids
from etl.lake.drafts import DraftFile
from etl.lake.find_people import FoundFile, app_of, find_in_file
from etl.lake.find_wanted import (
    RAW_COLUMNS,
    Findings,
    FoundTable,
    count_rows,
    find_wanted,
    make_searches,
    mark_file,
    mark_messages,
    mark_outcomes,
)
from etl.lake.plans import PublishPlan, RemovedFile
from etl.lake.publish import publish_drafts
from etl.lake.replace import PublishedFile, Replacement, name_successors, rewrite_rows
from etl.lake.tables import EVENTS, POSTBACKS, SETTLED_TABLES, Table, open_or_create
from etl.lake.wanted import Wanted
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, discard_drafts_of_run, register_drafts
from etl.ledger.locks import Fence, check_fence
from etl.stores import Store

Policy = Literal["rows", "identifiers"]
"""Whether a found event goes, or stays for totals without its person."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """Where people are erased, under which lock, by which run, when; `renew` gives rows that stay new ids."""

    lake: Store
    ledger: Ledger
    fence: Fence
    run_id: str
    now: datetime
    renew: NewId = field(default_factory=make_new_ids, repr=False)


@dataclass(frozen=True, slots=True)
class TableErasure:
    """What an erasure did to one table: `rows_after` = `rows_before` - `rows_gone`."""

    table: str
    files_read: int
    files_rewritten: int
    rows_before: int
    rows_gone: int
    rows_changed: int
    rows_after: int
    version_before: int
    version_after: int


@dataclass(frozen=True, slots=True)
class FoundRows:
    """A file that an erasure would write again: its table, its path in there, and the rows that it found."""

    table: str
    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class HeldErasure:
    """What an erasure did, or would do, to the held batches."""

    files_read: int = 0
    files_rewritten: int = 0
    rows_found: int = 0


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """An erasure in numbers; of a dry run, what would be, and in which `files`."""

    is_dry_run: bool
    policy: Policy
    wanted: int
    run_id: str | None
    tables: tuple[TableErasure, ...]
    held: HeldErasure = HeldErasure()
    files: tuple[FoundRows, ...] = ()


def plan_erasure(lake: Store, wanted: Wanted, policy: Policy) -> ErasureReport:
    """Say what an erasure would do, to how many rows in which tables; nothing is changed."""
    findings = find_wanted(lake, wanted).tables
    tables = tuple(_account(found, policy, found.version) for found in findings)
    files = tuple(
        FoundRows(found.table.name, each.file.path, each.found) for found in findings for each in found.found
    )
    return ErasureReport(True, policy, len(wanted), None, tables, files=files)


def erase_from_lake(erasing: Erasing, wanted: Wanted, policy: Policy) -> ErasureReport:
    """Erase people from events, quarantine and postbacks, under the publish lock.

    Raises LakeMovedOn when a writer that takes no lock of ours published meanwhile: erase again.
    ConservationError when a count or a look at what was written shows a mistake: nothing was published.
    """
    lake = erasing.lake
    versions = tuple((table.name, open_or_create(lake, table).version()) for table in SETTLED_TABLES)
    findings = find_wanted(lake, wanted)
    try:
        replacement = _rewrite_all(erasing, findings, wanted, policy)
        plan = PublishPlan(
            run_id=erasing.run_id,
            made_at=erasing.now,
            versions=versions,
            drafts=replacement.drafts,
            objects=(),
            removed=replacement.removed,
            evidence=_describe(erasing, findings, policy),
        )
        publish_drafts(lake, erasing.ledger, erasing.fence, plan)
    except ConservationError:
        discard_drafts_of_run(erasing.ledger, erasing.run_id)
        raise
    return ErasureReport(
        False,
        policy,
        len(wanted),
        erasing.run_id,
        tuple(_account_published(lake, found, policy) for found in findings.tables),
    )


def _rewrite_all(erasing: Erasing, findings: Findings, wanted: Wanted, policy: Policy) -> Replacement:
    stem = f"{erasing.run_id}-{secrets.token_hex(2)}"
    rewriter = _Rewriter(erasing.lake, wanted, policy, erasing.renew, findings.occurrences)
    removed: list[RemovedFile] = []
    drafts: list[DraftFile] = []
    for found in findings.tables:
        pairs = name_successors([each.file for each in found.found], stem)
        _register(erasing, found.table, [path for _, path in pairs])
        for each, (_, path) in zip(found.found, pairs, strict=True):
            check_fence(erasing.ledger, erasing.fence)
            successor = rewriter.rewrite(found.table, each, path)
            gone = each.found if _takes_rows(found.table, policy) else 0
            removed.append(
                RemovedFile(found.table.name, each.file.path, each.file.size, each.file.partition, gone)
            )
            drafts += [successor] if successor else []
    return Replacement(tuple(removed), tuple(drafts))


@dataclass(frozen=True, slots=True)
class _Rewriter:
    """Writes the successors of found files, and looks at each once it is written."""

    lake: Store
    wanted: Wanted
    policy: Policy
    renew: NewId
    occurrences: pa.Array

    def rewrite(self, table: Table, found: FoundFile, path: str) -> DraftFile | None:
        """Write a found file's successor; one of which no row stays has none."""
        takes_rows = _takes_rows(table, self.policy)
        stays = ~found.marks if takes_rows else np.ones(len(found.marks), bool)
        change = _keep if takes_rows else _Change(self, table, found)
        if not stays.any():
            return None
        draft = rewrite_rows(self.lake, table, found.file, path, stays, change)
        self._verify(table, draft, int(stays.sum()))
        return replace(draft, is_successor=True)

    def change_rows(
        self, table: Table, file: PublishedFile, rows: pa.Table, marks: npt.NDArray[np.bool_]
    ) -> pa.Table:
        """Take people out of the marked rows of a batch."""
        if table is EVENTS:
            search = make_searches(self.wanted)(app_of(file))
            return anonymize_rows(rows, marks, self.renew, search)
        for name in ROW_IDS:
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(
                place, rows.schema.field(place), replace_ids(rows[name], marks, self.renew)
            )
        return rows

    def _verify(self, table: Table, draft: DraftFile, rows: int) -> None:
        """Read a successor: it has the rows that stay, and holds nothing of what is wanted."""
        file = PublishedFile(draft.path, draft.size, draft.partition)
        marks = self._look_again(table, file).marks
        if len(marks) != rows or marks.any():
            raise ConservationError(
                f"The successor of a file of {table.name} does not hold what must stay and nothing else"
                f" ({len(marks):,} rows instead of {rows:,}, or a wanted id); nothing was published."
            )

    def _look_again(self, table: Table, file: PublishedFile) -> FoundFile:
        if table is EVENTS:
            return find_in_file(self.lake, file, self.wanted.for_app(app_of(file)))
        if table is POSTBACKS:
            return mark_file(self.lake, table, file, ["occurrence_id"], mark_outcomes(self.occurrences))
        return mark_file(self.lake, table, file, RAW_COLUMNS, mark_messages(self.wanted))


class _Change:
    """Changes the batches of one file in their order: each call takes the marks that come next."""

    def __init__(self, rewriter: _Rewriter, table: Table, found: FoundFile) -> None:
        self._rewriter, self._table, self._found, self._start = rewriter, table, found, 0

    def __call__(self, rows: pa.Table) -> pa.Table:
        marks = self._found.marks[self._start : self._start + rows.num_rows]
        self._start += rows.num_rows
        return self._rewriter.change_rows(self._table, self._found.file, rows, marks)


def _keep(rows: pa.Table) -> pa.Table:
    return rows


def _takes_rows(table: Table, policy: Policy) -> bool:
    """Tell whether found rows go.

    A quarantined message goes whole: it is text that holds the person. An outcome stays in both policies,
    under random ids: what was delivered must still add up with the plan and with Liftoff, and it tells of
    nobody.
    """
    return table is not POSTBACKS and (table is not EVENTS or policy == "rows")


def _register(erasing: Erasing, table: Table, paths: list[str]) -> None:
    drafts = [Draft(f"{table.name}/{path}", table.name, erasing.run_id, 0, erasing.now) for path in paths]
    register_drafts(erasing.ledger, drafts)


def _describe(erasing: Erasing, findings: Findings, policy: Policy) -> dict[str, Any]:
    """Say what an erasure does, for evidence: which rows of which versions, and how many stay."""
    names = ("table", "version_before", "files_read", "files_rewritten", "rows_before", "rows_gone")
    accounts = [_account(found, policy, found.version) for found in findings.tables]
    tables = [
        {name: getattr(each, name) for name in (*names, "rows_changed", "rows_after")} for each in accounts
    ]
    return {"run": erasing.run_id, "policy": policy, "pushlift": __version__, "tables": tables}


def _account(found: FoundTable, policy: Policy, version_after: int) -> TableErasure:
    rows = sum(each.found for each in found.found)
    gone = rows if _takes_rows(found.table, policy) else 0
    return TableErasure(
        table=found.table.name,
        files_read=found.files,
        files_rewritten=len(found.found),
        rows_before=found.rows,
        rows_gone=gone,
        rows_changed=rows - gone,
        rows_after=found.rows - gone,
        version_before=found.version,
        version_after=version_after,
    )


def _account_published(lake: Store, found: FoundTable, policy: Policy) -> TableErasure:
    """Account for a table as it is now; a wrong count is told, though readers see it already."""
    delta = open_or_create(lake, found.table)
    account = _account(found, policy, delta.version())
    counted = count_rows(delta)
    if counted != account.rows_after:
        raise ConservationError(
            f"After the erasure {found.table.name} has {counted:,} rows instead of {account.rows_after:,}."
        )
    return account
