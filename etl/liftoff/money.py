"""Revenue and its currency: both or neither, from the fields that agree with each other."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.columns import Mask, as_mask, get_column, get_text, keep, map_values

_MONEY = pa.decimal128(28, 10)
# An amount and the currency that it is in, the one that the app reported first. `event_revenue_usd` is left
# out: in spite of its name it is in whatever currency the app's settings prefer (AppsFlyer: Push API V2.0).
AMOUNTS: Final = (
    ("event_revenue", "event_revenue_currency"),
    ("revenue_in_selected_currency", "selected_currency"),
)
# Codes of ISO 4217 that are no money: no currency, and tests.
_NO_MONEY = frozenset({"XXX", "XTS"})


@cache
def currency_codes() -> frozenset[str]:
    """Give the codes of ISO 4217 that are in force."""
    import pycountry  # noqa: PLC0415 - its lists cost 30 ms, and not every process maps rows

    return frozenset(currency.alpha_3 for currency in pycountry.currencies) - _NO_MONEY


def currency_code(text: str) -> str | None:
    """Give a currency's code in capitals, or None where ISO 4217 does not have it."""
    code = text.strip().upper()
    return code if code in currency_codes() else None


def choose_revenue(rows: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Give revenue as plain decimal text, and its currency; both null where there is none, or it is zero.

    The second amount stands in where the first is absent or has no currency, not where the first is zero.
    """
    first, second = (_read_amount(rows, *names) for names in AMOUNTS)
    takes_second = ~first.is_usable & ~first.is_zero & second.is_usable
    amount = pc.if_else(pa.array(takes_second), second.amount, first.amount)
    currency = pc.if_else(pa.array(takes_second), second.currency, first.currency)
    is_told = first.is_usable | takes_second
    return spell_amounts(pc.if_else(pa.array(is_told), amount, None)), keep(currency, is_told)


def spell_amounts(amounts: pa.Array) -> pa.Array:
    """Write decimals as plain text: no exponent, no zeros at the end."""
    texts = amounts.cast(pa.string())
    # Arrow writes what is small with an exponent.
    has_exponent = as_mask(pc.match_substring(texts, "E"))
    spelled = pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), ".")
    if has_exponent.any():
        exact = pa.array(
            [f"{Decimal(text):f}".rstrip("0") for text in texts.filter(pa.array(has_exponent)).to_pylist()],
            pa.string(),
        )
        spelled = pc.replace_with_mask(spelled, pa.array(has_exponent), exact)
    return spelled


class _Amount:
    """One amount of each row with its currency: where both can be told, and where it is zero."""

    __slots__ = ("amount", "currency", "is_usable", "is_zero")

    def __init__(self, amount: pa.Array, currency: pa.Array) -> None:
        self.amount = amount
        self.currency = currency
        self.is_zero: Mask = as_mask(pc.equal(amount, pa.scalar(Decimal(0), _MONEY)))
        is_present = amount.is_valid().to_numpy(zero_copy_only=False)
        has_currency = currency.is_valid().to_numpy(zero_copy_only=False)
        self.is_usable: Mask = np.asarray(is_present & has_currency & ~self.is_zero)


def _read_amount(rows: pa.Table, amount: str, currency: str) -> _Amount:
    return _Amount(get_column(rows, amount, _MONEY), map_values(get_text(rows, currency), currency_code))
