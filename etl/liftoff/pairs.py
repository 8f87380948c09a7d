"""Retargeting pairs: one thing that a person did, told once for each of its two media sources.

Vendor document followed: "AppsFlyer: Push API V2.0", its section on duplicate retargeting in-app events: the
half of the original source, and nothing else, has `is_primary_attribution` false.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.addresses import client_ip
from etl.liftoff.columns import (
    Mask,
    get_column,
    get_milliseconds,
    get_text,
    mark_false,
    mark_true,
    mark_values,
)
from etl.liftoff.consent import is_authorized
from etl.liftoff.gates import BLOCKING, GATES, ORDER, spell_codes
from etl.liftoff.policy import SendingPolicy

_HOUR_MS: Final = 3_600_000
_OTHER_HALF: Final = "pair_other_half"
# What halves say of consent counts for the occurrence where any of them says no: this value.
_STRICTER: Final = (
    ("is_lat", True),
    ("gdpr_applies", True),
    ("ad_user_data_enabled", False),
    ("ad_personalization_enabled", False),
)


def unite_halves(rows: pa.Table) -> pa.Table:
    """Give all halves of an occurrence the strictest consent of any, and an IPv6 address if one has it.

    All halves of an occurrence must be in the table. Call it before mapping.
    """
    groups = _group(rows)
    if groups is None:
        return rows
    united = {name: _unite_booleans(rows, name, value, groups) for name, value in _STRICTER}
    united["att"] = _unite_texts(rows, "att", lambda att: not is_authorized(att), groups)
    united["ip"] = _unite_texts(rows, "ip", lambda ip: ":" in (client_ip(ip) or ""), groups)
    for name, column in united.items():
        if name in rows.column_names:
            rows = rows.set_column(rows.column_names.index(name), name, column)
    return rows


def choose_halves(rows: pa.Table, codes: pa.Array, policy: SendingPolicy, now_ms: int) -> pa.Array:
    """Give the codes with one row an occurrence left: null where a row is to be sent.

    The primary half is sent; the other alone only when it was loaded longer ago than pairs take to settle.
    What blocks an occurrence blocks it by either half. The rows that were not chosen say so, whatever else
    refused them, so that each occurrence is counted once under its reason. All halves of an occurrence must
    be in the table.
    """
    is_other = mark_false(rows, "is_primary_attribution")
    codes = _refuse(codes, is_other & _is_fresh(rows, policy, now_ms), "pair_settling")
    groups = _group(rows)
    if groups is None:
        return codes
    codes = _spread_blocks(codes, groups)
    is_chosen = _choose(rows, codes, is_other, groups)
    return pc.if_else(pa.array(is_chosen), codes, _OTHER_HALF)


def _is_fresh(rows: pa.Table, policy: SendingPolicy, now_ms: int) -> Mask:
    loaded_ms = get_milliseconds(rows, "loaded_at")
    ages = now_ms - loaded_ms.fill_null(now_ms).to_numpy(zero_copy_only=False)
    return np.asarray(ages < policy.pair_settling_hours * _HOUR_MS)


def _group(rows: pa.Table) -> npt.NDArray[np.int32] | None:
    """Number the rows' occurrences; None where each row is one of its own."""
    encoded = get_column(rows, "occurrence_id", pa.string()).dictionary_encode()
    if len(encoded.dictionary) == len(rows):
        return None
    numbers: npt.NDArray[np.int32] = encoded.indices.to_numpy(zero_copy_only=False)
    return numbers


def _spread_blocks(codes: pa.Array, groups: npt.NDArray[np.int32]) -> pa.Array:
    """Give every half the first code that blocks the occurrence by any of them."""
    encoded = codes.dictionary_encode()
    known = encoded.dictionary.to_pylist()
    ranks = np.array([*(ORDER[code] if code in BLOCKING else len(GATES) for code in known), len(GATES)])
    places = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    first = np.full(groups.max() + 1, len(GATES), dtype=np.int64)
    np.minimum.at(first, groups, ranks[places])
    return pc.coalesce(spell_codes(first[groups]), codes)


def _choose(rows: pa.Table, codes: pa.Array, is_other: Mask, groups: npt.NDArray[np.int32]) -> Mask:
    """Choose a row of each occurrence: one that may leave, then the primary half, then the least event id."""
    is_refused = codes.is_valid().to_numpy(zero_copy_only=False)
    is_unsaid = ~mark_true(rows, "is_primary_attribution")
    ids = pc.rank(get_column(rows, "event_id", pa.string()), tiebreaker="first").to_numpy()
    order = np.lexsort((ids, is_unsaid, is_other, is_refused, groups))
    in_order = groups[order]
    is_first = np.concatenate([[True], in_order[1:] != in_order[:-1]])
    mask = np.zeros(len(groups), dtype=bool)
    mask[order[is_first]] = True
    return mask


def _refuse(codes: pa.Array, mask: Mask, code: str) -> pa.Array:
    """Write a code where none is yet."""
    return pc.coalesce(codes, pc.if_else(pa.array(mask), code, pa.scalar(None, pa.string())))


def _unite_booleans(rows: pa.Table, name: str, value: bool, groups: npt.NDArray[np.int32]) -> pa.Array:  # noqa: FBT001 - the value that is looked for
    says = mark_true(rows, name) if value else mark_false(rows, name)
    found = np.zeros(groups.max() + 1, dtype=bool)
    found[groups[says]] = True
    return pc.if_else(pa.array(found[groups]), value, get_column(rows, name, pa.bool_()))


def _unite_texts(
    rows: pa.Table, name: str, is_wanted: Callable[[str], bool], groups: npt.NDArray[np.int32]
) -> pa.Array:
    """Give rows without a wanted text that of another half; rows that have one keep it."""
    column = get_text(rows, name)
    wanted = mark_values(column, is_wanted)
    givers = np.full(groups.max() + 1, len(rows), dtype=np.int64)
    np.minimum.at(givers, groups[wanted], np.flatnonzero(wanted))
    taken = givers[groups]
    taken[wanted | (taken == len(rows))] = np.flatnonzero(wanted | (taken == len(rows)))
    return column.take(pa.array(taken))
