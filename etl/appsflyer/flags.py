"""The codes of `quality_flags`, each a bit while rows are on their way."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.row_rules import FLAG_CODES

FLAGS: tuple[str, ...] = FLAG_CODES
FLAG_BITS = {code: 1 << place for place, code in enumerate(FLAGS)}


def spell_flags(bits: npt.NDArray[np.int64], codes: tuple[str, ...] = FLAGS) -> pa.Array:
    """Write bit masks as lists of codes, null where no bit is set."""
    distinct, inverse = np.unique(bits, return_inverse=True)
    lists = [
        [code for place, code in enumerate(codes) if mask >> place & 1] or None for mask in distinct.tolist()
    ]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(inverse))
