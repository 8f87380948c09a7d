"""What one publish will do, as a value that the ledger can keep."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from etl.lake.drafts import DraftFile
from etl.ledger.exported import Exported, read_exported
from etl.ledger.held import HeldBatch, HeldDraft, HeldObject, Release
from etl.ledger.objects import FinishedObject

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RemovedFile:
    """A published file that the publish replaces; `path` is relative to its table's folder.

    `rows` counts those that go for good: the others stay in its successor.
    """

    table: str
    path: str
    size: int
    partition: Pairs
    rows: int = 0


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """Everything that one publish does.

    `versions` are those of the tables that the run was settled against; `number` the transaction number, 0
    until the publish is recorded; `identities` the identity fields that each app's rows have. `held` are the
    batches that it holds back, `release` says which earlier one it publishes after all, `exported` of which
    postbacks it tells the outcomes; `evidence` is what an erasure notes of itself once it is published.
    """

    run_id: str
    made_at: datetime
    versions: tuple[tuple[str, int], ...]
    drafts: tuple[DraftFile, ...]
    objects: tuple[FinishedObject, ...]
    is_reprocess: bool = False
    removed: tuple[RemovedFile, ...] = ()
    identities: tuple[tuple[str, tuple[str, ...]], ...] = ()
    held: tuple[HeldBatch, ...] = ()
    release: Release | None = None
    exported: Exported | None = None
    evidence: dict[str, Any] | None = None
    number: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish: another run has dealt with all of it."""
        return not self.drafts and not self.removed and not self.held

    def with_number(self, number: int) -> PublishPlan:
        """Give the same plan with its transaction number."""
        return replace(self, number=number)


def write_plan(plan: PublishPlan) -> str:
    """Write a plan as JSON; it holds names of files and objects, never a row's values."""
    return json.dumps(asdict(plan), default=_spell)


def read_plan(text: str) -> PublishPlan:
    """Read what `write_plan` wrote."""
    found = json.loads(text)
    return PublishPlan(
        run_id=found["run_id"],
        made_at=datetime.fromisoformat(found["made_at"]),
        versions=tuple((table, version) for table, version in found["versions"]),
        drafts=tuple(DraftFile(**_with_pairs(draft)) for draft in found["drafts"]),
        objects=tuple(
            FinishedObject(**{**item, "landed_at": datetime.fromisoformat(item["landed_at"])})
            for item in found["objects"]
        ),
        is_reprocess=found["is_reprocess"],
        removed=tuple(RemovedFile(**_with_pairs(file)) for file in found["removed"]),
        identities=tuple((app, tuple(fields)) for app, fields in found["identities"]),
        held=tuple(_read_batch(item) for item in found.get("held", ())),
        release=Release(**found["release"]) if found.get("release") else None,
        exported=read_exported(found["exported"]) if found.get("exported") else None,
        evidence=found.get("evidence"),
        number=found["number"],
    )


def _read_batch(item: dict[str, Any]) -> HeldBatch:
    read = {
        "created_at": datetime.fromisoformat(item["created_at"]),
        "failed": tuple(item["failed"]),
        "identities": tuple(item["identities"]),
        "drafts": tuple(HeldDraft(**each) for each in item["drafts"]),
        "objects": tuple(HeldObject(**each) for each in item["objects"]),
    }
    return HeldBatch(**{**item, **read})


def _with_pairs(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "partition": tuple((name, value) for name, value in item["partition"])}


def _spell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"A plan cannot hold a {type(value).__name__}.")
