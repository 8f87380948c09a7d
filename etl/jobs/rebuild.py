"""Rebuild the ledger's memory of ingest from the lake, after the ledger was lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.appsflyer.identity import PERSON_FIELDS, choose_persons
from etl.lake.history import live_files, read_columns
from etl.lake.reading import LakeTable
from etl.lake.tables import EVENTS, LOADS, POSTBACKS, find_table
from etl.ledger.database import Ledger, begin_write
from etl.ledger.identities import merge_app_identities
from etl.ledger.objects import FinishedObject, finish_objects
from etl.ledger.restoring import RESTORED_COLUMNS, restore_deliveries
from etl.ledger.upgrade import open_current_ledger
from etl.settings.models import Settings
from etl.stores import Store, open_store

_LOAD_COLUMNS = ["source_uri", "source_version", "size", "landed_at", "load_id", "loaded_at", "status"]
_COUNTS = ["messages", "held"]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """How many versions of objects, apps and outcomes of postbacks the ledger knows again."""

    objects: int
    apps: int
    postbacks: int = 0


def rebuild_ledger(settings: Settings) -> RebuildReport:
    """Mark what `loads` has as finished, learn how each app's rows are named, and what Liftoff has heard of.

    An object of which rows were held, and neither released nor read again, is left out: the batch is lost
    with the ledger, so that the object must be read again. Repeating it changes nothing. What only the ledger
    knew (failed attempts, drafts, unfinished publishes) is not in the lake.
    """
    lake = open_store(settings.storage.lake, settings.storage.options)
    ledger = open_current_ledger(settings.storage.ledger)
    finished = _read_finished(lake)
    _finish(ledger, finished)
    identities = _read_identities(lake, find_table(lake, EVENTS))
    merge_app_identities(ledger, identities)
    return RebuildReport(len(finished), len(identities), _restore(ledger, lake))


def _read_finished(lake: Store) -> list[FinishedObject]:
    where = pc.field("status").isin(["loaded", "released"])
    rows = LakeTable(lake, LOADS).dataset().to_table(columns=[*_LOAD_COLUMNS, *_COUNTS], filter=where)
    found: dict[tuple[str, str], FinishedObject] = {}
    held: Counter[tuple[str, str]] = Counter()
    for row in rows.sort_by("loaded_at").to_pylist():
        version = (row["source_uri"], row["source_version"])
        if row["status"] == "released":
            held[version] -= row["messages"]
            continue
        held[version] = row["held"]
        found[version] = FinishedObject(*version, row["size"], row["landed_at"], row["load_id"])
    return [each for version, each in found.items() if held[version] <= 0]


def _restore(ledger: Ledger, lake: Store) -> int:
    """Restore the newest outcome of each postback, so that nothing is sent twice."""
    columns = [*RESTORED_COLUMNS, "exported_at"]
    rows = LakeTable(lake, POSTBACKS).dataset().to_table(columns=columns).sort_by("exported_at")
    places = pa.array(range(rows.num_rows), pa.int64())
    newest = (
        rows.append_column("place", places).group_by(["plan_id", "position"]).aggregate([("place", "max")])
    )
    return restore_deliveries(ledger, rows.take(newest["place_max"]).sort_by("exported_at"))


def _finish(ledger: Ledger, objects: list[FinishedObject]) -> None:
    with begin_write(ledger) as connection:
        finish_objects(connection, objects, ledger.clock(connection))


def _read_identities(lake: Store, events: DeltaTable | None) -> dict[str, set[str]]:
    """Read by which fields each app's rows are named, a row group at a time; values are not kept."""
    found: dict[str, set[str]] = {}
    for (app_id, _), paths in live_files(events).items():
        for path in paths:
            for batch in read_columns(lake, f"{EVENTS.name}/{path}", list(PERSON_FIELDS)):
                fields = {name: batch.column(name) for name in PERSON_FIELDS}
                ranks = pa.array(choose_persons(fields, batch.num_rows)[1]).unique().to_pylist()
                found.setdefault(app_id, set()).update(
                    PERSON_FIELDS[rank] for rank in ranks if rank < len(PERSON_FIELDS)
                )
    return found
