"""Rules on ids and addresses: shape, zeros, whose they are, and what they give away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.normalize import TypedBatch
from etl.appsflyer.row_rules import ADVERTISING_IDS, DEVICE_IDS
from etl.quality.columns import Finding, Mask, mark_boolean, mark_present, mark_values
from etl.quality.shapes import (
    TextColumn,
    mark_holding,
    mark_ips,
    mark_private_ips,
    mark_shaped,
    mark_starts,
    mark_zeros,
    view_column,
)

_APPLE_IDS = ("idfa", "idfv")
_AUTHORIZED = frozenset({"authorized", "af_authorized"})
_REFUSED = frozenset({"denied", "restricted"})
_EMAIL = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}"
_AT_SIGN = ord("@")
_APP_ID = re.compile(r"[A-Za-z0-9._\-]+")
_DIGITS = tuple(b"%d" % digit for digit in range(10))
_LONGEST_PLACEHOLDER = 16
_PLACEHOLDERS = pa.array(
    [
        *(
            "null",
            "nil",
            "none",
            "nan",
            "undefined",
            "unknown",
            "anonymous",
            "guest",
            "user",
            "test",
            "default",
        ),
        *(
            "(null)",
            "<null>",
            "n/a",
            "na",
            "-",
            "--",
            "0",
            "-1",
            "false",
            "true",
            "empty",
            "not_set",
            "not set",
        ),
        *("user_id", "userid", "customer_user_id", "string", "{}", "[]"),
    ],
    pa.string(),
)


def find_odd_ids(batch: TypedBatch) -> Iterator[Finding]:
    """Find what is wrong with a batch's device ids, user ids and addresses."""
    yield "malformed:app_id", mark_values(batch, "app_id", lambda app: not _APP_ID.fullmatch(app))
    ids = {name: view_column(batch.texts[name]) for name in DEVICE_IDS if name in batch.texts}
    zeros = {name: mark_zeros(column) for name, column in ids.items()}
    is_real: dict[str, Mask] = {}
    for name, column in ids.items():
        is_real[name] = mark_present(column.array, batch.rows) & ~zeros[name]
        yield f"malformed:{name}", is_real[name] & ~mark_shaped(name, column)
    yield from _find_zeros(batch, zeros)
    yield from _find_contradictions(batch, is_real)
    yield from _find_odd_addresses(batch)
    yield from _find_odd_users(batch)


def _find_odd_addresses(batch: TypedBatch) -> Iterator[Finding]:
    if "appsflyer_id" in batch.texts:
        column = view_column(batch.texts["appsflyer_id"])
        is_present = mark_present(column.array, batch.rows)
        yield "malformed:appsflyer_id", is_present & ~mark_shaped("appsflyer_id", column)
    if "ip" in batch.texts:
        column = view_column(batch.texts["ip"])
        yield "malformed:ip", mark_present(column.array, batch.rows) & ~mark_ips(column)
        yield "private_ip", mark_private_ips(column)


def _find_zeros(batch: TypedBatch, zeros: Mapping[str, Mask]) -> Iterator[Finding]:
    """Find zeros, those of advertising ids only where nothing says that the owner withholds the id."""
    if not any(mask.any() for mask in zeros.values()):
        return
    is_withheld = mark_boolean(batch, "is_lat", value=True)
    is_withheld |= mark_values(batch, "att", lambda att: att.casefold() not in _AUTHORIZED)
    for name, mask in zeros.items():
        yield f"zero_id:{name}", mask & ~is_withheld if name in ADVERTISING_IDS else mask


def _find_contradictions(batch: TypedBatch, real: Mapping[str, Mask]) -> Iterator[Finding]:
    is_android = mark_values(batch, "platform", lambda platform: platform.casefold() == "android")
    is_ios = mark_values(batch, "platform", lambda platform: platform.casefold() == "ios")
    is_foreign = np.zeros(batch.rows, dtype=bool)
    for name, mask in real.items():
        is_foreign |= mask & (is_android if name in _APPLE_IDS else is_ios)
    yield "id_contradicts_platform", is_foreign
    if "idfa" in real:
        is_denied = mark_values(batch, "att", lambda att: att.casefold() in _REFUSED)
        yield "idfa_despite_refusal", real["idfa"] & is_denied


def _find_odd_users(batch: TypedBatch) -> Iterator[Finding]:
    if "customer_user_id" in batch.texts:
        users = view_column(batch.texts["customer_user_id"])
        yield "placeholder_user_id", _mark_placeholders(users)
        yield "email_as_user_id", mark_holding(users, _AT_SIGN, rf"^\s*{_EMAIL}\s*$")
    for name in ("event_value", "custom_data"):
        if name in batch.texts:
            yield "email_in_value", mark_holding(view_column(batch.texts[name]), _AT_SIGN, _EMAIL)


def _mark_placeholders(users: TextColumn) -> Mask:
    sizes = np.diff(users.texts.stops)
    # A number of more than two digits is nobody's placeholder, and the commonest user id.
    is_suspect = (sizes <= _LONGEST_PLACEHOLDER) & ((sizes <= 2) | ~mark_starts(users.texts, _DIGITS))  # noqa: PLR2004
    rows = np.flatnonzero(is_suspect & (sizes > 0))
    mask = np.zeros(len(users.array), dtype=bool)
    if len(rows):
        words = pc.utf8_lower(pc.utf8_trim_whitespace(users.array.take(pa.array(rows))))
        mask[rows] = pc.is_in(words, value_set=_PLACEHOLDERS).to_numpy(zero_copy_only=False)
    return mask
