"""Texts of booleans and of money into typed columns; nothing is guessed, and nothing raises.

What cannot be read is null and said so, for the caller to keep the text.
Vendor document followed: "AppsFlyer: Push API V2.0", where a boolean is a JSON boolean in a POST and
a text in a GET, and an amount a number or a text.
"""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["MONEY_TYPE", "Booleans", "Money", "read_booleans", "read_money"]

Mask = npt.NDArray[np.bool_]

MONEY_TYPE = pa.decimal128(28, 10)

_WORDS: dict[str, bool | None] = (
    dict.fromkeys(("true", "t", "yes", "1"), True)
    | dict.fromkeys(("false", "f", "no", "0"), False)
    | dict.fromkeys(("", "null"))
)

_DIGITS, _DECIMALS = 28, 10
# Decimals that are read exactly before rounding; two digits short of the type's room, for carries.
_LONG_DECIMALS = 40
_LONG_TYPE = pa.decimal256(60, _LONG_DECIMALS)
_PLAIN = rf"^[-+]?[0-9]{{1,17}}(?:[.][0-9]{{1,{_LONG_DECIMALS}}})?$"
# An exponent of seven digits is no amount, and no decimal of ours could hold it.
_NUMBER = re.compile(r"\s*([-+]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]{1,6})?)\s*", re.ASCII)
_UNIT = Decimal(1).scaleb(-_DECIMALS)
_CONTEXT = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)


class Booleans(NamedTuple):
    """A column of booleans, and the rows whose text is none."""

    values: pa.Array
    is_unparsed: Mask


class Money(NamedTuple):
    """A column of `decimal128(28, 10)`, the rows that were rounded to it, and those not to be read."""

    values: pa.Array
    is_rounded: Mask
    is_unparsed: Mask


def read_booleans(text: pa.Array) -> Booleans:
    """Read `true`, `false`, `t`, `f`, `yes`, `no`, `1` and `0` in any casing; empty and `null` are null.

    The column is `pa.string()` or a dictionary of strings.
    """
    encoded = text if pa.types.is_dictionary(text.type) else pc.dictionary_encode(text)
    words = ["" if word is None else word.strip().casefold() for word in encoded.dictionary.to_pylist()]
    values = pa.array([_WORDS.get(word) for word in words], pa.bool_())
    is_odd = pa.array([word not in _WORDS for word in words], pa.bool_())
    is_unparsed = pc.fill_null(is_odd.take(encoded.indices), fill_value=False)
    return Booleans(values.take(encoded.indices), is_unparsed.to_numpy(zero_copy_only=False))


def read_money(text: pa.Array) -> Money:
    """Read amounts from their exact texts: plain decimals and ones with an exponent; empty is null.

    More than ten decimals are rounded half to even, and said so. What does not fit 28 digits, and
    what is no bare number (thousands separators, currency signs, NaN, Infinity), is not read.
    The column is `pa.string()` or a dictionary of strings.
    """
    present = text.cast(pa.string())
    present = pc.if_else(pc.equal(present, ""), None, present)
    return _read_exact(present) or _read_mixed(present)


def _read_exact(text: pa.Array) -> Money | None:
    """Read all at once; None where any text is no number, or more exact than the type."""
    try:
        values = pc.cast(text, MONEY_TYPE)
    except pa.ArrowInvalid:
        return None
    return Money(values, np.zeros(len(text), bool), np.zeros(len(text), bool))


def _read_mixed(text: pa.Array) -> Money:
    """Read and round the plain decimals together, and each other text alone."""
    is_plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN), fill_value=False)
    exact = pc.cast(pc.if_else(is_plain, text, None), _LONG_TYPE)
    rounded = pc.round(exact, ndigits=_DECIMALS, round_mode="half_to_even")
    is_rounded = _to_mask(pc.not_equal(exact, rounded))
    is_odd = pc.and_(pc.is_valid(text), pc.invert(is_plain))
    amounts = [_read_amount(odd) for odd in text.filter(is_odd).to_pylist()]
    alone = pa.array([amount for amount, _ in amounts], MONEY_TYPE)
    values = pc.replace_with_mask(rounded.cast(MONEY_TYPE), is_odd, alone)
    is_rounded[_to_mask(is_odd)] = [was_rounded for _, was_rounded in amounts]
    return Money(values, is_rounded, _to_mask(is_odd) & _to_mask(pc.is_null(values)))


def _read_amount(text: str) -> tuple[Decimal | None, bool]:
    """Read one number, however it is written, and say whether it had to be rounded."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None, False
    exact = Decimal(match[1])
    try:
        amount = exact.quantize(_UNIT, context=_CONTEXT)
    except InvalidOperation:
        return None, False
    return amount, amount != exact


def _to_mask(flags: pa.Array) -> Mask:
    mask: Mask = np.array(pc.fill_null(flags, fill_value=False))
    return mask
