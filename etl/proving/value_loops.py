"""The kernel that takes values as a whole, folded and padded so that they can be hashed.

A plain value is one that folding turns into small letters and no more: printable ASCII without a space, that
leaves room for SHA-256's end in one block.
"""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, get_long, inlined, part, put_byte, put_long

LONGEST = 55
_BLOCK, _WORDS = 64, 8
_SPACE, _DELETE, _STOP_BYTE = 0x20, 0x7F, 0x80
_SMALL_BIT = 32
_BITS_BEFORE = 512  # of the key, which is hashed before the message
_A, _Z = b"AZ"


def spell_values(arguments: int) -> None:
    """Note the plain ones of some values as messages, and mark all others, as `messages` asks for it."""
    data, stops, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    out, is_other, outcome = get_long(arguments, 3), get_long(arguments, 4), get_long(arguments, 5)
    count = 0
    for number in range(rows):
        start, end = data + get_long(stops, number), data + get_long(stops, number + 1)
        is_plain = 0 < end - start <= LONGEST and spell(start, end, out + count * _BLOCK)
        put_byte(is_other + number, not is_plain)
        count += is_plain
    put_long(outcome, 0, count)


@part
def spell(start: int, end: int, message: int) -> bool:
    """Write a value as a message; says whether it is plain, without which the message is none."""
    for word in range(_WORDS):
        put_long(message, word, 0)
    for at in range(start, end):
        byte = byte_at(at)
        if byte <= _SPACE or byte >= _DELETE:
            return False
        put_byte(message + at - start, fold(byte))
    size = end - start
    put_byte(message + size, _STOP_BYTE)
    bits = _BITS_BEFORE + 8 * size
    put_byte(message + _BLOCK - 2, bits >> 8)
    put_byte(message + _BLOCK - 1, bits & 0xFF)
    return True


@inlined
def fold(byte: int) -> int:
    """Make a capital letter of ASCII a small one."""
    return byte | _SMALL_BIT if _A <= byte <= _Z else byte
