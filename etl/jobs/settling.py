"""Settle a run: decide what is new, encode it once, and say what each app's part of it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.jobs.attempts import Attempt
from etl.jobs.encoding import Encode, EncodedGroup
from etl.jobs.replacing import replace_published
from etl.jobs.runs import Run
from etl.lake.drafts import DraftFile, draft_path, write_draft
from etl.lake.encode import EncodeTask, Provenance
from etl.lake.history import FindRows, read_known_ids, read_table_column
from etl.lake.loads import AppLoad, count_by_app
from etl.lake.plans import RemovedFile
from etl.lake.quarantine import SourceObject, drop_known, finish_quarantine
from etl.lake.replace import Replacement, find_ids
from etl.lake.settle import SettledRows, identities_of, list_partitions, settle_rows
from etl.lake.spill import (
    NO_OBJECT,
    ROWS_SCHEMA,
    ChunkOutcome,
    ObjectOutcome,
    ids_to_words,
    read_quarantined,
    read_rows,
)
from etl.lake.tables import EVENTS, QUARANTINE, SETTLED_TABLES, TABLES, open_or_create
from etl.lake.twins import read_twin_keys
from etl.ledger.database import Ledger
from etl.ledger.identities import read_app_identities
from etl.ledger.objects import unfinished_objects
from etl.quality.profile import Profile, merge_profiles
from etl.stores import Store


@dataclass(frozen=True, slots=True)
class SettledRun:
    """A run ready to be audited: its files and what its objects came to, each to be told by app.

    `stem` begins the names of its drafts, and of no other settling's. `versions` are those of the tables that
    it was settled against. `events` are the new rows; `drafts` all other files, among them the successors of
    the `removed` ones, which hold a replaced row. `quarantined` counts messages whose app is known.
    """

    stem: str
    versions: tuple[tuple[str, int], ...]
    events: tuple[DraftFile, ...]
    drafts: tuple[DraftFile, ...]
    removed: tuple[RemovedFile, ...]
    outcomes: tuple[ObjectOutcome, ...]
    app_loads: tuple[AppLoad, ...]
    quarantined: Mapping[str, int]
    identities: Mapping[str, frozenset[str]]
    profiles: Mapping[str, Profile]


def settle_run(attempt: Attempt, outcomes: Sequence[ChunkOutcome], encode: Encode, groups: int) -> SettledRun:
    """Settle a run against the lake as it is now, and write its drafts, at most `groups` files a partition.

    Objects that another run has finished since this one listed them are left out. Readers see nothing of it
    yet.
    """
    run = attempt.run
    tables = {table.name: open_or_create(attempt.lake, table) for table in TABLES}
    outcomes = _leave_out_finished(attempt.ledger, run, outcomes)
    loaded = {each.ordinal for outcome in outcomes for each in outcome.objects if not each.error_code}
    rows = _gather_rows(attempt.scratch, outcomes)
    needed = rows if run.is_reprocess else rows.select(["app_id", "person_rank", "object"])
    mine = needed.filter(pc.is_in(rows["object"], value_set=pa.array(sorted(loaded), pa.int32())))
    others = _gather_renewed(outcomes, rows, loaded)
    goes = find_ids(_join_ids(mine, others)) if run.is_reprocess else None
    settled = _settle(attempt, tables[EVENTS.name], rows, loaded, goes, others)
    if run.pull is not None:
        settled = _leave_out_told(attempt, tables[EVENTS.name], outcomes, settled)
    groups_written = _write_events(attempt, share_encoding(outcomes, settled, groups), encode)
    quarantined = _write_quarantined(attempt, outcomes)
    replacement = Replacement() if goes is None else replace_published(attempt, tables, mine, goes, loaded)
    return SettledRun(
        stem=attempt.stem,
        versions=tuple((table.name, tables[table.name].version()) for table in SETTLED_TABLES),
        events=tuple(draft for group in groups_written for draft in group.drafts),
        drafts=(*quarantined, *replacement.drafts),
        removed=replacement.removed,
        outcomes=tuple(each for outcome in outcomes for each in outcome.objects),
        app_loads=tuple(_count_app_loads(rows, settled, loaded)),
        quarantined=_count_quarantined(attempt.scratch, outcomes, loaded),
        identities=identities_of(mine),
        # What Pull tells is no sample of what Push sends: drift is not judged by it.
        profiles=_merge_profiles(groups_written) if run.pull is None else {},
    )


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

    A reprocessing run, and one of a Pull file, reads finished ones on purpose.
    """
    if run.is_reprocess or run.pull is not None:
        return list(outcomes)
    versions = [(each.uri, each.version) for outcome in outcomes for each in outcome.objects]
    wanted = set(unfinished_objects(ledger, versions))
    return [
        replace(
            outcome, objects=tuple(each for each in outcome.objects if (each.uri, each.version) in wanted)
        )
        for outcome in outcomes
    ]


def _gather_renewed(
    outcomes: Sequence[ChunkOutcome], rows: pa.Table, loaded: Collection[int]
) -> pa.Table | None:
    """Gather the ids that rows of loaded objects had before they were kept without their person."""
    starts = np.cumsum([0, *[outcome.rows for outcome in outcomes]]).tolist()
    found = [
        (start + row, event_id)
        for start, outcome in zip(starts, outcomes, strict=False)
        for row, event_id in outcome.renewed
    ]
    if not found:
        return None
    numbers = np.array([row for row, _ in found], dtype=np.int64)
    words = ids_to_words(pa.array([event_id for _, event_id in found], pa.string()))
    objects = rows["object"].take(pa.array(numbers)).to_numpy()
    is_mine = np.isin(objects, np.array(sorted(loaded), dtype=np.int32))
    return pa.table(
        {"id_high": words[is_mine, 0].copy(), "id_low": words[is_mine, 1].copy(), "row": numbers[is_mine]}
    )


