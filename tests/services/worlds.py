"""A landing, a lake and a ledger of a test's own, ingested step by step in the test's own process."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from etl.errors import PeopleErasedMeanwhile
from etl.jobs import ingest
from etl.jobs.auditing import AuditedRun
from etl.jobs.encoding import EncodedGroup, encode_group
from etl.jobs.ingest import IngestOptions
from etl.jobs.keeping import drop_scratch
from etl.jobs.reports import IngestReport, report_nothing
from etl.jobs.runs import Run
from etl.lake.encode import EncodeTask, Provenance
from etl.lake.spill import ChunkOutcome
from etl.lake.tables import EVENTS, LOADS, QUARANTINE, Table, find_table
from etl.ledger.database import Ledger
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings
from etl.settings.models import Ingest, Quality, Storage, StoreOptions
from etl.stores import Store, open_store, write_object
from tests.services.s3 import S3Server

Row = dict[str, Any]
EVERYTHING: Final = IngestOptions()
KEY: Final = "push/2026/09/01/13/a.json.gz"
# What differs between two ingests of the same landing.
OF_A_RUN: Final = ("load_id", "loaded_at", "run_id")


def message(number: int, **fields: object) -> Row:
    """Make a message of the Push API V2: the same number gives the same event."""
    minute, second = divmod(number % 3600, 60)
    return {
        "app_id": "id1234567890",
        "event_name": "af_purchase",
        "event_time": f"2026-09-01 12:{minute:02d}:{second:02d}.{number % 1000:03d}",
        "event_time_selected_timezone": f"2026-09-01 12:{minute:02d}:{second:02d}.{number % 1000:03d}+0000",
        "selected_timezone": "UTC",
        "appsflyer_id": f"1756684800000-{number:019d}",
        "event_value": json.dumps({"af_revenue": number}),
        "event_revenue": f"{number}.50",
        "event_revenue_currency": "USD",
        "media_source": "liftoff_int",
        "platform": "ios",
        "api_version": "2.0",
        "conversion_type": "install",
        "campaign_type": "ua",
    } | fields


def messages(numbers: Sequence[int], **fields: object) -> list[Row]:
    """Make a message of each number."""
    return [message(number, **fields) for number in numbers]


def write_lines(rows: Sequence[Row | bytes]) -> bytes:
    """Write messages, and lines that are none, as gzipped NDJSON."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0)


@dataclass(frozen=True, slots=True)
class World:
    """Settings whose places are a test's own, and what a test does with them."""

    settings: Settings
    landing: Store = field(init=False)
    lake: Store = field(init=False)

    def __post_init__(self) -> None:
        """Open the stores."""
        storage = self.settings.storage
        object.__setattr__(self, "landing", open_store(storage.landing, storage.options))
        object.__setattr__(self, "lake", open_store(storage.lake, storage.options))

    @property
    def scratch(self) -> Store:
        """Where runs spill."""
        return open_store(self.settings.storage.scratch_uri, self.settings.storage.options)

    def open_ledger(self) -> Ledger:
        """Open the ledger."""
        return open_current_ledger(self.settings.storage.ledger)

    def land(self, rows: Sequence[Row | bytes], key: str = KEY) -> None:
        """Land an object of some messages."""
        write_object(self.landing, key, write_lines(rows))

    def discover(self, options: IngestOptions = EVERYTHING, chunks: int = 0) -> Run:
        """Discover what is to be read; there must be something."""
        run = ingest.discover(self.settings, options, chunks=chunks)
        assert run is not None
        return run

    def normalize(self, run: Run) -> list[ChunkOutcome]:
        """Normalize all chunks of a run."""
        return [ingest.normalize(self.settings, run, place) for place in range(len(run.chunks))]

    def settle(self, run: Run, outcomes: Sequence[ChunkOutcome]) -> AuditedRun:
        """Settle and audit a run."""
        settled = ingest.settle(self.settings, run, outcomes, self.encode)
        return ingest.audit(self.settings, run, settled)

    def publish(self, run: Run, outcomes: Sequence[ChunkOutcome], audited: AuditedRun) -> IngestReport:
        """Publish a run."""
        return ingest.publish(self.settings, run, outcomes, audited, self.encode)

    def encode(self, tasks: Sequence[EncodeTask], provenance: Provenance) -> Iterator[EncodedGroup]:
        """Encode in this process."""
        return map(partial(encode_group, self.settings, provenance), tasks)

    def ingest(self, *, is_reprocess: bool = False, chunks: int = 0) -> IngestReport:
        """Do as `etl.jobs.ingest.ingest` does, in this process."""
        ingest.finish_cut_off(self.settings)
        options = IngestOptions(is_reprocess=is_reprocess)
        run = ingest.discover(self.settings, options, chunks=chunks)
        if run is None:
            return report_nothing()
        outcomes = self.normalize(run)
        try:
            settled = self.settle(run, outcomes)
        except PeopleErasedMeanwhile:
            drop_scratch(self.settings, run.id)
            return self.ingest(is_reprocess=is_reprocess, chunks=chunks)
        report = self.publish(run, outcomes, settled)
        drop_scratch(self.settings, run.id)
        return report

    def read(self, table: Table) -> pa.Table:
        """Read a table as analysts see it."""
        delta = find_table(self.lake, table)
        return table.schema.empty_table() if delta is None else delta.to_pyarrow_dataset().to_table()

    def events(self, *columns: str) -> list[Row]:
        """Give the events by their id, or some columns of them."""
        rows = self.read(EVENTS).sort_by([("event_id", "ascending")])
        return list((rows.select(columns) if columns else rows).to_pylist())

    def loads(self, status: str = "loaded") -> list[Row]:
        """Give the loads of a status, by object."""
        rows = self.read(LOADS).sort_by([("source_uri", "ascending"), ("loaded_at", "ascending")]).to_pylist()
        return [row for row in rows if row["status"] == status]

    def quarantine(self) -> list[Row]:
        """Give what is in quarantine, by its id."""
        return list(self.read(QUARANTINE).sort_by([("quarantine_id", "ascending")]).to_pylist())

    def contents(self) -> Mapping[str, list[str]]:
        """Give all that does not depend on when, or in how many runs, the landing was ingested."""
        return {table.name: _spell_rows(self.read(table)) for table in (EVENTS, QUARANTINE, LOADS)}

    def versions(self) -> dict[str, int]:
        """Give the tables' versions."""
        found = {table.name: find_table(self.lake, table) for table in (EVENTS, QUARANTINE, LOADS)}
        return {name: delta.version() for name, delta in found.items() if delta is not None}

    def live_paths(self, table: Table = EVENTS) -> set[str]:
        """Give the URIs of a table's live files."""
        delta = find_table(self.lake, table)
        return set() if delta is None else set(delta.file_uris())

    def twin(self, folder: Path) -> "World":
        """Make a world with the same landing and nothing else."""
        storage = {"lake": str(folder / "lake"), "ledger": f"sqlite:///{folder / 'ledger.db'}"}
        return World(
            self.settings.model_copy(update={"storage": self.settings.storage.model_copy(update=storage)})
        )


