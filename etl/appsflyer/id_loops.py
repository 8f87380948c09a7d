"""The kernels that find what is shaped like a device id, at a fraction of a nanosecond a byte.

Every id begins with, or is, eight hexadecimal digits in a row at least, so looking at every eighth byte
misses none. Texts are addresses here, and what is found is told as places in the data.
"""

from __future__ import annotations

from typing import NamedTuple

from etl.appsflyer.compiled.instructions import byte_at, get_long, inlined, part, put_byte, put_long
from etl.appsflyer.compiled.runs import find_byte

_STEP = 8
_UUID_BYTES = 36
_UUID_DASHES = 4
_IMEI_BYTES = 15
_NAME_REACH = 16  # between an IMEI and the start of its parameter's name
_NAME_BYTES = 4  # `imei`
_SEQUENCE = 3  # `%3D`

_DASH, _PERCENT, _ZERO, _TWO, _FIVE, _NINE = b"-%0259"
_A, _D, _E, _F, _I, _M, _Z = b"adefimz"
_SMALL_BIT = 32


class Row(NamedTuple):
    """A row of text: its number, and where it starts and ends."""

    number: int
    start: int
    end: int


class Found(NamedTuple):
    """Where the data starts, and where the ids in it are noted: row, start and end of each."""

    data: int
    ids: int


def scan_ids(arguments: int) -> None:
    """Find the ids in rows of text, as `id_scan.find_ids` asks for it."""
    data, stops, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    found, encoded, outcome = (
        Found(data, get_long(arguments, 3)),
        get_long(arguments, 4),
        get_long(arguments, 5),
    )
    ids = hiding = 0
    for number in range(rows):
        row = Row(number, data + get_long(stops, number), data + get_long(stops, number + 1))
        at = row.start + _STEP - 1
        while at < row.end:
            if not is_hex(byte_at(at)):
                at += _STEP
                continue
            first, last = find_run(at, row)
            if last - first >= _STEP:
                ids = judge_run(row, first, last, found, ids)
            at = last + _STEP
        if hides_ids(row):
            put_long(encoded, hiding, number)
            hiding += 1
    put_long(outcome, 0, ids)
    put_long(outcome, 1, hiding)


@inlined
def is_digit(byte: int) -> bool:
    """Tell whether a byte is a decimal digit."""
    return _ZERO <= byte <= _NINE


@inlined
def is_hex(byte: int) -> bool:
    """Tell whether a byte is a hexadecimal digit."""
    return is_digit(byte) or _A <= byte | _SMALL_BIT <= _F


@inlined
def is_alnum(byte: int) -> bool:
    """Tell whether a byte is a letter or a digit of ASCII."""
    return is_digit(byte) or _A <= byte | _SMALL_BIT <= _Z


@inlined
def find_run(at: int, row: Row) -> tuple[int, int]:
    """Find where the run of hexadecimal digits starts and ends that a place is in."""
    first, last = at, at + 1
    while first > row.start and is_hex(byte_at(first - 1)):
        first -= 1
    while last < row.end and is_hex(byte_at(last)):
        last += 1
    return first, last


@part
def judge_run(row: Row, first: int, last: int, found: Found, ids: int) -> int:
    """Keep what a run is the first digits of, and what it is as a whole; gives how many ids there are now."""
    if is_uuid(last - _STEP, row.end):
        ids = keep(row, last - _STEP, last - _STEP + _UUID_BYTES, found, ids)
    if last - first >= _IMEI_BYTES:
        if first > row.start and byte_at(first - 1) == _PERCENT:
            first += 2  # the digits of `%3D` are the delimiter's
        if is_hex_id(first, last, row):
            ids = keep(row, first, last, found, ids)
    return ids


@part
def keep(row: Row, start: int, end: int, found: Found, ids: int) -> int:
    """Note an id unless it is all zeros; gives how many there are now."""
    for at in range(start, end):
        if byte_at(at) != _ZERO and byte_at(at) != _DASH:
            put_long(found.ids, 3 * ids, row.number)
            put_long(found.ids, 3 * ids + 1, start - found.data)
            put_long(found.ids, 3 * ids + 2, end - found.data)
            return ids + 1
    return ids


@part
def is_uuid(at: int, end: int) -> bool:
    """Say whether eight digits go on as a UUID, whatever stands around it."""
    if at + _UUID_BYTES > end or byte_at(at + 8) != _DASH or byte_at(at + 13) != _DASH:
        return False
    if byte_at(at + 18) != _DASH or byte_at(at + 23) != _DASH:
        return False
    digits = 0
    for place in range(_STEP, _UUID_BYTES):
        digits += is_hex(byte_at(at + place))
    return digits == _UUID_BYTES - _STEP - _UUID_DASHES


@part
def is_hex_id(first: int, last: int, row: Row) -> bool:
    """Say whether a run has the length of an id and is a whole token, or is an IMEI that is named so."""
    size = last - first
    # Android ids; MD5 (and a UUID without dashes), SHA-1 and SHA-256, by which partners pass hashed ids.
    if size != 16 and size != 32 and size != 40 and size != 64 and size != _IMEI_BYTES:
        return False
    if last < row.end and is_alnum(byte_at(last)):
        return False
    is_after_sequence = first - _SEQUENCE >= row.start and byte_at(first - _SEQUENCE) == _PERCENT
    if first > row.start and is_alnum(byte_at(first - 1)) and not is_after_sequence:
        return False
    return size != _IMEI_BYTES or is_imei(first, last, row.start)


@part
def is_imei(first: int, last: int, start: int) -> bool:
    """Say whether a run has decimal digits only, and follows the name of what it is."""
    for at in range(first, last):
        if not is_digit(byte_at(at)):
            return False
    for at in range(max(start, first - _NAME_REACH), first - _NAME_BYTES + 1):
        if (
            byte_at(at) | _SMALL_BIT == _I
            and byte_at(at + 1) | _SMALL_BIT == _M
            and byte_at(at + 2) | _SMALL_BIT == _E
            and byte_at(at + 3) | _SMALL_BIT == _I
        ):
            return True
    return False


@inlined
def hides_ids(row: Row) -> bool:
    """Say whether ids may show only once decoded: there is `%2D`, or `%25`."""
    last = row.end - _SEQUENCE + 1
    at = find_byte(row.start, last, _PERCENT)
    while at < last:
        if byte_at(at + 1) == _TWO and (byte_at(at + 2) == _FIVE or byte_at(at + 2) | _SMALL_BIT == _D):
            return True
        at = find_byte(at + 1, last, _PERCENT)
    return False


def compare_own(arguments: int) -> None:
    """Unmark pieces of data that equal their row's own text, as `id_scan.mark_foreign` asks for it."""
    data, starts, ends = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    rows, pieces = get_long(arguments, 3), get_long(arguments, 4)
    own, own_stops, is_foreign = get_long(arguments, 5), get_long(arguments, 6), get_long(arguments, 7)
    for piece in range(pieces):
        row, start = get_long(rows, piece), get_long(starts, piece)
        size, mine = get_long(ends, piece) - start, get_long(own_stops, row)
        if byte_at(is_foreign + piece) and get_long(own_stops, row + 1) - mine == size:
            at = 0
            while at < size and is_same_letter(byte_at(data + start + at), byte_at(own + mine + at)):
                at += 1
            put_byte(is_foreign + piece, at < size)


@inlined
def is_same_letter(one: int, other: int) -> bool:
    """Compare two bytes of ids, casing aside."""
    return one | _SMALL_BIT == other | _SMALL_BIT
