"""What a reprocessing run takes out of the lake, in the same commits that put its own rows in."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from deltalake import DeltaTable

from etl.jobs.runs import Run
from etl.lake.replace import (
    FindRows,
    PublishedFile,
    Replacement,
    find_ids,
    find_sources,
    name_successors,
    published_files,
    rewrite_without,
)
from etl.lake.settle import Partition
from etl.lake.tables import EVENTS, QUARANTINE, Table, open_or_create
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, register_drafts
from etl.stores import Store


def replace_published(
    lake: Store,
    ledger: Ledger,
    run: Run,
    events: DeltaTable,
    rows: pa.Table,
    partitions: Sequence[Partition],
) -> Replacement:
    """Take out the events that a reprocessing run yields again, and what its objects had in quarantine.

    A run that does not reprocess replaces nothing. `rows` of the result counts events alone.
    """
    if not run.is_reprocess:
        return Replacement()
    touched = set(partitions)
    files = [
        file for file in published_files(EVENTS, events) if (file.partition[0][1], file.partition[1][1]) in touched
    ]
    replaced = _rewrite(lake, ledger, run, EVENTS, files, ["event_id"], find_ids(rows))
    uris = [each.landed.uri for each in run.objects]
    held = published_files(QUARANTINE, open_or_create(lake, QUARANTINE))
    released = _rewrite(lake, ledger, run, QUARANTINE, held, ["source_uri"], find_sources(uris))
    return Replacement(
        (*replaced.removed, *released.removed), (*replaced.drafts, *released.drafts), replaced.rows
    )


def _rewrite(
    lake: Store,
    ledger: Ledger,
    run: Run,
    table: Table,
    files: Sequence[PublishedFile],
    key_columns: Sequence[str],
    find_rows: FindRows,
) -> Replacement:
    successors = name_successors(files, run.id)
    register_drafts(
        ledger,
        [Draft(f"{table.name}/{path}", table.name, run.id, 0, run.started_at) for path in successors],
    )
    return rewrite_without(lake, table, files, successors, key_columns, find_rows)
