"""The kernels that undo what ids are wrapped in: percent-encoding, JSON escapes, UTF-16 and base64.

Escapes are undone word by word: a word is a run of what ids, wrapped or not, are written with. Only words
with an escape in them, or right before them, are written, and none that is shorter than the shortest id; a
line feed stands between them, and is in no token. So text without wrappings costs one look.
"""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, get_long, inlined, part, put_byte, put_long
from etl.appsflyer.id_loops import Row, is_alnum, is_digit, is_hex
from etl.proving.class_loops import SIX_RUN, find_ascii_run, find_rare_byte, is_six

_SMALL_BIT = 32
_PERCENT, _BACKSLASH, _FEED, _LETTER_U = b"%\\\nu"
_SHORTEST_TOKEN = 21
_SHORTEST_RUN = SIX_RUN  # four digits for each three bytes of the shortest token


@inlined
def digit_value(byte: int) -> int:
    """Give what a hexadecimal digit counts."""
    return byte & 15 if is_digit(byte) else (byte & 15) + 9


@inlined
def pair_value(at: int) -> int:
    """Give what two hexadecimal digits count."""
    return digit_value(byte_at(at)) << 4 | digit_value(byte_at(at + 1))


@part
def measure_percent(at: int, end: int) -> int:
    """Measure the escape that a percent sign begins; 0 where it begins none."""
    return 3 if at + 3 <= end and is_hex(byte_at(at + 1)) and is_hex(byte_at(at + 2)) else 0


@part
def measure_backslash(at: int, end: int) -> int:
    """Measure the escape that a backslash begins; 0 where it begins none."""
    if at + 2 > end:
        return 0
    if byte_at(at + 1) != _LETTER_U:
        return 2
    if at + 6 > end:
        return 0
    digits = 0
    for place in range(at + 2, at + 6):
        digits += is_hex(byte_at(place))
    return 6 if digits == 4 else 0


@part
def undo_backslash(at: int, size: int) -> int:
    """Give the byte that an escape of JSON stands for; a line feed where that is no printable one."""
    if size == 2:
        byte = byte_at(at + 1)
        return _FEED if is_alnum(byte) else byte
    return pair_value(at + 4) if pair_value(at + 2) == 0 else _FEED


def undo_escapes(arguments: int) -> None:
    """Undo percent-encoding, or JSON escapes, in rows of text; at most a byte for each, and one a row."""
    data, stops, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    mark, out, outcome = get_long(arguments, 3), get_long(arguments, 4), get_long(arguments, 5)
    to = out
    at = find_rare_byte(data + get_long(stops, 0), data + get_long(stops, rows), mark)
    for number in range(rows):
        row = Row(number, data + get_long(stops, number), data + get_long(stops, number + 1))
        if at < row.end:
            to = undo_row(row, max(at, row.start), mark, to)
            at = find_rare_byte(row.end, data + get_long(stops, rows), mark)
    put_long(outcome, 0, to - out)


@part
def undo_row(row: Row, at: int, mark: int, to: int) -> int:
    """Undo the escapes of a row; gives where what was written ends."""
    dealt = row.start
    while at < row.end:
        if measure(at, row.end, mark) == 0:
            at = find_rare_byte(at + 1, row.end, mark)
            continue
        while at > dealt and is_of_word(byte_at(at - 1)):
            at -= 1
        dealt, to = undo_word(at, row.end, mark, to)
        at = find_rare_byte(dealt, row.end, mark)
    return to


@part
def undo_word(at: int, end: int, mark: int, to: int) -> tuple[int, int]:
    """Undo a word, and those that only an escape parts from it; gives where they end, here and there."""
    begun, is_changed = to, False
    while at < end:
        byte = byte_at(at)
        size = measure(at, end, mark) if byte == mark else 0
        if size:
            byte = pair_value(at + 1) if mark == _PERCENT else undo_backslash(at, size)
            is_changed = True
        at += max(size, 1)
        if is_of_word(byte) or (size and byte == 0):
            put_byte(to, byte)
            to += 1
            continue
        to = close(begun, to) if is_changed else begun
        begun, is_changed = to, size > 0
        if not size:
            return at, to
    return at, close(begun, to) if is_changed else begun


@part
def measure(at: int, end: int, mark: int) -> int:
    """Measure the escape that a mark begins; 0 where it begins none."""
    return measure_percent(at, end) if mark == _PERCENT else measure_backslash(at, end)


@inlined
def close(begun: int, to: int) -> int:
    """End a word, or take it back where it is too short."""
    if to - begun < _SHORTEST_TOKEN:
        return begun
    put_byte(to, _FEED)
    return to + 1


@inlined
def is_of_word(byte: int) -> bool:
    """Tell whether a byte may stand in an id, however it is wrapped."""
    return is_six(byte) or byte == _PERCENT or byte == _BACKSLASH


