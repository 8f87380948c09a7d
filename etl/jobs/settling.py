"""Settle a run: decide what is new, encode it once, and make the plan of its publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable

from etl.jobs.replacing import replace_published
from etl.jobs.runs import Run
from etl.lake.drafts import DraftFile, draft_path, write_draft
from etl.lake.encode import EncodeTask, Provenance
from etl.lake.history import read_known_ids, read_table_column
from etl.lake.loads import LoadCounts, count_by_object, count_load, loads_table
from etl.lake.plans import PublishPlan
from etl.lake.quarantine import SourceObject, drop_known, finish_quarantine
from etl.lake.settle import SettledRows, identities_of, list_partitions, settle_rows
from etl.lake.spill import ROWS_SCHEMA, ChunkOutcome, read_quarantined, read_rows
from etl.lake.tables import EVENTS, LOADS, QUARANTINE, open_or_create
from etl.lake.twins import read_twin_keys
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, register_drafts
from etl.ledger.identities import read_app_identities
from etl.ledger.objects import FinishedObject
from etl.stores import Store

Encode = Callable[[Sequence[EncodeTask], Provenance], Iterable[list[DraftFile]]]
"""Encodes tasks, in whatever processes there are."""


@dataclass(frozen=True, slots=True)
class SettledRun:
    """A run ready to be published: what each of its objects came to, and how many published rows give way to it."""

    plan: PublishPlan
    loads: tuple[LoadCounts, ...]
    replaced: int


def settle_run(
    lake: Store,
    scratch: Store,
    ledger: Ledger,
    run: Run,
    outcomes: Sequence[ChunkOutcome],
    encode: Encode,
    groups: int,
) -> SettledRun:
    """Settle a run against the lake as it is now, and write its drafts, at most `groups` files a partition.

    Raises ConservationError when a message is unaccounted for. Readers see nothing of it yet.
    """
    events = open_or_create(lake, EVENTS)
    rows = _gather_rows(scratch, outcomes)
    settled = _settle(lake, ledger, run, events, rows, outcomes)
    loads = _count_loads(run, rows, settled, outcomes)
    tasks = list(share_encoding(outcomes, settled, groups))
    _register(ledger, run, [f"{EVENTS.name}/{path}" for path in _plan_paths(run, tasks)])
    drafts = [draft for written in encode(tasks, _provenance(run)) for draft in written]
    drafts += _write_accounts(lake, scratch, ledger, run, outcomes, loads)
    replacement = replace_published(lake, ledger, run, events, rows, settled.partitions)
    plan = PublishPlan(
        run_id=run.id,
        made_at=run.started_at,
        events_version=events.version(),
        drafts=(*drafts, *replacement.drafts),
        objects=tuple(_finish(run, load) for load in loads if load.status == "loaded"),
        removed=replacement.removed,
        identities=tuple((app, tuple(sorted(fields))) for app, fields in sorted(identities_of(rows).items())),
    )
    return SettledRun(plan, tuple(loads), replacement.rows)


def share_encoding(
    outcomes: Sequence[ChunkOutcome], settled: SettledRows, groups: int
) -> Iterator[EncodeTask]:
    """Share chunks out in groups of about equal rows, each a run of neighbours with its part of what was settled."""
    ends = np.cumsum([outcome.rows for outcome in outcomes]).tolist()
    total = max(1, ends[-1] if ends else 0)
    starts = [0, *ends[:-1]]
    places = [min((start + end) * groups // (2 * total), groups - 1) for start, end in zip(starts, ends, strict=True)]
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


def _settle(
    lake: Store,
    ledger: Ledger,
    run: Run,
    events: DeltaTable,
    rows: pa.Table,
    outcomes: Sequence[ChunkOutcome],
) -> SettledRows:
    _, partitions = list_partitions(rows)
    void = [each.ordinal for outcome in outcomes for each in outcome.objects if each.error_code]
    # Reprocessing replaces what the lake has, so nothing in it is known.
    known = iter(()) if run.is_reprocess else read_known_ids(lake, events, partitions)
    return settle_rows(
        rows,
        known,
        read_app_identities(ledger),
        read_twin_keys(lake, events, partitions, rows),
        void_objects=void,
    )


def _count_loads(
    run: Run, rows: pa.Table, settled: SettledRows, outcomes: Sequence[ChunkOutcome]
) -> list[LoadCounts]:
    objects = [each for outcome in outcomes for each in outcome.objects]
    size = 1 + max((each.ordinal for each in objects), default=0)
    published, duplicates = count_by_object(rows["object"].to_numpy(), settled.keep, size)
    return [
        count_load(run.load_id(each.ordinal), each, published[each.ordinal], 0 if each.error_code else duplicates[each.ordinal])
        for each in objects
    ]


def _provenance(run: Run) -> Provenance:
    return Provenance(
        run_id=run.id,
        uris={each.ordinal: each.landed.uri for each in run.objects},
        load_ids={each.ordinal: run.load_id(each.ordinal) for each in run.objects},
        loaded_at=run.started_at,
    )


def _plan_paths(run: Run, tasks: Sequence[EncodeTask]) -> Iterator[str]:
    for task in tasks:
        for place in np.unique(task.settled.partition[task.settled.keep]).tolist():
            yield draft_path(run.id, task.settled.partitions[place], task.group)


def _register(ledger: Ledger, run: Run, keys: Iterable[str]) -> None:
    """Register drafts before they are written, so that upkeep leaves them alone."""
    register_drafts(
        ledger,
        [
            Draft(path=key, table=key.partition("/")[0], run_id=run.id, size=0, created_at=run.started_at)
            for key in keys
        ],
    )


def _write_accounts(
    lake: Store,
    scratch: Store,
    ledger: Ledger,
    run: Run,
    outcomes: Sequence[ChunkOutcome],
    loads: Sequence[LoadCounts],
) -> list[DraftFile]:
    """Write the run's rows of `loads` and, where there are any, of `quarantine`."""
    path = f"{run.id}.parquet"
    quarantined = _gather_quarantined(lake, scratch, run, outcomes)
    _register(ledger, run, [f"{LOADS.name}/{path}", f"{QUARANTINE.name}/{path}"])
    drafts = [write_draft(lake, LOADS, path, loads_table(loads, run.id, run.started_at))]
    if quarantined.num_rows:
        drafts.append(write_draft(lake, QUARANTINE, path, quarantined))
    return drafts


def _gather_quarantined(
    lake: Store, scratch: Store, run: Run, outcomes: Sequence[ChunkOutcome]
) -> pa.Table:
    loaded = {each.ordinal for outcome in outcomes for each in outcome.objects if not each.error_code}
    sources = {
        each.ordinal: SourceObject(each.landed.uri, each.landed.version, each.landed_at, run.load_id(each.ordinal))
        for each in run.objects
        if each.ordinal in loaded
    }
    tables = [
        finish_quarantine(read_quarantined(scratch, outcome), sources, run.started_at) for outcome in outcomes
    ]
    rows = pa.concat_tables([QUARANTINE.schema.empty_table(), *tables])
    if not rows.num_rows or run.is_reprocess:
        return rows
    return drop_known(rows, read_table_column(lake, QUARANTINE, "quarantine_id"))


def _finish(run: Run, load: LoadCounts) -> FinishedObject:
    landed = run.objects[load.outcome.ordinal]
    return FinishedObject(
        uri=landed.landed.uri,
        version=landed.landed.version,
        size=landed.landed.size,
        landed_at=landed.landed_at,
        load_id=load.load_id,
    )
