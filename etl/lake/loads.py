"""What became of each landed object: the rows of `loads`, and the law that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.errors import ConservationError
from etl.lake.spill import NO_OBJECT, ObjectOutcome
from etl.lake.tables import LOADS


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What became of one object's messages.

    Each is counted once, as published, duplicate or (in `outcome`) quarantined.
    """

    load_id: str
    outcome: ObjectOutcome
    published: int
    duplicates: int

    @property
    def status(self) -> str:
        """`loaded`, or `failed` where the object could not be read."""
        return "failed" if self.outcome.error_code else "loaded"


def count_load(load_id: str, outcome: ObjectOutcome, published: int, duplicates: int) -> LoadCounts:
    """Count one load; raises ConservationError unless every message is accounted for."""
    accounted = published + duplicates + outcome.quarantined
    if outcome.messages != accounted:
        raise ConservationError(
            f"{outcome.uri} holds {outcome.messages} messages, but {accounted} are accounted for"
            f" ({published} published, {duplicates} duplicates, {outcome.quarantined} quarantined);"
            " nothing was published. Please report it."
        )
    return LoadCounts(load_id, outcome, published, duplicates)


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
            "suppressed": 0,
            "held": 0,
        }
        for load in loads
    ]
    return pa.Table.from_pylist(rows, LOADS.schema)


def count_by_object(
    objects: npt.NDArray[np.int32], keep: npt.NDArray[np.bool_], size: int
) -> tuple[list[int], list[int]]:
    """Count the rows of each object that are kept, and those that are not."""
    kept = np.bincount(objects[keep], minlength=size)
    return kept.tolist(), (np.bincount(objects[objects != NO_OBJECT], minlength=size) - kept).tolist()
