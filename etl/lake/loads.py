"""What became of each landed object: the rows of `loads`, and the law that nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.errors import ConservationError
from etl.lake.spill import ObjectOutcome
from etl.lake.tables import LOADS


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What became of one object's messages.

    Each is counted once, as published, duplicate, held back or (in `outcome`) quarantined or suppressed. A
    release counts those that an earlier load counted as held.
    """

    load_id: str
    outcome: ObjectOutcome
    published: int
    duplicates: int
    held: int = 0
    is_release: bool = False

    @property
    def status(self) -> str:
        """`loaded`; `failed` where the object could not be read; `released` where held rows came in."""
        if self.is_release:
            return "released"
        return "failed" if self.outcome.error_code else "loaded"


@dataclass(frozen=True, slots=True)
class AppLoad:
    """What one object, by its ordinal, gave to one app: rows to publish, and duplicates."""

    app_id: str
    ordinal: int
    published: int
    duplicates: int


def count_load(
    load_id: str, outcome: ObjectOutcome, app_loads: Sequence[AppLoad], held_apps: Collection[str] = ()
) -> LoadCounts:
    """Count one load of what it gave to each app.

    Raises ConservationError unless every message is accounted for.
    """
    published = sum(each.published for each in app_loads if each.app_id not in held_apps)
    held = sum(each.published for each in app_loads if each.app_id in held_apps)
    duplicates = sum(each.duplicates for each in app_loads)
    accounted = published + duplicates + held + outcome.quarantined + outcome.suppressed
    if outcome.messages != accounted:
        raise ConservationError(
            f"{outcome.uri} holds {outcome.messages} messages, but {accounted} are accounted for"
            f" ({published} published, {duplicates} duplicates, {held} held, {outcome.quarantined}"
            f" quarantined, {outcome.suppressed} suppressed); nothing was published. Please report it."
        )
    return LoadCounts(load_id, outcome, published, duplicates, held)


def loads_table(loads: Sequence[LoadCounts], run_id: str, loaded_at: datetime) -> pa.Table:
    """Make the rows of `loads`."""
    rows = [
        {
            "load_id": load.load_id,
            "run_id": run_id,
            "source_uri": load.outcome.uri,
            "source_version": load.outcome.version,
            "size": load.outcome.size,
            "landed_at": datetime.fromisoformat(load.outcome.landed_at),
            "loaded_at": loaded_at,
            "status": load.status,
            "error_code": load.outcome.error_code,
            "messages": load.outcome.messages,
            "published": load.published,
            "duplicates": load.duplicates,
            "quarantined": load.outcome.quarantined,
            "suppressed": load.outcome.suppressed,
            "held": load.held,
        }
        for load in loads
    ]
    return pa.Table.from_pylist(rows, LOADS.schema)


def count_by_app(
    objects: npt.NDArray[np.int32], apps: npt.NDArray[np.int32], keep: npt.NDArray[np.bool_]
) -> list[tuple[int, int, int, int]]:
    """Count rows by app and object: each pair, with its rows that are kept and those that are not."""
    pairs = apps.astype(np.int64) << 32 | objects
    distinct, inverse = np.unique(pairs, return_inverse=True)
    kept = np.bincount(inverse, weights=keep, minlength=len(distinct)).astype(np.int64)
    total = np.bincount(inverse, minlength=len(distinct))
    columns = (distinct >> 32, distinct & 0xFFFFFFFF, kept, total - kept)
    return list(zip(*(column.tolist() for column in columns), strict=True))
