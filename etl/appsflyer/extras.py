"""Build the `extra` column: a map of every value that no other column holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.unify import Extra

EXTRA_TYPE = pa.map_(pa.string(), pa.string())


def build_extra(extras: list[Extra], rows: int) -> pa.Array:
    """Build one map a row from name to text, in order of names; null where a row has none."""
    extras = sorted((extra for extra in extras if len(extra.rows)), key=lambda extra: extra.name)
    if not extras:
        return pa.nulls(rows, EXTRA_TYPE)
    places = np.concatenate([extra.rows for extra in extras])
    order = np.argsort(places, kind="stable")
    names = pa.DictionaryArray.from_arrays(
        np.repeat(np.arange(len(extras), dtype=np.int32), [len(extra.rows) for extra in extras]),
        pa.array([extra.name for extra in extras], pa.string()),
    ).cast(pa.string())
    texts = pa.concat_arrays([extra.texts for extra in extras])
    counts = np.bincount(places, minlength=rows)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    is_null = np.append(counts == 0, False)
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32(), mask=is_null), names.take(pa.array(order)), texts.take(pa.array(order))
    )


def join_extra(extra: pa.Array) -> pa.Array:
    """Join each row's values into one text, a line each, to be searched; null where there are none."""
    if extra.null_count == len(extra):
        return pa.nulls(len(extra), pa.string())
    offsets = pa.array(
        extra.offsets.to_numpy(),
        pa.int32(),
        mask=np.append(pc.is_null(extra).to_numpy(zero_copy_only=False), False),
    )
    return pc.binary_join(pa.ListArray.from_arrays(offsets, extra.items), "\n")
