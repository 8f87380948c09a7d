"""Rows of text for the tests of normalizing, and batches made of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from etl.appsflyer.messages import Stray, TextBatch
from etl.appsflyer.normalize import TypedBatch, normalize_batch

Row = Mapping[str, str | None]

SOUND: Row = {
    "app_id": "id1",
    "event_name": "buy",
    "event_time": "2026-09-01 10:00:00.123",
    "appsflyer_id": "1-2",
}


def make_batch(*rows: Row, strays: tuple[Stray, ...] = ()) -> TextBatch:
    """Make a batch of rows, each given by the fields that it has."""
    names = sorted({name for row in rows for name in row})
    return TextBatch(
        columns={name: pa.array([row.get(name) for row in rows], pa.string()) for name in names},
        positions=np.arange(1, len(rows) + 1, dtype=np.int64),
        messages=len(rows),
        strays=strays,
    )


def normalize_rows(*rows: Row, strays: tuple[Stray, ...] = ()) -> TypedBatch:
    """Normalize rows, each of them sound but for what it says itself."""
    return normalize_batch(make_batch(*({**SOUND, **row} for row in rows), strays=strays))


def read_column(batch: TypedBatch, name: str) -> list[object]:
    """Give a column's values, maps as dictionaries; an absent column is all null."""
    column = batch.columns.get(name)
    values = [None] * batch.rows if column is None else column.to_pylist()
    return [dict(value) if value and name == "extra" else value for value in values]
