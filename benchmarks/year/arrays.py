"""Columns of made-up values, by the million a second."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.tables import MONEY_TYPE, UTC_TYPE

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Column = pa.Array | pa.ChunkedArray


def mix(numbers: npt.NDArray[np.int64] | Keys, salt: int) -> Keys:
    """Mix numbers to 64 bits that look random (SplitMix64's finalizer)."""
    with np.errstate(over="ignore"):
        mixed = numbers.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def spell_hex(*words: Keys) -> pa.Array:
    """Spell words as hex digits, 16 each."""
    digits = np.stack(words, axis=1).astype(">u8").tobytes().hex().encode()
    width, rows = 16 * len(words), len(words[0])
    offsets = pa.py_buffer(np.arange(0, width * (rows + 1), width, dtype=np.int32))
    return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(digits))


def spell_uuid(high: Keys, low: Keys) -> pa.Array:
    """Spell two words as a UUID."""
    text = spell_hex(high, low)
    parts = [pc.utf8_slice_codeunits(text, *cut) for cut in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))]
    return pc.binary_join_element_wise(*parts, "-")


def pick(values: Sequence[str | None], places: npt.NDArray[np.integer]) -> pa.Array:
    """Give a dictionary's values by their place; a null value is a null."""
    known = [value for value in values if value is not None]
    numbers = np.cumsum([value is not None for value in values]) - 1
    numbers[[place for place, value in enumerate(values) if value is None]] = -1
    chosen = numbers[places].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(chosen, mask=chosen < 0), pa.array(known, pa.string()))


def make_times(numbers: Numbers, is_null: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Give microseconds as instants."""
    return pa.array(numbers, pa.timestamp("us"), mask=is_null).cast(UTC_TYPE)


def make_money(millionths: Numbers, is_null: npt.NDArray[np.bool_]) -> pa.Array:
    """Give millionths as money, whose numbers have 128 bits and ten places."""
    low = millionths * 10**4
    words = np.stack([low, low >> 63], axis=1)
    valid = pa.array(~is_null).buffers()[1]
    return pa.Array.from_buffers(MONEY_TYPE, len(low), [valid, pa.py_buffer(words.tobytes())])