def _join_ids(rows: pa.Table, others: pa.Table | None) -> pa.Table:
    names = ["id_high", "id_low"]
    return rows if others is None else pa.concat_tables([rows.select(names), others.select(names)])


def _settle(  # noqa: PLR0913, PLR0917 - which rows, against what, and whom the lake knows by another id
    attempt: Attempt,
    events: DeltaTable,
    rows: pa.Table,
    loaded: Collection[int],
    goes: FindRows | None,
    others: pa.Table | None,
) -> SettledRows:
    _, partitions = list_partitions(rows)
    # Reprocessing replaces what the lake has, so nothing in it is known; what it has of a Pull file is no
    # matter of ids.
    is_known = not attempt.run.is_reprocess and attempt.run.pull is None
    known = read_known_ids(attempt.lake, events, partitions) if is_known else iter(())
    return settle_rows(
        rows,
        known,
        read_app_identities(attempt.ledger),
        read_twin_keys(attempt.lake, events, partitions, rows, goes),
        void_objects=[each.ordinal for each in attempt.run.objects if each.ordinal not in loaded],
        other_ids=others,
        replaced_ids=read_known_ids(attempt.lake, events, partitions) if attempt.run.is_reprocess else (),
    )


def _leave_out_told(
    attempt: Attempt, events: DeltaTable, outcomes: Sequence[ChunkOutcome], settled: SettledRows
) -> SettledRows:
    """Leave out the records of a Pull file that the lake has."""
    from etl.jobs.pulls.comparing import Ground, find_missing

    pull = attempt.run.pull
    if pull is None:
        return settled
    missing = find_missing(Ground(attempt.lake, events, attempt.scratch, pull, outcomes))
    return replace(settled, keep=settled.keep & np.isin(np.arange(len(settled.keep)), missing))


def _count_app_loads(rows: pa.Table, settled: SettledRows, loaded: Collection[int]) -> Iterator[AppLoad]:
    """Count what each loaded object gave to each app."""
    objects = rows["object"].to_numpy()
    names = sorted({app_id for app_id, _ in settled.partitions})
    app_of = np.array([names.index(app_id) for app_id, _ in settled.partitions], dtype=np.int32)
    is_row = (objects != NO_OBJECT) & np.isin(objects, np.array(sorted(loaded), dtype=np.int32))
    counts = count_by_app(objects[is_row], app_of[settled.partition[is_row]], settled.keep[is_row])
    for app, ordinal, published, duplicates in counts:
        yield AppLoad(names[app], ordinal, published, duplicates)


def _count_quarantined(
    scratch: Store, outcomes: Sequence[ChunkOutcome], loaded: Collection[int]
) -> dict[str, int]:
    """Count by app what the loaded objects quarantined, where the app is known."""
    counts: Counter[str] = Counter()
    value_set = pa.array(sorted(loaded), pa.int32())
    for outcome in outcomes:
        for spilled in read_quarantined(scratch, outcome):
            mine = spilled.filter(pc.is_in(spilled["object"], value_set=value_set))
            counts.update(app_id for app_id in mine["app_id"].to_pylist() if app_id)
    return dict(counts)


def _merge_profiles(groups: Sequence[EncodedGroup]) -> dict[str, Profile]:
    apps = sorted({app_id for group in groups for app_id in group.profiles})
    return {
        app_id: merge_profiles([group.profiles[app_id] for group in groups if app_id in group.profiles])
        for app_id in apps
    }


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
            yield draft_path(stem, task.settled.partitions[place], task.group, task.omitted)


def _write_events(attempt: Attempt, tasks: Iterable[EncodeTask], encode: Encode) -> list[EncodedGroup]:
    tasks = list(tasks)
    attempt.register(EVENTS, _plan_paths(attempt.stem, tasks))
    return list(encode(tasks, _provenance(attempt.run, attempt.stem)))


def _write_quarantined(attempt: Attempt, outcomes: Sequence[ChunkOutcome]) -> list[DraftFile]:
    """Write the run's rows of `quarantine`, where there are any."""
    path = f"{attempt.stem}.parquet"
    attempt.register(QUARANTINE, [path])
    draft = write_draft(attempt.lake, QUARANTINE, path, _read_quarantined(attempt, outcomes))
    return [] if draft is None else [draft]


def _read_quarantined(attempt: Attempt, outcomes: Sequence[ChunkOutcome]) -> Iterator[pa.Table]:
    """Read what the run quarantined, some messages at a time, without what the table has already."""
    run = attempt.run
    sources = {
        each.ordinal: SourceObject(
            each.uri, each.version, run.objects[each.ordinal].landed_at, run.load_id(each.ordinal)
        )
        for outcome in outcomes
        for each in outcome.objects
        if each.quarantined
    }
    if not sources:
        return
    # Reprocessing takes out what these objects had in quarantine.
    known = [] if run.is_reprocess else read_table_column(attempt.lake, QUARANTINE, "quarantine_id").chunks
    known_ids = pa.chunked_array(known, pa.string())
    for outcome in outcomes:
        for spilled in read_quarantined(attempt.scratch, outcome):
            yield drop_known(finish_quarantine(spilled, sources, run.started_at), known_ids)
