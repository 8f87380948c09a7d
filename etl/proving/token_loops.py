"""The kernel that takes every id-shaped token from texts, folded and padded so that it can be hashed.

What a token is, by design rather one too many than one too few:

- a UUID is each `8-4-4-4-12` of hexadecimal digits in any casing, whatever stands around it: one that begins
  or ends within a longer run is a token too;
- of every maximal run of 32 or more hexadecimal digits, the first 32 and the last 32 are tokens, and of one
  of 40 or more the first 40 and the last 40 as well, so that a letter that touches an id does not hide it;
- an AppsFlyer id is a maximal run of 10 to 27 decimal digits, a dash, and another one.

32 digits and the UUID of the same digits are one token, of which both spellings are given.
"""

from __future__ import annotations

from typing import NamedTuple

from etl.appsflyer.compiled.instructions import (
    byte_at,
    count_zeros,
    drop_bits,
    get_long,
    inlined,
    part,
    put_byte,
    put_long,
)
from etl.appsflyer.compiled.runs import hash_bytes
from etl.appsflyer.id_loops import Row, is_digit, is_hex, is_uuid
from etl.proving.class_loops import (
    MASKED,
    find_hex_run,
    keep_bits,
    mask_hex,
    mask_hex_runs,
    pass_hex_run,
)

_STEP = 8
_UUID_BYTES, _UUID_DIGITS, _SHA1_DIGITS = 36, 32, 40
_MIN_DIGITS, _MAX_DIGITS = 10, 27
_BLOCK, _WORDS = 64, 8
_MARGIN = 16  # messages that one run of digits may give, and some
_SMALL_BIT, _STOP_BIT = 32, 0x80
_BITS_BEFORE = 512  # of the key, which is hashed before the message
_SMALL_BITS = 0x2020202020202020
_LOW_HALF, _LOW_QUARTER = 2**32 - 1, 2**16 - 1
# 2**64 divided by the golden ratio, as a signed number.
_MULTIPLIER = 0x9E3779B97F4A7C15 - 2**64
_DASH, _ZERO, _A = b"-0a"
_UUID_MASK = (1 << 36) - 1
_UUID_DIGITS_MASK = _UUID_MASK ^ (1 << 8 | 1 << 13 | 1 << 18 | 1 << 23)


class Notes(NamedTuple):
    """Where messages are noted, and the table of those seen already, of `mask` + 1 slots; -1 for none."""

    out: int
    seen: int
    mask: int


class Lines(NamedTuple):
    """Rows of text: the data, where each row ends in it, how many there are, and where the data ends."""

    data: int
    stops: int
    rows: int
    behind: int


def scan_tokens(arguments: int) -> None:
    """Note the tokens in rows of text, from a place on, until there is no room: `matching` asks for it."""
    lines = read_lines(arguments)
    notes = Notes(get_long(arguments, 7), get_long(arguments, 5), get_long(arguments, 6))
    room, outcome = get_long(arguments, 8), get_long(arguments, 9)
    count, row, at = scan_lines(lines, get_long(arguments, 3), get_long(arguments, 4), notes, room)
    put_long(outcome, 0, count)
    put_long(outcome, 1, row)
    put_long(outcome, 2, at)


@inlined
def read_lines(arguments: int) -> Lines:
    """Read the arguments that every kernel of rows begins with."""
    data, stops, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    return Lines(data, stops, rows, data + get_long(stops, rows))


@part
def scan_lines(lines: Lines, first_row: int, at: int, notes: Notes, room: int) -> tuple[int, int, int]:
    """Note the tokens from a place on; gives how many messages there are, and the row and place to go on."""
    data, behind, count = lines.data, lines.behind, 0
    resumed = data + at
    for number in range(first_row, lines.rows):
        row = Row(number, data + get_long(lines.stops, number), data + get_long(lines.stops, number + 1))
        at = max(resumed, row.start)
        resumed = 0
        if count + _MARGIN <= room and row.end - at <= MASKED and at + MASKED <= behind:
            count = scan_short(row, at, notes, count)
            continue
        at = find_hex_run(at, row.end, behind)
        while at < row.end:
            if count + _MARGIN > room:
                return count, number, at - data
            first, last = find_first(at, row), pass_hex_run(at, row.end, behind)
            count = judge_run(row, first, last, is_uuid_before(last - _STEP, row.end, behind), notes, count)
            at = find_hex_run(last, row.end, behind)
    return count, lines.rows, 0


