"""Row rules that quarantine: what a row must have to be an event at all.

Their codes and meanings stand in `etl/appsflyer/row_rules.py`. A row is judged by the first that it breaks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.normalize import TypedBatch
from etl.appsflyer.row_rules import QUARANTINE_RULES
from etl.quality.columns import Mask, mark_present
from etl.quality.time_rules import FIRST_EVENT_AT

_CODES = tuple(rule.name for rule in QUARANTINE_RULES)


@dataclass(frozen=True, slots=True)
class RowRules:
    """What the rules need to know: the only apps allowed (None: any)."""

    apps: Collection[str] | None = None


def judge_rows(batch: TypedBatch, latest: npt.NDArray[np.int64], rules: RowRules) -> list[tuple[int, str]]:
    """Give the rows that break a rule, ascending, with the first rule that each breaks.

    `latest` is, for each row, the latest instant (µs since the epoch) at which its event can have happened.
    """
    event_time = batch.columns["event_time"]
    instant = pc.fill_null(event_time.cast(pa.int64()), FIRST_EVENT_AT).to_numpy(zero_copy_only=False)
    no_time = pc.is_null(event_time).to_numpy(zero_copy_only=False)
    said_time = ~_is_missing(batch, "event_time") | ~_is_missing(batch, "event_time_selected_timezone")
    broken = {
        "missing_app_id": _is_missing(batch, "app_id"),
        "unknown_app": _is_unknown(batch, rules.apps),
        "missing_event_name": _is_missing(batch, "event_name"),
        "missing_event_time": no_time & ~said_time,
        "unusable_event_time": no_time & said_time,
        "event_time_before_2011": instant < FIRST_EVENT_AT,
        "event_time_in_future": instant > latest,
    }
    code = np.full(batch.rows, len(_CODES), dtype=np.int8)
    for place, name in reversed(list(enumerate(_CODES))):
        code[broken[name]] = place
    rows = np.flatnonzero(code < len(_CODES))
    return [(row, _CODES[code[row]]) for row in rows.tolist()]


def _is_missing(batch: TypedBatch, name: str) -> Mask:
    return ~mark_present(batch.texts.get(name), batch.rows)


def _is_unknown(batch: TypedBatch, apps: Collection[str] | None) -> Mask:
    column = batch.texts.get("app_id")
    if apps is None or column is None:
        return np.zeros(batch.rows, dtype=bool)
    known = pc.is_in(column.cast(pa.string()), value_set=pa.array(sorted(apps), pa.string()))
    is_unknown: Mask = ~known.to_numpy(zero_copy_only=False) & ~_is_missing(batch, "app_id")
    return is_unknown
