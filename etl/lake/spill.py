"""Spill typed batches to scratch, and read them back one at a time.

A chunk's spill is a row of Arrow IPC streams in one object: each batch keeps its own dictionaries and can be
read alone. Beside it lie its rows (what settling needs to know of each), what it quarantined, and its
outcome, which is written last and makes the chunk whole. Scratch need not be durable: a run that dies is done
again from landing.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import Buffer, override

from etl.erased import Met
from etl.lake.families import find_omitted
from etl.lake.quarantine import SPILLED_SCHEMA
from etl.stores import Store
from etl.stores.translating import explain_errors

if TYPE_CHECKING:
    from etl.appsflyer.normalize import TypedBatch

ROWS_SCHEMA = pa.schema(
    [
        ("app_id", pa.dictionary(pa.int32(), pa.string())),
        ("event_date", pa.date32()),
        ("id_high", pa.uint64()),
        ("id_low", pa.uint64()),
        ("second_key", pa.uint64()),
        ("event_second", pa.int64()),
        ("is_second_precision", pa.bool_()),
        ("is_v1", pa.bool_()),
        ("person_rank", pa.int8()),
        ("object", pa.int32()),
        ("position", pa.int64()),
    ]
)
# Columns of a spilled batch that no table has.
OBJECT_COLUMN = "_object"
# The object of a row that is none: it was quarantined, and settling leaves it out.
NO_OBJECT = -1
FLAGS_COLUMN = "_flags"
_PART_BYTES = 8 << 20
_NOBODY: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class ObjectOutcome:
    """What reading one landed object came to; `ordinal` is its place in the run.

    `messages` = `rows` + `quarantined`, which `reasons` counts by code, + `suppressed`: those of people who
    were erased. `error_code` tells why it could not
    be read at all; its rows are then void.
    """

    ordinal: int
    uri: str
    version: str
    size: int
    landed_at: str
    messages: int = 0
    rows: int = 0
    quarantined: int = 0
    error_code: str | None = None
    reasons: tuple[tuple[str, int], ...] = ()
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """A whole chunk in scratch: where its batches lie (offset, bytes, rows), and its objects' outcomes.

    `renewed` are rows, by their number, that are kept without their person under new ids, with the event id
    that each had: the lake may still have it. `omitted` are families of columns (`families`) in which no row
    has a value. `met` are ids, as keyed hashes, that rows of people who were
    erased hold beside those that are suppressed.
    """

    name: str
    batches: tuple[tuple[int, int, int], ...]
    objects: tuple[ObjectOutcome, ...]
    renewed: tuple[tuple[int, str], ...] = ()
    met: tuple[Met, ...] = ()
    omitted: str = ""

    @property
    def rows(self) -> int:
        """How many rows were spilled."""
        return sum(rows for _, _, rows in self.batches)


class _CountedFile(io.RawIOBase):
    """A file that others write to and leave open; counts what they write."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Buffer, /) -> int:
        written = self._file.write(data)
        self.size += written
        return written


class SpillWriter:
    """Writes one chunk's batches, rows and quarantined messages to scratch."""

    def __init__(self, scratch: Store, name: str) -> None:
        """Open the chunk's spill."""
        self._scratch = scratch
        self._name = name
        self._batches: list[tuple[int, int, int]] = []
        self._renewed: list[tuple[int, str]] = []
        self._filled: set[str] = set()
        with explain_errors(scratch, name, is_write=True):
            scratch.fs.makedirs(scratch.path_of(name).rpartition("/")[0], exist_ok=True)
            self._file = _open_spill(scratch, f"{name}.spill")
            self._rows_file = _open_spill(scratch, f"{name}.rows")
            self._quarantine_file = _open_spill(scratch, f"{name}.quarantine")
            self._rows = pa.ipc.new_stream(self._rows_file, ROWS_SCHEMA)
            self._quarantine = pa.ipc.new_stream(self._quarantine_file, SPILLED_SCHEMA)
        self._offset = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files, whatever happened; what did not become whole need not."""
        for file in (self._file, self._rows_file, self._quarantine_file):
            with suppress(Exception):
                file.close()

    def add(
        self, batch: TypedBatch, objects: npt.NDArray[np.int32], renewed: Mapping[int, str] = _NOBODY
    ) -> None:
        """Spill a batch; `objects` are the ordinals of its rows' objects, `renewed` old ids by row."""
        before = sum(rows for _, _, rows in self._batches)
        self._renewed += [(before + row, event_id) for row, event_id in renewed.items()]
        columns = {name: column for name, column in batch.columns.items() if column.null_count < len(column)}
        self._filled.update(columns)
        table = pa.table(columns | {OBJECT_COLUMN: pa.array(objects), FLAGS_COLUMN: pa.array(batch.flags)})
        start = self._offset
        self._offset += self._write(table)
        self._batches.append((start, self._offset - start, batch.rows))
        with explain_errors(self._scratch, f"{self._name}.rows", is_write=True):
            self._rows.write_batch(_describe_rows(batch, objects))

    def quarantine(self, rows: pa.RecordBatch) -> None:
        """Keep quarantined messages, as rows of `quarantine` without what the run adds."""
        with explain_errors(self._scratch, f"{self._name}.quarantine", is_write=True):
            self._quarantine.write_batch(rows)

    def finish(self, objects: tuple[ObjectOutcome, ...], met: tuple[Met, ...] = ()) -> ChunkOutcome:
        """Make the chunk whole; its outcome, with whom its rows met, is written last."""
        with explain_errors(self._scratch, self._name, is_write=True):
            self._rows.close()
            self._quarantine.close()
            for file in (self._file, self._rows_file, self._quarantine_file):
                file.close()
        outcome = ChunkOutcome(
            self._name, tuple(self._batches), objects, tuple(self._renewed), met, find_omitted(self._filled)
        )
        _put(self._scratch, f"{self._name}.json", json.dumps(asdict(outcome)).encode())
        return outcome

    def _write(self, table: pa.Table) -> int:
        """Write a table's stream straight into the file, and tell its size."""
        counted = _CountedFile(self._file)
        with (
            explain_errors(self._scratch, f"{self._name}.spill", is_write=True),
            pa.ipc.new_stream(pa.PythonFile(counted, "w"), table.schema) as writer,
        ):
            writer.write_table(table)
        return counted.size