@inlined
def scan_short(row: Row, at: int, notes: Notes, count: int) -> int:
    """Note the tokens in what is left of a row, no longer than a mask; gives how many messages there are."""
    digits = keep_bits(mask_hex(at), row.end - at)
    runs = mask_hex_runs(digits)
    while runs:
        first = count_zeros(runs)
        last = first + count_zeros(~drop_bits(digits, first))
        count = judge_run(
            row,
            at + first,
            at + last,
            is_uuid_mask(drop_bits(digits, last - _STEP), at + last - _STEP),
            notes,
            count,
        )
        if last >= MASKED:
            break
        runs = runs >> last << last
    return count


@inlined
def find_first(at: int, row: Row) -> int:
    """Find where the run of digits begins that a place is in."""
    while at > row.start and is_hex(byte_at(at - 1)):
        at -= 1
    return at


@inlined
def is_uuid_before(at: int, end: int, behind: int) -> bool:
    """Say whether eight digits go on as a UUID that ends before an end."""
    if at + MASKED > behind:
        return is_uuid(at, end)
    return at + _UUID_BYTES <= end and is_uuid_mask(mask_hex(at), at)


@inlined
def is_uuid_mask(digits: int, at: int) -> bool:
    """Say whether the mask of what stands at a place begins as a UUID does, and has its dashes."""
    if digits & _UUID_MASK != _UUID_DIGITS_MASK:
        return False
    return byte_at(at + 8) == _DASH == byte_at(at + 13) and byte_at(at + 18) == _DASH == byte_at(at + 23)


@part
def judge_run(row: Row, first: int, last: int, is_uuid_begun: int, notes: Notes, count: int) -> int:
    """Note the tokens that a run of digits is, begins or ends; gives how many messages there are now."""
    if is_uuid_begun:
        count = note_digits(last - _STEP, _UUID_BYTES, notes, count)
    if last - first >= _UUID_DIGITS:
        count = note_digits(first, _UUID_DIGITS, notes, count)
        if last - first > _UUID_DIGITS:
            count = note_digits(last - _UUID_DIGITS, _UUID_DIGITS, notes, count)
        if last - first >= _SHA1_DIGITS:
            count = note_whole(first, _SHA1_DIGITS, notes, count)
        if last - first > _SHA1_DIGITS:
            count = note_whole(last - _SHA1_DIGITS, _SHA1_DIGITS, notes, count)
    if last < row.end and byte_at(last) == _DASH:
        count = judge_digits(row, first, last, notes, count)
    return count


@part
def judge_digits(row: Row, first: int, dash: int, notes: Notes, count: int) -> int:
    """Note an AppsFlyer id whose dash is at a place."""
    start, end = dash, dash + 1
    while start > first and is_digit(byte_at(start - 1)):
        start -= 1
    while end < row.end and is_digit(byte_at(end)):
        end += 1
    if _MIN_DIGITS <= dash - start <= _MAX_DIGITS and _MIN_DIGITS <= end - dash - 1 <= _MAX_DIGITS:
        count = note_whole(start, end - start, notes, count)
    return count


