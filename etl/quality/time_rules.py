"""Rules on the order of a row's times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from etl.appsflyer.normalize import TypedBatch
from etl.quality.columns import Finding, Mask, mark_boolean, mark_present, mark_values

# AppsFlyer was founded in 2011: what is older has a broken clock.
FIRST_EVENT_AT = int(np.datetime64("2011-01-01", "us").astype(np.int64))
# Clocks of networks, stores and servers differ by seconds; V1.0's times are whole seconds.
_SKEW_MICROSECONDS = 60_000_000


@dataclass(frozen=True, slots=True)
class _Times:
    micros: npt.NDArray[np.int64]
    is_known: Mask


def find_odd_times(batch: TypedBatch) -> Iterator[Finding]:
    """Find times that cannot have followed each other as they say."""
    event, install, touch = (
        _read_times(batch, name) for name in ("event_time", "install_time", "attributed_touch_time")
    )
    yield "install_after_event", _is_after(install, event)
    yield "touch_after_event", _is_after(touch, event)
    is_late = _is_after(touch, install)
    if is_late.any():
        yield "touch_after_install", is_late & ~_is_retargeting(batch)
    for times in (install, touch):
        yield "time_before_2011", times.is_known & (times.micros < FIRST_EVENT_AT)
    is_organic = mark_values(batch, "media_source", lambda source: source.strip().casefold() == "organic")
    yield "organic_with_touch", is_organic & touch.is_known


def _read_times(batch: TypedBatch, name: str) -> _Times:
    column = batch.columns[name]
    # Not `to_numpy`, which makes floats of a column with nulls; what stands in their place is not asked for.
    held = np.frombuffer(column.buffers()[1], dtype=np.int64)
    return _Times(held[column.offset : column.offset + batch.rows], mark_present(column, batch.rows))


def _is_after(later: _Times, earlier: _Times) -> Mask:
    is_after: Mask = later.micros - earlier.micros > _SKEW_MICROSECONDS
    return is_after & later.is_known & earlier.is_known


def _is_retargeting(batch: TypedBatch) -> Mask:
    """Mark rows of retargeting, by topic or by their own word, among them the other half of a pair."""
    is_told = mark_boolean(batch, "is_retargeting", value=True)
    is_told |= mark_present(batch.texts.get("retargeting_conversion_type"), batch.rows)
    topic = batch.columns["topic"]
    is_topic = np.array([name.startswith("re_") for name in topic.dictionary.to_pylist()], dtype=bool)
    mask: Mask = is_told | is_topic[topic.indices.to_numpy()]
    return mask