def _spell_rows(rows: pa.Table) -> list[str]:
    kept = rows.drop_columns([name for name in OF_A_RUN if name in rows.column_names])
    return sorted(repr(row) for row in kept.to_pylist())


def check_conservation(world: World) -> None:
    """Check that each version of an object was loaded once, and that loads and tables tell the same."""
    loads, released = world.loads(), world.loads("released")
    versions = [(load["source_uri"], load["source_version"]) for load in loads]
    assert len(versions) == len(set(versions))
    for load in loads:
        accounted = (
            load["published"] + load["duplicates"] + load["quarantined"] + load["held"] + load["suppressed"]
        )
        assert load["messages"] == accounted
    for load in released:
        assert load["messages"] == load["published"] + load["duplicates"]
    published = sum(load["published"] for load in (*loads, *released))
    assert published == len(world.events("event_id"))
    held = [row["quarantine_id"] for row in world.quarantine()]
    assert len(held) == len(set(held)) == sum(load["quarantined"] for load in loads)


def build_settings(folder: Path, ledger: str, **storage: object) -> Settings:
    """Make settings whose places lie in a folder, but for those that are given; nothing is judged."""
    folders = {name: str(folder / name) for name in ("landing", "lake", "opt_outs", "pull")}
    places = {**folders, "ledger": ledger, **storage}
    return Settings(
        storage=Storage.model_validate(places), ingest=Ingest(workers=1), quality=Quality(audit=False)
    )


def open_local_world(folder: Path) -> World:
    """Make a world of folders and a SQLite ledger in an empty folder."""
    (folder / "landing").mkdir()
    return World(build_settings(folder, f"sqlite:///{folder / 'ledger.db'}"))


@pytest.fixture
def local_world(tmp_path: Path) -> World:
    """Folders and a SQLite ledger."""
    return open_local_world(tmp_path)


@pytest.fixture
def s3_world(tmp_path: Path, s3_credentials: S3Server, s3_uri: str, ready_postgres_url: str) -> World:
    """A bucket of a real S3 server and a real Postgres."""
    options: StoreOptions = s3_credentials.options
    places = {"landing": f"{s3_uri}/landing", "lake": f"{s3_uri}/lake", "options": options}
    return World(build_settings(tmp_path, ready_postgres_url, **places))


@pytest.fixture(params=["local", "s3"])
def world(request: pytest.FixtureRequest) -> World:
    """The same world of each kind in turn."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
