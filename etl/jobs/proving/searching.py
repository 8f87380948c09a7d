"""Reading objects and tables for people who must be gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from etl.errors import ObjectChanged, ObjectVanished
from etl.jobs.proving.places import Kind, Place
from etl.ledger.database import Ledger
from etl.ledger.proving import list_text_columns, stream_texts
from etl.proving.chain import mask_ids
from etl.proving.columns import scan_columns
from etl.proving.findings import Scan
from etl.proving.parquet import MAGIC
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
    """What was found in one object or column: how often at least each hash, and what could not be read."""

    kind: Kind
    name: str
    app_id: str | None
    read_bytes: int
    found: Counter[str] = field(repr=False)
    unread: tuple[str, ...] = ()
    landed: LandedObject | None = field(default=None, repr=False)


def search_object(scanner: TextScanner, wanted: Wanted, place: Place) -> Reading | None:
    """Search an object; None where it is gone. One that changes is read again, some times."""
    landed: LandedObject | None = place.landed
    for _ in range(ATTEMPTS):
        if landed is None:
            return None
        try:
            scans = _scan(scanner, wanted, place, landed)
        except ObjectVanished:
            return None
        except ObjectChanged:
            landed = find_object(place.store, place.landed.key)
            continue
        return _read(place, landed, scans)
    return _read(place, place.landed, [Scan((), 0, ("it changed while it was read",))])


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


def _scan(scanner: TextScanner, wanted: Wanted, place: Place, landed: LandedObject) -> list[Scan]:
    with open_seekable(place.store, landed) as raw:
        scans = [scan_object(scanner, landed.key, raw)]
        raw.seek(0)
        if raw.read(len(MAGIC)) == MAGIC:
            raw.seek(0)
            scans.append(scan_columns(wanted, landed.key, raw, COLUMNS))
    return scans


def _read(place: Place, landed: LandedObject, scans: list[Scan]) -> Reading:
    # The first scan is of all bytes; a second one reads some of them again, as columns.
    found: Counter[str] = Counter()
    for scan in scans:
        found |= _add(scan)
    unread = dict.fromkeys(each for scan in scans for each in scan.unread)
    return Reading(place.kind, mask_ids(landed.key), place.app_id, landed.size, found, tuple(unread), landed)


def _add(scan: Scan) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding in scan.findings:
        counts[finding.subject] += finding.count
    return counts