@part
def note_digits(at: int, size: int, notes: Notes, count: int) -> int:
    """Note the 32 digits that stand in so many bytes, without dashes and with them, unless seen before."""
    first, last = get_long(at, 0) | _SMALL_BITS, get_long(at + size - 8, 0) | _SMALL_BITS
    if size == _UUID_DIGITS:
        second, third = get_long(at, 1) | _SMALL_BITS, get_long(at, 2) | _SMALL_BITS
    else:
        second = (get_long(at + 9, 0) & _LOW_HALF | get_long(at + 14, 0) << 32) | _SMALL_BITS
        third = (get_long(at + 19, 0) & _LOW_HALF | get_long(at + 24, 0) << 32) | _SMALL_BITS
    plain = notes.out + count * _BLOCK
    put_long(plain, 0, first)
    put_long(plain, 1, second)
    put_long(plain, 2, third)
    put_long(plain, 3, last)
    end_words(plain, 4, _STOP_BIT, _UUID_DIGITS)
    if were_seen(first, second, third, last, notes):
        return count
    dashed = plain + _BLOCK
    put_long(dashed, 0, first)
    put_long(dashed, 1, _DASH | (second & _LOW_HALF) << 8 | _DASH << 40 | (second >> 32 & _LOW_QUARTER) << 48)
    put_long(dashed, 2, second >> 48 & _LOW_QUARTER | _DASH << 16 | (third & _LOW_HALF) << 24 | _DASH << 56)
    put_long(dashed, 3, third >> 32 & _LOW_HALF | (last & _LOW_HALF) << 32)
    end_words(dashed, 4, last >> 32 & _LOW_HALF | _STOP_BIT << 32, _UUID_BYTES)
    return count + 2


@inlined
def note_again(high: int, low: int, message: int) -> None:
    """Note a hash, of which there are two numbers, as a message: its 32 digits."""
    for place in range(_UUID_DIGITS):
        half = high if place < _UUID_DIGITS // 2 else low
        digit = drop_bits(half, 60 - 4 * (place & 15)) & 15
        put_byte(message + place, digit + _ZERO if digit < 10 else digit - 10 + _A)
    end_words(message, 4, _STOP_BIT, _UUID_DIGITS)


@inlined
def end_words(message: int, at: int, word: int, size: int) -> None:
    """Put the last word of a message with its stop bit, and fill it up as SHA-256 has it."""
    put_long(message, at, word)
    for place in range(at + 1, _WORDS - 1):
        put_long(message, place, 0)
    bits = _BITS_BEFORE + 8 * size
    put_long(message, _WORDS - 1, (bits >> 8 | (bits & 0xFF) << 8) << 48)


@inlined
def were_seen(first: int, second: int, third: int, last: int, notes: Notes) -> bool:
    """Say whether 32 digits are the last that their slot saw, and have the slot see them."""
    if notes.mask < 0:
        return False
    mixed = ((first * _MULTIPLIER ^ second) * _MULTIPLIER ^ third) * _MULTIPLIER ^ last
    mixed *= _MULTIPLIER
    slot = notes.seen + ((mixed >> 32 & _LOW_HALF) & notes.mask) * _BLOCK
    different = get_long(slot, 0) ^ first | get_long(slot, 1) ^ second
    different |= get_long(slot, 2) ^ third | get_long(slot, 3) ^ last | get_long(slot, 4) ^ _STOP_BIT
    put_long(slot, 0, first)
    put_long(slot, 1, second)
    put_long(slot, 2, third)
    put_long(slot, 3, last)
    put_long(slot, 4, _STOP_BIT)
    return different == 0


@part
def note_whole(at: int, size: int, notes: Notes, count: int) -> int:
    """Note a token as it is, folded, unless seen before."""
    message = notes.out + count * _BLOCK
    place = 0
    while place + 8 <= size:
        put_long(message + place, 0, get_long(at + place, 0) | _SMALL_BITS)
        place += 8
    # What is left is fewer bytes than a word, and stands behind at least as many.
    word = _STOP_BIT
    if place < size:
        left = size - place
        word = get_long(at + size - 8, 0) >> 8 * (8 - left) & ((1 << 8 * left) - 1)
        word = word | _SMALL_BITS & ((1 << 8 * left) - 1) | _STOP_BIT << 8 * left
    end_words(message, place >> 3, word, size)
    return count if was_seen(message, notes) else count + 1


@part
def was_seen(message: int, notes: Notes) -> bool:
    """Say whether a message is the last that its slot saw, and have the slot see it."""
    if notes.mask < 0:
        return False
    slot = notes.seen + (hash_bytes(message, message + _BLOCK, _BLOCK) & notes.mask) * _BLOCK
    different = 0
    for word in range(_WORDS):
        different |= get_long(slot, word) ^ get_long(message, word)
        put_long(slot, word, get_long(message, word))
    return different == 0
