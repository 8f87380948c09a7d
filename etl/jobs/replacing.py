"""What a reprocessing run takes out of the lake, in the same commits that put its own rows in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from deltalake import DeltaTable

from etl.jobs.runs import Run
from etl.lake.history import FindRows
from etl.lake.replace import Replacement, find_sources, name_successors, published_files, rewrite_without
from etl.lake.settle import SettledRows
from etl.lake.tables import EVENTS, QUARANTINE, Table
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, register_drafts
from etl.stores import Store


def replace_published(
    lake: Store,
    ledger: Ledger,
    run: Run,
    tables: Mapping[str, DeltaTable],
    settled: SettledRows,
    goes: FindRows,
    loaded: Collection[int],
    stem: str,
) -> Replacement:
    """Take out the events that a reprocessing run yields again (`goes`), and what the objects that it read had in quarantine.

    An object that could not be read (its ordinal is not `loaded`) keeps what it has. `rows` of the result counts events alone.
    """
    touched = set(settled.partitions)
    files = [
        file
        for file in published_files(EVENTS, tables[EVENTS.name])
        if (file.partition[0][1], file.partition[1][1]) in touched
    ]
    successors = name_successors(files, stem)
    _register(ledger, run, EVENTS, successors)
    replaced = rewrite_without(lake, EVENTS, files, successors, ["event_id"], goes)
    held = published_files(QUARANTINE, tables[QUARANTINE.name])
    successors = name_successors(held, stem)
    _register(ledger, run, QUARANTINE, successors)
    versions = [(each.landed.uri, each.landed.version) for each in run.objects if each.ordinal in loaded]
    released = rewrite_without(
        lake, QUARANTINE, held, successors, ["source_uri", "source_version"], find_sources(versions)
    )
    return Replacement(
        (*replaced.removed, *released.removed), (*replaced.drafts, *released.drafts), replaced.rows
    )


def _register(ledger: Ledger, run: Run, table: Table, paths: Sequence[str]) -> None:
    register_drafts(
        ledger, [Draft(f"{table.name}/{path}", table.name, run.id, 0, run.started_at) for path in paths]
    )
