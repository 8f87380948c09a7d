"""Row rules that flag: what is odd about a row that stays.

Their codes and meanings stand in `etl/appsflyer/row_rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from etl.appsflyer.flags import FLAG_BITS
from etl.appsflyer.normalize import TypedBatch
from etl.quality.columns import Finding
from etl.quality.id_rules import find_odd_ids
from etl.quality.money_rules import find_odd_money
from etl.quality.name_rules import find_odd_names
from etl.quality.time_rules import find_odd_times
from etl.quality.topic_rules import find_odd_topics

_JUDGES: tuple[Callable[[TypedBatch], Iterator[Finding]], ...] = (
    find_odd_ids,
    find_odd_times,
    find_odd_money,
    find_odd_names,
    find_odd_topics,
)


def flag_rows(batch: TypedBatch) -> npt.NDArray[np.int64]:
    """Give the batch's flags, those that it has and those of the rules, as bits of `FLAG_BITS`.

    The vendor's "Send Test" message is full of placeholders, so no rule judges it. No row's flags depend on
    another row.
    """
    bits = np.zeros(batch.rows, dtype=np.int64)
    for judge in _JUDGES:
        for code, mask in judge(batch):
            if mask.any():
                bits[mask] |= FLAG_BITS[code]
    bits[batch.columns["is_test_message"].to_numpy(zero_copy_only=False)] = 0
    return batch.flags | bits
