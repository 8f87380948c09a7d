"""Looking for wanted ids in objects of any kind: their bytes, and what these hold compressed or paged."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO, Final, TypeAlias

import pyarrow.parquet as pq

from etl.appsflyer.formats.compression import DamagedStreamError, decompress
from etl.appsflyer.id_scan import view_texts
from etl.proving.columns import find_values
from etl.proving.findings import Scan, Tally
from etl.proving.parquet import FAULTS, MAGIC, is_damage, list_gaps, list_packs, open_parquet, read_pack
from etl.proving.texts import DEPTH, TextScanner
from etl.proving.unwrapping import view_bytes

Pack: TypeAlias = tuple[pq.ParquetFile, int, list[str]]
"""A file, and the row group and columns of it that are read together."""

_READ_BYTES = 1 << 18
_HEAD_BYTES = 10
_COMPRESSIONS: Final = {
    "gzip": re.compile(rb"\x1f\x8b"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    "bz2": re.compile(rb"BZh[1-9]"),
}
# What holds content that is not looked into: it is said so, because it could hide anything.
_OPAQUE: Final = {
    "xz": re.compile(rb"\xfd7zXZ\0"),
    "zip": re.compile(rb"PK\x03\x04"),
    "lz4": re.compile(rb"\x04\x22\x4d\x18"),
    "snappy": re.compile(rb"\xff\x06\0\0sNaPp"),
    "encrypted Parquet": re.compile(rb"PARE"),
}


def scan_object(scanner: TextScanner, store_key: str, raw: BinaryIO, columns: Collection[str] = ()) -> Scan:
    """Find wanted ids in an object that can be read from its start more than once: name, bytes and content.

    The bytes are looked at as they are, whatever they hold: database files with their free pages and logs;
    those of compressed objects and of Parquet's columns plainly, others through wrappings. Then what they
    hold: gzip, zstd or bzip2, one in another too, and the pages of Parquet, through wrappings, and for named
    `columns` each value as a whole too. Memory is bounded by a few blocks, and for Parquet by a batch of some
    columns and their dictionaries.

    Raises:
        OSError: whatever `raw` raises while its bytes are read.
    """
    tally = Tally()
    scanner.scan(view_bytes(store_key.encode(errors="surrogateescape")), "name", tally)
    raw.seek(0)
    head = raw.read(_HEAD_BYTES)
    raw.seek(0)
    is_plain = head.startswith(MAGIC) or any(magic.match(head) for magic in _COMPRESSIONS.values())
    pieces = iter(lambda: raw.read(_READ_BYTES), b"")
    size = scanner.scan_stream(pieces, "bytes", tally, depth=0 if is_plain else DEPTH)
    unread = list(_scan_content(scanner, head, raw, size, columns, tally))
    return Scan(tally.list_findings(store_key), size, tuple(unread))


def scan_values(scanner: TextScanner, store_key: str, values: Iterable[str | bytes]) -> Scan:
    """Find wanted ids in values that a caller read, of a database's columns or rows for example."""
    tally = Tally()
    pieces = (each.encode() if isinstance(each, str) else each for each in values)
    size = scanner.scan_stream((piece + b"\n" for piece in pieces), "values", tally)
    return Scan(tally.list_findings(store_key), size)


def _scan_content(  # noqa: PLR0913, PLR0917 - what an object is, and what was found of it
    scanner: TextScanner, head: bytes, raw: BinaryIO, size: int, columns: Collection[str], tally: Tally
) -> Iterator[str]:
    """Look into an object by its first bytes; gives what could not be read."""
    raw.seek(0)
    if head.startswith(MAGIC):
        yield from _scan_parquet(scanner, raw, size, columns, tally)
    for name, magic in _COMPRESSIONS.items():
        if magic.match(head):
            try:
                scanner.scan_stream(decompress(raw), name, tally)
            except DamagedStreamError as error:
                yield f"{name}: {error.reason}"
    for name, magic in _OPAQUE.items():
        if magic.match(head):
            yield f"{name}: not looked into"


def _scan_parquet(
    scanner: TextScanner, raw: BinaryIO, size: int, columns: Collection[str], tally: Tally
) -> Iterator[str]:
    gaps, is_damaged = [(0, size)], False
    try:
        file = open_parquet(raw)
        gaps = list_gaps(file.metadata, size)
        for group, paths in list_packs(file.metadata):
            is_damaged |= not _scan_pack(scanner, (file, group, paths), columns, tally)
    except FAULTS:
        is_damaged = True
    if is_damaged:
        # Arrow's messages may quote what they fell over.
        yield "parquet: damaged"
        gaps = [(0, size)]
    around = Tally()
    for start, stop in gaps:
        scanner.scan_stream(_read_range(raw, start, stop), "bytes", around)
    # All bytes were seen plainly before.
    tally.add_most(around)


def _scan_pack(scanner: TextScanner, pack: Pack, columns: Collection[str], tally: Tally) -> bool:
    """Look at columns of a row group; says whether all could be read. Of a damaged one others are read."""
    file, group, paths = pack
    found, whole, is_read = Tally(), Tally(), True
    try:
        for path, values in read_pack(file, group, paths):
            scanner.scan(view_texts(values), f"parquet:{path}", found)
            if not {path, path.split(".")[0]}.isdisjoint(columns):
                whole.add(f"parquet:{path}", find_values(scanner.wanted, values))
    except FAULTS as error:
        if not is_damage(error):
            raise
        is_read = False
    # What has a shape was seen by it before.
    found.add_most(whole)
    if not is_read and len(paths) > 1:
        again = Tally()
        for path in paths:
            _scan_pack(scanner, (file, group, [path]), columns, again)
        found.add_most(again)
    tally.add_all(found)
    return is_read


def _read_range(raw: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    raw.seek(start)
    while start < stop and (piece := raw.read(min(_READ_BYTES, stop - start))):
        yield piece
        start += len(piece)
