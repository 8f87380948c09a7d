"""What a reprocessing run takes out of the lake, in the same commits that put its own rows in."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa
from deltalake import DeltaTable

from etl.jobs.attempts import Attempt
from etl.lake.history import FindRows
from etl.lake.replace import Replacement, find_sources, name_successors, published_files, rewrite_without
from etl.lake.settle import Partition, list_partitions
from etl.lake.tables import EVENTS, QUARANTINE
from etl.ledger.rewrites import find_replaced


def replace_published(
    attempt: Attempt,
    tables: Mapping[str, DeltaTable],
    rows: pa.Table,
    goes: FindRows,
    loaded: Collection[int],
) -> Replacement:
    """Take out the events that a reprocessing run yields again (`goes`), and what its objects quarantined.

    An object that could not be read (its ordinal is not `loaded`) keeps what it has. Each file of events
    belongs to one app, so that what replaces a held app's rows can be left out.
    """
    replaced = replace_events(attempt, tables[EVENTS.name], list_partitions(rows)[1], goes)
    released = _release_quarantined(attempt, tables[QUARANTINE.name], loaded)
    return Replacement((*replaced.removed, *released.removed), (*replaced.drafts, *released.drafts))


def replace_events(
    attempt: Attempt, events: DeltaTable, partitions: Collection[Partition], goes: FindRows
) -> Replacement:
    """Take the published events of some partitions out that `goes` marks."""
    touched = set(partitions)
    files = [
        file
        for file in published_files(EVENTS, events)
        if (file.partition[0][1], file.partition[1][1]) in touched
    ]
    pairs = name_successors(files, attempt.stem)
    attempt.register(EVENTS, (path for _, path in pairs))
    return rewrite_without(attempt.lake, EVENTS, pairs, ["event_id"], goes)


def _release_quarantined(attempt: Attempt, quarantine: DeltaTable, loaded: Collection[int]) -> Replacement:
    pairs = name_successors(published_files(QUARANTINE, quarantine), attempt.stem)
    attempt.register(QUARANTINE, (path for _, path in pairs))
    objects = [each.landed for each in attempt.run.objects if each.ordinal in loaded]
    versions = [(each.uri, each.version) for each in objects]
    # What was quarantined of an object before it was written again is its own, too.
    mine = find_sources([*versions, *find_replaced(attempt.ledger, versions)])
    return rewrite_without(attempt.lake, QUARANTINE, pairs, ["source_uri", "source_version"], mine)
