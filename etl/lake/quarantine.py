"""Messages that are no events: kept with their bytes, a reason code, the object and the position."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.tables import MAP_TYPE, QUARANTINE

# What a chunk spills of a quarantined message; the run adds the rest.
SPILLED_SCHEMA = pa.schema(
    [
        ("object", pa.int32()),
        ("position", pa.int64()),
        ("reason", pa.string()),
        ("field", pa.string()),
        ("raw", pa.string()),
        ("raw_encoding", pa.string()),
        ("app_id", pa.string()),
        ("message", MAP_TYPE),
    ]
)


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """One message that goes to quarantine; `message` holds the fields that could be read."""

    object: int
    position: int
    reason: str
    raw: bytes
    field: str | None = None
    message: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceObject:
    """Where quarantined messages came from."""

    uri: str
    version: str
    landed_at: datetime
    load_id: str


def quarantine_table(messages: Sequence[QuarantinedMessage]) -> pa.RecordBatch:
    """Make rows of quarantined messages: bytes as text, in base64 where they are not UTF-8."""
    texts = [_spell_raw(each.raw) for each in messages]
    columns = [
        [each.object for each in messages],
        [each.position for each in messages],
        [str(each.reason) for each in messages],
        [each.field for each in messages],
        [text for text, _ in texts],
        [encoding for _, encoding in texts],
        [each.message.get("app_id") for each in messages],
        [list(each.message.items()) or None for each in messages],
    ]
    arrays = [pa.array(values, column.type) for values, column in zip(columns, SPILLED_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SPILLED_SCHEMA)


def finish_quarantine(
    spilled: pa.Table, sources: Mapping[int, SourceObject], loaded_at: datetime
) -> pa.Table:
    """Add what the run knows: rows of the table `quarantine`, those of objects without a source left out."""
    rows = [row for row in spilled.to_pylist() if row["object"] in sources]
    return pa.Table.from_pylist(
        [_finish_row(row, sources[row["object"]], loaded_at) for row in rows], QUARANTINE.schema
    )


def drop_known(rows: pa.Table, known_ids: pa.ChunkedArray) -> pa.Table:
    """Leave out the messages that the table has already."""
    return rows.filter(pc.invert(pc.is_in(rows["quarantine_id"], value_set=known_ids.combine_chunks())))


def quarantine_id(source: SourceObject, position: int, reason: str, raw: str) -> str:
    """Name a quarantined message: equal when the same version of the same object is read again."""
    text = "\x1f".join([source.uri, source.version, str(position), reason, raw])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _finish_row(row: Mapping[str, object], source: SourceObject, loaded_at: datetime) -> dict[str, object]:
    kept = {name: row[name] for name in ("reason", "field", "raw", "raw_encoding", "app_id", "message")}
    position = int(str(row["position"]))
    return kept | {
        "quarantine_id": quarantine_id(source, position, str(row["reason"]), str(row["raw"])),
        "source_uri": source.uri,
        "source_version": source.version,
        "source_position": position,
        "landed_at": source.landed_at,
        "loaded_at": loaded_at,
        "load_id": source.load_id,
    }


def _spell_raw(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode("ascii"), "base64"
