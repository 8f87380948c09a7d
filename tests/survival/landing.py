"""A landing folder made of bytes, ingested for real, and what came of each of its objects."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from etl.jobs.ingest import IngestOptions, ingest
from etl.jobs.reports import IngestReport
from etl.settings.models import Ingest, Settings, Storage

Row = dict[str, Any]

NOW = datetime(2026, 9, 2, tzinfo=UTC)
MESSAGE: Mapping[str, object] = {
    "app_id": "id1",
    "event_name": "af_purchase",
    "event_time": "2026-09-01 10:00:00.123",
    "appsflyer_id": "1600000000000-1234567",
    "media_source": "network_int",
    "api_version": "2.0",
}


def message(**changes: object) -> dict[str, object]:
    """Make a message that is sound; `changes` are its fields that differ, `...` takes one away."""
    return {name: value for name, value in {**MESSAGE, **changes}.items() if value is not ...}


def as_line(**changes: object) -> bytes:
    """Make a line of JSON of a message."""
    return json.dumps(message(**changes), ensure_ascii=False).encode() + b"\n"


@dataclass(slots=True)
class Landing:
    """A landing folder beside its lake; each call of `land` adds objects, each of `run` ingests them."""

    root: Path
    rules: Ingest = field(default_factory=lambda: Ingest(workers=1))

    @property
    def settings(self) -> Settings:
        """Settings that keep everything under `root`."""
        return Settings(
            storage=Storage(
                landing=str(self.root / "landing"),
                lake=str(self.root / "lake"),
                opt_outs=str(self.root / "opt_outs"),
                ledger=f"sqlite:///{self.root / 'ledger.db'}",
            ),
            ingest=self.rules,
        )

    def land(self, files: Mapping[str, bytes]) -> None:
        """Write objects by their keys, as if at `NOW`."""
        for key, data in files.items():
            path = self.root / "landing" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (NOW.timestamp(), NOW.timestamp()))

    def run(self, *, is_reprocess: bool = False) -> IngestReport:
        """Ingest what is new."""
        return ingest(self.settings, IngestOptions(is_reprocess=is_reprocess), now=NOW)

    def read(self) -> Lake:
        """Read the lake as it is."""
        return Lake(*(_read_table(self.root / "lake" / name) for name in ("events", "quarantine", "loads")))


@dataclass(frozen=True, slots=True)
class Lake:
    """All rows of the three tables."""

    events: Sequence[Row]
    quarantine: Sequence[Row]
    loads: Sequence[Row]

    def events_of(self, key: str) -> list[Row]:
        """Give an object's events in the order of its messages."""
        return sorted(_of_object(self.events, key), key=lambda row: row["source_position"])

    def event_of(self, key: str) -> Row:
        """Give the one event of an object."""
        (row,) = self.events_of(key)
        return row

    def quarantine_of(self, key: str) -> list[Row]:
        """Give an object's quarantined messages in their order."""
        return sorted(_of_object(self.quarantine, key), key=lambda row: row["source_position"])

    def load_of(self, key: str) -> Row:
        """Give the one load of an object."""
        (row,) = _of_object(self.loads, key)
        return row


def raw_of(row: Row) -> bytes:
    """Give the bytes of a quarantined message."""
    return base64.b64decode(row["raw"]) if row["raw_encoding"] == "base64" else row["raw"].encode()


def _of_object(rows: Sequence[Row], key: str) -> list[Row]:
    return [row for row in rows if row["source_uri"].endswith(f"/landing/{key}")]


def _read_table(path: Path) -> list[Row]:
    if not DeltaTable.is_deltatable(str(path)):
        return []
    return [_spell_maps(row) for row in DeltaTable(str(path)).to_pyarrow_table().to_pylist()]


def _spell_maps(row: Row) -> Row:
    maps = {name: dict(row[name]) for name in ("extra", "message") if row.get(name) is not None}
    return row | maps