def read_outcome(scratch: Store, name: str) -> ChunkOutcome:
    """Read a chunk's outcome."""
    found = json.loads(_get(scratch, f"{name}.json"))
    return ChunkOutcome(
        name=found["name"],
        batches=tuple(tuple(batch) for batch in found["batches"]),
        objects=tuple(read_object_outcome(outcome) for outcome in found["objects"]),
        renewed=tuple((row, event_id) for row, event_id in found["renewed"]),
        met=tuple(_read_met(each) for each in found["met"]),
        omitted=found.get("omitted", ""),
    )


def _read_met(found: Mapping[str, Any]) -> Met:
    return Met(**{**found, "forms": tuple(found["forms"])})


def read_object_outcome(found: Mapping[str, Any]) -> ObjectOutcome:
    """Read an object's outcome from its JSON."""
    return ObjectOutcome(**{**found, "reasons": tuple((code, count) for code, count in found["reasons"])})


def read_rows(scratch: Store, outcome: ChunkOutcome) -> pa.Table:
    """Read what settling needs to know of a chunk's rows, in their order."""
    return _deserialize(_get(scratch, f"{outcome.name}.rows"))


def read_quarantined(scratch: Store, outcome: ChunkOutcome) -> Iterator[pa.Table]:
    """Read a chunk's quarantined messages, some at a time."""
    key = f"{outcome.name}.quarantine"
    with explain_errors(scratch, key), scratch.fs.open(scratch.path_of(key), "rb") as file:
        for batch in pa.ipc.open_stream(file):
            yield pa.Table.from_batches([batch])


def read_batch(scratch: Store, outcome: ChunkOutcome, place: int) -> pa.Table:
    """Read one of a chunk's batches; each dictionary has memory of its own, apart from the batch's."""
    offset, size, _ = outcome.batches[place]
    data = _get(scratch, f"{outcome.name}.spill", offset, offset + size)
    # Read from a file, where reading from a buffer would give slices of the whole.
    return pa.ipc.open_stream(pa.PythonFile(io.BytesIO(data), "r")).read_all()


def drop_run(scratch: Store, run_id: str) -> None:
    """Delete everything that a run spilled."""
    path = scratch.path_of(run_id)
    with explain_errors(scratch, run_id, is_write=True):
        if scratch.fs.exists(path):
            scratch.fs.rm(path, recursive=True)


def _describe_rows(batch: TypedBatch, objects: npt.NDArray[np.int32]) -> pa.RecordBatch:
    app_id = batch.columns["app_id"]
    words = ids_to_words(batch.columns["event_id"])
    api_version = batch.columns["api_version"].cast(pa.string())
    arrays = [
        app_id if pa.types.is_dictionary(app_id.type) else app_id.dictionary_encode(),
        batch.columns["event_date"],
        pa.array(words[:, 0]),
        pa.array(words[:, 1]),
        pa.array(batch.identities.second_key),
        pc.divide(batch.columns["event_time"].cast(pa.int64()), 1_000_000),
        pa.array(batch.is_second_precision),
        pc.starts_with(api_version, "1"),
        pa.array(batch.identities.person_rank),
        pa.array(objects),
        batch.columns["source_position"],
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=ROWS_SCHEMA)


def ids_to_words(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """Read ids of 32 hex digits as pairs of 64-bit words, which join faster than text."""
    offsets = np.frombuffer(ids.buffers()[1], dtype=np.int32)[ids.offset : ids.offset + len(ids) + 1]
    digits = memoryview(ids.buffers()[2])[offsets[0] : offsets[-1]] if len(ids) else b""
    return np.frombuffer(bytes.fromhex(bytes(digits).decode("ascii")), dtype="<u8").reshape(-1, 2)


def _open_spill(scratch: Store, key: str) -> BinaryIO:
    # An object store's client holds back what it has not sent yet, by default 50 MB a file.
    blocks = {} if scratch.is_local else {"block_size": _PART_BYTES}
    file: BinaryIO = scratch.fs.open(scratch.path_of(key), "wb", **blocks)
    return file


def _deserialize(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(data)).read_all()


def _put(scratch: Store, key: str, data: pa.Buffer | bytes) -> None:
    with explain_errors(scratch, key, is_write=True):
        scratch.fs.pipe_file(scratch.path_of(key), bytes(data))


def _get(scratch: Store, key: str, start: int | None = None, end: int | None = None) -> bytes:
    with explain_errors(scratch, key):
        data: bytes = scratch.fs.cat_file(scratch.path_of(key), start=start, end=end)
        return data
