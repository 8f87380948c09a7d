"""The kernel that passes over nearly all values of a column by their last eight bytes."""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, get, get_long, put_long

_WORD = 8
_SPACE = 0x20
# What makes capitals small, and what marks bytes that are not ASCII, in each byte of a signed number.
_LOWER = 0x2020202020202020
_NOT_ASCII = 0x8080808080808080 - 2**64
# 2**64 divided by the golden ratio, as a signed number.
_MIXER = 0x9E3779B97F4A7C15 - 2**64
_FOLD, _FOLD_MASK = 29, 2**35 - 1


def find_endings(arguments: int) -> None:
    """Note the places of values that may be wanted: by a map of endings, or because a word does not tell.

    Values are the stretches of `data` between `offsets`, which are 32 bits wide; the map has two to the
    power of `bits` places.
    """
    data, offsets, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    endings, bits = get_long(arguments, 3), get_long(arguments, 4)
    places, outcome = get_long(arguments, 5), get_long(arguments, 6)
    mask = (1 << bits) - 1
    count = 0
    end = get(offsets, 0)
    for row in range(rows):
        start, end = end, get(offsets, row + 1)
        length = end - start
        if length <= 0:
            continue
        is_likely = end < _WORD or byte_at(data + start) <= _SPACE or byte_at(data + end - 1) <= _SPACE
        if not is_likely:
            word = get_long(data + end - _WORD, 0)
            if length < _WORD:
                word = (word >> (8 * (_WORD - length))) & ((1 << (8 * length)) - 1)
            is_likely = word & _NOT_ASCII != 0
            if not is_likely:
                word |= _LOWER
                mixed = (word ^ ((word >> _FOLD) & _FOLD_MASK)) * _MIXER
                is_likely = byte_at(endings + ((mixed >> (64 - bits)) & mask)) != 0
        if is_likely:
            put_long(places, count, row)
            count += 1
    put_long(outcome, 0, count)
