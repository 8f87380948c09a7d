"""One run of ingest as a value: which objects it reads, in which chunks, when it began."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from etl.appsflyer.pull.source import PullSource
from etl.jobs.discovery import RunObject
from etl.stores import LandedObject, Store
from etl.stores.translating import explain_errors


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its id, its start, its chunks of objects, and whether it replaces what these published.

    `erased` is the ledger's stamp of who is not to come back when it began; None where nobody is. `pull` says
    that its objects are files of the Pull API, of which it publishes what the lake lacks.
    """

    id: str
    started_at: datetime
    is_reprocess: bool
    chunks: tuple[tuple[RunObject, ...], ...]
    erased: str | None = None
    pull: PullSource | None = None

    @property
    def objects(self) -> tuple[RunObject, ...]:
        """All objects of the run, by ordinal."""
        return tuple(each for chunk in self.chunks for each in chunk)

    def chunk_name(self, place: int) -> str:
        """Name a chunk in scratch."""
        return f"{self.id}/chunk-{place:04d}"

    def load_id(self, ordinal: int) -> str:
        """Name the load of an object: one row of `loads`."""
        return f"{self.id}-{ordinal:06d}"


def name_run(now: datetime) -> str:
    """Name a run by its start; the random part keeps two that start together apart."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def save_run(scratch: Store, run: Run) -> None:
    """Keep a run in scratch, for tasks on other machines."""
    with explain_errors(scratch, run.id, is_write=True):
        scratch.fs.makedirs(scratch.path_of(run.id), exist_ok=True)
        scratch.fs.pipe_file(
            scratch.path_of(f"{run.id}/run.json"), json.dumps(asdict(run), default=_spell).encode()
        )


def load_run(scratch: Store, run_id: str) -> Run:
    """Read a run that `save_run` kept."""
    with explain_errors(scratch, run_id):
        found = json.loads(scratch.fs.cat_file(scratch.path_of(f"{run_id}/run.json")))
    return Run(
        id=found["id"],
        started_at=datetime.fromisoformat(found["started_at"]),
        is_reprocess=found["is_reprocess"],
        chunks=tuple(tuple(_read_object(each) for each in chunk) for chunk in found["chunks"]),
        erased=found["erased"],
        pull=None if found["pull"] is None else PullSource(**found["pull"]),
    )


def _read_object(item: dict[str, object]) -> RunObject:
    landed = dict(item["landed"])  # type: ignore[call-overload]  # JSON of our own making
    landed["modified_at"] = datetime.fromisoformat(landed["modified_at"])
    return RunObject(
        ordinal=int(str(item["ordinal"])),
        landed=LandedObject(**landed),
        landed_at=datetime.fromisoformat(str(item["landed_at"])),
        landed_by=datetime.fromisoformat(str(item["landed_by"])),
    )


def _spell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"A run cannot hold a {type(value).__name__}.")
