"""The rule on the fields that tell a topic: what they say must agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.normalize import TypedBatch
from etl.appsflyer.topics import Topic, is_conversion_name, topic_of_conversion, topic_of_event_type
from etl.quality.columns import Finding, Mask, mark_boolean, mark_values

_FIELDS = ("event_type", "conversion_type", "campaign_type")


def find_odd_topics(batch: TypedBatch) -> Iterator[Finding]:
    """Find rows whose fields tell of two topics."""
    is_acquired = mark_boolean(batch, "is_primary_attribution", value=False)
    if is_acquired.any():
        is_other = _mark_topics(batch, lambda topic: topic != Topic.INSTALL_IN_APP_EVENT)
        yield "topic_contradicted", is_acquired & is_other
    is_not_retargeting = mark_boolean(batch, "is_retargeting", value=False)
    if is_not_retargeting.any():
        is_retargeting = _mark_topics(batch, lambda topic: topic.startswith("re_"))
        yield "topic_contradicted", is_not_retargeting & is_retargeting
    if {"event_type", "conversion_type"} <= batch.texts.keys():
        yield "topic_contradicted", _compare_types(batch)


def _mark_topics(batch: TypedBatch, test: Callable[[str], bool]) -> Mask:
    topic = batch.columns["topic"]
    passes = np.array([test(name) for name in topic.dictionary.to_pylist()], dtype=bool)
    mask: Mask = passes[topic.indices.to_numpy()]
    return mask


def _compare_types(batch: TypedBatch) -> Mask:
    """Compare what `event_type` says with what the conversion says, once a combination of their texts."""
    places = mark_values(batch, "event_name", is_conversion_name).astype(np.int64)
    lists: list[Sequence[str | None]] = [("in-app", "install")]
    for name in _FIELDS:
        indices, values = _encode(batch.texts.get(name), batch.rows)
        places = places * len(values) + indices
        lists.append(values)
    found, inverse = np.unique(places, return_inverse=True)
    chosen = np.unravel_index(found, [len(values) for values in lists])
    told = zip(
        *(map(values.__getitem__, at.tolist()) for values, at in zip(lists, chosen, strict=True)), strict=True
    )
    mask: Mask = np.array([_disagree(*texts) for texts in told], dtype=bool)[inverse]
    return mask


def _disagree(
    event_name: str | None, event_type: str | None, conversion_type: str | None, campaign_type: str | None
) -> bool:
    by_type = topic_of_event_type(event_type)
    by_conversion = topic_of_conversion(conversion_type, campaign_type, event_name)
    return by_type is not None and by_conversion is not None and by_type != by_conversion


def _encode(column: pa.Array | None, rows: int) -> tuple[npt.NDArray[np.int64], list[str | None]]:
    """Give each row's place among the column's texts, null the last of them."""
    if column is None:
        return np.zeros(rows, dtype=np.int64), [None]
    values = [*column.dictionary.to_pylist(), None]
    places = column.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
    return places.astype(np.int64), values
