"""Liftoff's name of each row's event."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from etl.liftoff.columns import get_column
from etl.liftoff.vocabulary import name_event


def map_event_names(rows: pa.Table, events: Mapping[str, str]) -> pa.Array:
    """Give Liftoff's name of each row's event; null where it has none.

    Installs are `install`. Other conversions go by their topic, in-app events by `event_name`, exactly as
    spelled; an in-app event that an app calls `install` is none.
    """
    topics = get_column(rows, "topic", pa.string()).fill_null("").dictionary_encode()
    names = get_column(rows, "event_name", pa.string()).fill_null("").dictionary_encode()
    known_topics, known_names = topics.dictionary.to_pylist(), names.dictionary.to_pylist()
    table = pa.array(
        [name_event(topic, name, events) for topic in known_topics for name in known_names], pa.string()
    )
    places = topics.indices.to_numpy().astype(np.int64) * max(len(known_names), 1) + names.indices.to_numpy()
    return table.take(pa.array(places))
