"""Row rules that quarantine: what a row must have to be an event at all.

Each rule has a stable code. A row is judged by the first rule that it breaks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.normalize import TypedBatch

Mask = npt.NDArray[np.bool_]

# AppsFlyer was founded in 2011: an event before that has a broken clock.
FIRST_EVENT_AT = np.datetime64("2011-01-01", "us").astype(np.int64)


class RowReason(StrEnum):
    """Why a row that could be read is no event: the reason codes of `quarantine` that rules give."""

    MISSING_APP_ID = "missing_app_id"
    UNKNOWN_APP = "unknown_app"
    MISSING_EVENT_NAME = "missing_event_name"
    MISSING_EVENT_TIME = "missing_event_time"
    UNUSABLE_EVENT_TIME = "unusable_event_time"
    EVENT_TIME_BEFORE_2011 = "event_time_before_2011"
    EVENT_TIME_IN_FUTURE = "event_time_in_future"


FIELD_OF: Mapping[RowReason, str] = {
    RowReason.MISSING_APP_ID: "app_id",
    RowReason.UNKNOWN_APP: "app_id",
    RowReason.MISSING_EVENT_NAME: "event_name",
    RowReason.MISSING_EVENT_TIME: "event_time",
    RowReason.UNUSABLE_EVENT_TIME: "event_time",
    RowReason.EVENT_TIME_BEFORE_2011: "event_time",
    RowReason.EVENT_TIME_IN_FUTURE: "event_time",
}
_REASONS = tuple(RowReason)


@dataclass(frozen=True, slots=True)
class RowRules:
    """What the rules need to know: the only apps allowed (None: any)."""

    apps: Collection[str] | None = None


def judge_rows(
    batch: TypedBatch, latest: npt.NDArray[np.int64], rules: RowRules
) -> list[tuple[int, RowReason]]:
    """Give the rows that break a rule, ascending, with the first rule that each breaks.

    `latest` is, for each row, the latest instant (µs since the epoch) at which its event can have happened.
    """
    event_time = batch.columns["event_time"]
    instant = pc.fill_null(event_time.cast(pa.int64()), FIRST_EVENT_AT).to_numpy(zero_copy_only=False)
    no_time = pc.is_null(event_time).to_numpy(zero_copy_only=False)
    said_time = _has_text(batch, "event_time") | _has_text(batch, "event_time_selected_timezone")
    broken = {
        RowReason.MISSING_APP_ID: _is_missing(batch, "app_id"),
        RowReason.UNKNOWN_APP: _is_unknown(batch, rules.apps),
        RowReason.MISSING_EVENT_NAME: _is_missing(batch, "event_name"),
        RowReason.MISSING_EVENT_TIME: no_time & ~said_time,
        RowReason.UNUSABLE_EVENT_TIME: no_time & said_time,
        RowReason.EVENT_TIME_BEFORE_2011: instant < FIRST_EVENT_AT,
        RowReason.EVENT_TIME_IN_FUTURE: instant > latest,
    }
    code = np.full(batch.rows, len(_REASONS), dtype=np.int8)
    for place, reason in reversed(list(enumerate(_REASONS))):
        code[broken[reason]] = place
    rows = np.flatnonzero(code < len(_REASONS))
    return [(row, _REASONS[code[row]]) for row in rows.tolist()]


def _has_text(batch: TypedBatch, name: str) -> Mask:
    column = batch.texts.get(name)
    if column is None:
        return np.zeros(batch.rows, dtype=bool)
    mask: Mask = pc.is_valid(column).to_numpy(zero_copy_only=False)
    return mask


def _is_missing(batch: TypedBatch, name: str) -> Mask:
    return ~_has_text(batch, name)


def _is_unknown(batch: TypedBatch, apps: Collection[str] | None) -> Mask:
    column = batch.texts.get("app_id")
    if apps is None or column is None:
        return np.zeros(batch.rows, dtype=bool)
    known = pc.is_in(column.cast(pa.string()), value_set=pa.array(sorted(apps), pa.string()))
    is_unknown: Mask = ~known.to_numpy(zero_copy_only=False) & _has_text(batch, "app_id")
    return is_unknown
