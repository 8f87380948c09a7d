"""Reading objects and tables for people who must be gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import pyarrow.parquet as pq

from etl.errors import ObjectChanged, ObjectVanished
from etl.jobs.proving.people import Sought
from etl.jobs.proving.places import Kind, Place
from etl.lake.tables import QUARANTINE
from etl.ledger.database import Ledger
from etl.ledger.proving import list_text_columns, stream_texts
from etl.proving.chain import mask_ids
from etl.proving.findings import Scan
from etl.proving.parquet import FAULTS, MAGIC
from etl.proving.reading import scan_object, scan_values
from etl.proving.texts import TextScanner
from etl.proving.wanted import Wanted
from etl.stores import LandedObject, find_object, open_seekable

# Ids of these have no shape of their own, or another than the scan of bytes takes; a map holds the fields
# that the authority did not know, and those of a message in quarantine. The others' are found by their shape.
COLUMNS: Final = ("customer_user_id", "oaid", "android_id", "imei", "extra", "message")
ATTEMPTS: Final = 3
_PLAIN: Final = ("opt_out_requests", "identifier")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one object or column: how often at least each hash, and what could not be read.

    One of no app holds what is of any; where it `is_everybodys`, it counts as every app's.
    """

    kind: Kind
    name: str
    app_id: str | None
    read_bytes: int
    found: Counter[str] = field(repr=False)
    unread: tuple[str, ...] = ()
    landed: LandedObject | None = field(default=None, repr=False)
    is_everybodys: bool = False


def search_object(scanner: TextScanner, place: Place) -> Reading | None:
    """Search an object; None where it is gone. One that changes is read again, some times."""
    landed: LandedObject | None = place.landed
    for _ in range(ATTEMPTS):
        if landed is None:
            return None
        try:
            with open_seekable(place.store, landed) as raw:
                scan = scan_object(scanner, landed.key, raw, COLUMNS)
        except ObjectVanished:
            return None
        except ObjectChanged:
            landed = find_object(place.store, place.landed.key)
            continue
        return _read(place, landed, scan)
    return _read(place, place.landed, Scan((), 0, ("it changed while it was read",)))


def search_messages(scanner: TextScanner, sought: Sought, place: Place) -> Iterator[Reading]:
    """Search the messages of a file of `quarantine` app by app, for those who must be gone from one alone.

    What cannot be read the search of the whole object has told.
    """
    if not place.landed.key.startswith(f"{QUARANTINE.name}/"):
        return
    counts: dict[str | None, Counter[str]] = {}
    unread = suppress(ObjectVanished, ObjectChanged, *FAULTS)
    with unread, open_seekable(place.store, place.landed) as raw:
        for app_id, texts in _read_messages(raw):
            counts.setdefault(app_id, Counter()).update(_add(scan_values(scanner, "", texts)))
    for app_id, found in counts.items():
        scoped = Counter({each: found[each] for each in found if not sought.is_sought_everywhere(each)})
        name = f"{mask_ids(place.landed.key)}, messages of {app_id or 'no known app'}"
        yield Reading(place.kind, name, app_id, 0, scoped, (), place.landed, is_everybodys=app_id is None)


def _read_messages(raw: BinaryIO) -> Iterator[tuple[str | None, list[str]]]:
    """Read the texts of messages, some thousand at a time, by app; nothing of what is no Parquet."""
    is_parquet = raw.read(len(MAGIC)) == MAGIC
    raw.seek(0)
    file = pq.ParquetFile(raw) if is_parquet else None
    if file is None or not {"app_id", "raw", "message"} <= set(file.schema_arrow.names):
        return
    for batch in file.iter_batches(columns=["app_id", "raw", "message"]):
        texts: dict[str | None, list[str]] = {}
        for row in batch.to_pylist():
            fields = [f"{name}={value}" for name, value in row["message"] or ()]
            texts.setdefault(row["app_id"], []).extend([row["raw"] or "", *fields])
        yield from texts.items()


def search_ledger(scanner: TextScanner, wanted: Wanted, ledger: Ledger) -> Iterator[Reading]:
    """Search the ledger column by column; the one for plain ids also for such as have no shape."""
    for table, column in list_text_columns():
        name = f"{table.name}.{column}"
        # Joined by what no token goes across: to hand values over one by one costs more than to scan them.
        scan = scan_values(scanner, name, map("\n".join, stream_texts(ledger, table, column)))
        found = _add(scan)
        if (table.name, column) == _PLAIN:
            found |= Counter(
                each
                for texts in stream_texts(ledger, table, column)
                for text in texts
                if (each := wanted.find_text(text))
            )
        yield Reading("ledger", name, None, scan.read_bytes, found)


def _read(place: Place, landed: LandedObject, scan: Scan) -> Reading:
    name = mask_ids(landed.key)
    return Reading(place.kind, name, place.app_id, landed.size, _add(scan), scan.unread, landed)


def _add(scan: Scan) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding in scan.findings:
        counts[finding.subject] += finding.count
    return counts