@inlined
def is_printable(byte: int) -> bool:
    """Tell whether a byte is a printable one of ASCII."""
    return 32 < byte < 127


def narrow(arguments: int) -> None:
    """Write the ASCII of UTF-16 of either order and alignment; at most a byte for each, and one a row."""
    data, stops, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    out, outcome = get_long(arguments, 3), get_long(arguments, 4)
    to = out
    at = find_rare_byte(data + get_long(stops, 0), data + get_long(stops, rows), 0)
    for number in range(rows):
        row = Row(number, data + get_long(stops, number), data + get_long(stops, number + 1))
        if at < row.end:
            to = narrow_row(row, max(at, row.start), to)
            at = find_rare_byte(row.end, data + get_long(stops, rows), 0)
    put_long(outcome, 0, to - out)


@part
def narrow_row(row: Row, at: int, to: int) -> int:
    """Write the ASCII of a row's UTF-16 texts, of those that may hold an id; gives where it ends."""
    while at < row.end:
        place = at - 1 if at > row.start and is_printable(byte_at(at - 1)) else at + 1
        begun = to
        while place < row.end and is_printable(byte_at(place)):
            put_byte(to, byte_at(place))
            to += 1
            if place + 1 < row.end and byte_at(place + 1) != 0:
                break
            place += 2
        if to - begun < _SHORTEST_TOKEN:
            to = begun
        else:
            put_byte(to, _FEED)
            to += 1
        at = find_rare_byte(max(place, at + 1), row.end, 0)
    return to


@inlined
def six_bits(byte: int) -> int:
    """Give the value of a digit of base64."""
    if byte >= 97:
        return byte - 71
    if byte == 95:
        return 63
    if byte >= 65:
        return byte - 65
    if byte >= 48:
        return byte + 4
    return 62 if byte < 47 else 63


@inlined
def begins_ascii(byte: int) -> bool:
    """Tell whether a digit of base64 is the first of a group whose first byte is ASCII."""
    return 65 <= byte <= 90 or 97 <= byte <= 102


def undo_base64(arguments: int) -> None:
    """Undo base64 in rows of text: what may be of ASCII, wherever in a run it begins.

    Writes at most four bytes for each.
    """
    data, stops, rows = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    out, outcome = get_long(arguments, 3), get_long(arguments, 4)
    to, behind = out, data + get_long(stops, rows)
    for number in range(rows):
        start, end = data + get_long(stops, number), data + get_long(stops, number + 1)
        at = find_ascii_run(start, end, behind)
        while at < end:
            first, last = at, at + _SHORTEST_RUN
            while first > start and is_six(byte_at(first - 1)):
                first -= 1
            while last < end and is_six(byte_at(last)):
                last += 1
            for shift in range(4):
                to = undo_aligned(first, first + shift, last, to)
            at = find_ascii_run(last, end, behind)
    put_long(outcome, 0, to - out)


@part
def undo_aligned(first: int, at: int, last: int, to: int) -> int:
    """Undo the stretches of a run, in groups of four from a place on, whose every group begins ASCII."""
    while at + _SHORTEST_RUN <= last:
        # From the last of as many groups as it takes: where that does not, none before it is looked at.
        place = at + _SHORTEST_RUN - 4
        while place >= at and begins_ascii(byte_at(place)):
            place -= 4
        if place >= at:
            at = place + 4
            continue
        begun, at = at, at + _SHORTEST_RUN
        while at + 4 <= last and begins_ascii(byte_at(at)):
            at += 4
        # A group on either side may hold the token's first bytes, or its last.
        to = undo_groups(begun - 4 if begun - 4 >= first else begun, min(at + 4, last), to)
        put_byte(to, _FEED)
        to += 1
        at += 4
    return to


@part
def undo_groups(at: int, last: int, to: int) -> int:
    """Undo groups of four digits, and the one, two or three that a run may end with."""
    while at + 4 <= last:
        bits = six_bits(byte_at(at)) << 18 | six_bits(byte_at(at + 1)) << 12
        bits |= six_bits(byte_at(at + 2)) << 6 | six_bits(byte_at(at + 3))
        put_byte(to, bits >> 16)
        put_byte(to + 1, bits >> 8 & 255)
        put_byte(to + 2, bits & 255)
        at, to = at + 4, to + 3
    if last - at >= 2:
        bits = six_bits(byte_at(at)) << 18 | six_bits(byte_at(at + 1)) << 12
        bits |= six_bits(byte_at(at + 2)) << 6 if last - at == 3 else 0
        put_byte(to, bits >> 16)
        if last - at == 3:
            put_byte(to + 1, bits >> 8 & 255)
        to += last - at - 1
    return to
