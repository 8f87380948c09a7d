"""Where lines end, for those who count them: nothing of the parser's is used."""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, get_long, put_long
from etl.appsflyer.compiled.runs import find_byte

_FIRST_SPACE, _LAST_SPACE, _SPACE, _NEWLINE = 9, 13, 32, 10


def find_line_ends(arguments: int) -> None:
    """Find newlines, as `line_ends.find_line_ends` asks for it."""
    data, size, at = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    ends, room, outcome = get_long(arguments, 3), get_long(arguments, 4), get_long(arguments, 5)
    count, follows_space = 0, get_long(outcome, 1)
    while at < size and count < room:
        at = find_byte(data + at, data + size, _NEWLINE) - data
        before = byte_at(data + at - 1) if at > 0 else _LAST_SPACE
        if before == _SPACE or _FIRST_SPACE <= before <= _LAST_SPACE:
            follows_space = 1
        put_long(ends, count, at)
        at, count = at + 1, count + 1
    put_long(outcome, 0, count)
    put_long(outcome, 1, follows_space)
