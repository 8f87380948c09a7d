"""Settle a run: decide what is new, encode it once, and make the plan of its publish."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.jobs.attempts import Attempt
from etl.jobs.replacing import replace_published
from etl.jobs.runs import Run
from etl.lake.drafts import DraftFile, draft_path, write_draft
from etl.lake.encode import EncodeTask, Provenance
from etl.lake.history import FindRows, read_known_ids, read_table_column
from etl.lake.loads import LoadCounts, count_by_object, count_load, loads_table
from etl.lake.plans import PublishPlan
from etl.lake.quarantine import SourceObject, drop_known, finish_quarantine
from etl.lake.replace import Replacement, find_ids
from etl.lake.settle import SettledRows, identities_of, list_partitions, settle_rows
from etl.lake.spill import ROWS_SCHEMA, ChunkOutcome, read_quarantined, read_rows
from etl.lake.tables import EVENTS, LOADS, QUARANTINE, TABLES, open_or_create
from etl.lake.twins import read_twin_keys
from etl.ledger.database import Ledger
from etl.ledger.identities import read_app_identities
from etl.ledger.objects import FinishedObject, unfinished_objects
from etl.stores import Store

Encode = Callable[[Sequence[EncodeTask], Provenance], Iterable[list[DraftFile]]]
"""Encodes tasks, in whatever processes there are."""


@dataclass(frozen=True, slots=True)
class SettledRun:
    """A run ready to be published: what its objects came to, and how many published rows give way to it."""

    plan: PublishPlan
    loads: tuple[LoadCounts, ...]
    replaced: int


def settle_run(attempt: Attempt, outcomes: Sequence[ChunkOutcome], encode: Encode, groups: int) -> SettledRun:
    """Settle a run against the lake as it is now, and write its drafts, at most `groups` files a partition.

    Objects that another run has finished since this one listed them are left out. Raises ConservationError
    when a message is unaccounted for. Readers see nothing of it yet.
    """
    run = attempt.run
    tables = {table.name: open_or_create(attempt.lake, table) for table in TABLES}
    outcomes = _leave_out_finished(attempt.ledger, run, outcomes)
    loaded = {each.ordinal for outcome in outcomes for each in outcome.objects if not each.error_code}
    rows = _gather_rows(attempt.scratch, outcomes)
    needed = rows if run.is_reprocess else rows.select(["app_id", "person_rank", "object"])
    mine = needed.filter(pc.is_in(rows["object"], value_set=pa.array(sorted(loaded), pa.int32())))
    goes = find_ids(mine) if run.is_reprocess else None
    settled = _settle(attempt, tables[EVENTS.name], rows, loaded, goes)
    loads = _count_loads(run, rows, settled, outcomes)
    drafts = _write_events(attempt, share_encoding(outcomes, settled, groups), encode)
    drafts += _write_accounts(attempt, outcomes, loads)
    replacement = Replacement() if goes is None else replace_published(attempt, tables, mine, goes, loaded)
    plan = PublishPlan(
        run_id=run.id,
        made_at=run.started_at,
        versions=tuple((name, table.version()) for name, table in tables.items()),
        drafts=(*drafts, *replacement.drafts),
        objects=tuple(_finish(run, load) for load in loads if load.status == "loaded"),
        is_reprocess=run.is_reprocess,
        removed=replacement.removed,
        identities=tuple((app, tuple(sorted(fields))) for app, fields in sorted(identities_of(mine).items())),
    )
    return SettledRun(plan, tuple(loads), replacement.rows)


def share_encoding(
    outcomes: Sequence[ChunkOutcome], settled: SettledRows, groups: int
) -> Iterator[EncodeTask]:
    """Share chunks out in groups of about equal rows, each with its part of what was settled."""
    ends = np.cumsum([outcome.rows for outcome in outcomes]).tolist()
    total = max(1, ends[-1] if ends else 0)
    starts = [0, *ends[:-1]]
    places = [
        min((start + end) * groups // (2 * total), groups - 1)
        for start, end in zip(starts, ends, strict=True)
    ]
    for group in sorted(set(places)):
        members = [n for n, place in enumerate(places) if place == group]
        part = slice(starts[members[0]], ends[members[-1]])
        yield EncodeTask(
            group,
            tuple(outcomes[n] for n in members),
            SettledRows(settled.keep[part], settled.flags[part], settled.partition[part], settled.partitions),
        )


def _gather_rows(scratch: Store, outcomes: Sequence[ChunkOutcome]) -> pa.Table:
    tables = [read_rows(scratch, outcome) for outcome in outcomes]
    return pa.concat_tables([ROWS_SCHEMA.empty_table(), *tables]).unify_dictionaries().combine_chunks()


def _leave_out_finished(ledger: Ledger, run: Run, outcomes: Sequence[ChunkOutcome]) -> list[ChunkOutcome]:
    """Leave out the objects that another run has finished since.

    A reprocessing run reads finished ones on purpose.
    """
    if run.is_reprocess:
        return list(outcomes)
    versions = [(each.uri, each.version) for outcome in outcomes for each in outcome.objects]
    wanted = set(unfinished_objects(ledger, versions))
    return [
        replace(
            outcome, objects=tuple(each for each in outcome.objects if (each.uri, each.version) in wanted)
        )
        for outcome in outcomes
    ]


def _settle(
    attempt: Attempt, events: DeltaTable, rows: pa.Table, loaded: Collection[int], goes: FindRows | None
) -> SettledRows:
    _, partitions = list_partitions(rows)
    # Reprocessing replaces what the lake has, so nothing in it is known.
    known = iter(()) if attempt.run.is_reprocess else read_known_ids(attempt.lake, events, partitions)
    return settle_rows(
        rows,
        known,
        read_app_identities(attempt.ledger),
        read_twin_keys(attempt.lake, events, partitions, rows, goes),
        void_objects=[each.ordinal for each in attempt.run.objects if each.ordinal not in loaded],
    )


def _count_loads(
    run: Run, rows: pa.Table, settled: SettledRows, outcomes: Sequence[ChunkOutcome]
) -> list[LoadCounts]:
    objects = [each for outcome in outcomes for each in outcome.objects]
    size = 1 + max((each.ordinal for each in objects), default=0)
    published, duplicates = count_by_object(rows["object"].to_numpy(), settled.keep, size)
    return [
        count_load(
            run.load_id(each.ordinal),
            each,
            published[each.ordinal],
            0 if each.error_code else duplicates[each.ordinal],
        )
        for each in objects
    ]


def _provenance(run: Run, stem: str) -> Provenance:
    return Provenance(
        stem=stem,
        uris={each.ordinal: each.landed.uri for each in run.objects},
        load_ids={each.ordinal: run.load_id(each.ordinal) for each in run.objects},
        loaded_at=run.started_at,
    )


def _plan_paths(stem: str, tasks: Sequence[EncodeTask]) -> Iterator[str]:
    for task in tasks:
        for place in np.unique(task.settled.partition[task.settled.keep]).tolist():
            yield draft_path(stem, task.settled.partitions[place], task.group)


def _write_events(attempt: Attempt, tasks: Iterable[EncodeTask], encode: Encode) -> list[DraftFile]:
    tasks = list(tasks)
    attempt.register(EVENTS, _plan_paths(attempt.stem, tasks))
    provenance = _provenance(attempt.run, attempt.stem)
    return [draft for written in encode(tasks, provenance) for draft in written]


def _write_accounts(
    attempt: Attempt, outcomes: Sequence[ChunkOutcome], loads: Sequence[LoadCounts]
) -> list[DraftFile]:
    """Write the run's rows of `loads` and of `quarantine`, those tables where there are any."""
    path = f"{attempt.stem}.parquet"
    attempt.register(LOADS, [path])
    attempt.register(QUARANTINE, [path])
    accounts = loads_table(loads, attempt.run.id, attempt.run.started_at)
    written = (
        write_draft(attempt.lake, LOADS, path, [accounts]),
        write_draft(attempt.lake, QUARANTINE, path, _read_quarantined(attempt, outcomes, loads)),
    )
    return [draft for draft in written if draft is not None]


def _read_quarantined(
    attempt: Attempt, outcomes: Sequence[ChunkOutcome], loads: Sequence[LoadCounts]
) -> Iterator[pa.Table]:
    """Read what the run quarantined, some messages at a time, without what the table has already."""
    run = attempt.run
    sources = {
        load.outcome.ordinal: SourceObject(
            load.outcome.uri, load.outcome.version, run.objects[load.outcome.ordinal].landed_at, load.load_id
        )
        for load in loads
        if load.outcome.quarantined
    }
    if not sources:
        return
    # Reprocessing takes out what these objects had in quarantine.
    known = [] if run.is_reprocess else read_table_column(attempt.lake, QUARANTINE, "quarantine_id").chunks
    known_ids = pa.chunked_array(known, pa.string())
    for outcome in outcomes:
        for spilled in read_quarantined(attempt.scratch, outcome):
            yield drop_known(finish_quarantine(spilled, sources, run.started_at), known_ids)


def _finish(run: Run, load: LoadCounts) -> FinishedObject:
    landed = run.objects[load.outcome.ordinal]
    return FinishedObject(
        uri=landed.landed.uri,
        version=landed.landed.version,
        size=landed.landed.size,
        landed_at=landed.landed_at,
        load_id=load.load_id,
    )
