"""Write the text of a JSON string that the grammar has passed over: escapes become what they stand for."""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, part, put_byte
from etl.appsflyer.compiled.runs import copy_bytes, find_mark
from etl.appsflyer.jsonlines.kernels.grammar import read_code

_BACKSLASH = ord("\\")
_B, _F, _N, _R, _T, _U = (ord(each) for each in "bfnrtu")
_HIGH, _LOW, _AFTER, _BEYOND = 0xD800, 0xDC00, 0xE000, 0x10000


@part
def unescape(at: int, end: int, size: int, target: int) -> int:
    """Write a string of `size` bytes, with the closing quote behind it; gives the end of what was written.

    `target` must have room for `WIDTH` bytes more.
    """
    stop = at + size
    while True:
        mark = find_mark(at, end)
        copy_bytes(at, end, target, mark - at)
        at, target = mark, target + mark - at
        if at >= stop:
            return target
        byte = byte_at(at)
        if byte == _BACKSLASH:
            at, target = write_escaped(at, target)
        else:
            put_byte(target, byte)
            at, target = at + 1, target + 1


@part
def write_escaped(at: int, target: int) -> tuple[int, int]:
    """Write what an escape stands for; give where both go on."""
    mark = byte_at(at + 1)
    if mark != _U:
        put_byte(target, read_control(mark))
        return at + 2, target + 1
    code = read_code(at + 2)
    if _HIGH <= code < _AFTER:
        code = _BEYOND + ((code - _HIGH) << 10) + read_code(at + 8) - _LOW
        at += 6
    return at + 6, write_character(code, target)


@part
def read_control(mark: int) -> int:
    """Give the byte that a letter behind a backslash stands for."""
    if mark == _N:
        return 10
    if mark == _T:
        return 9
    if mark == _R:
        return 13
    if mark == _B:
        return 8
    return 12 if mark == _F else mark


@part
def write_character(code: int, target: int) -> int:
    """Write a character as UTF-8; give the end."""
    if code < 0x80:
        put_byte(target, code)
        return target + 1
    if code < 0x800:
        put_byte(target, 0xC0 | code >> 6)
    elif code < _BEYOND:
        put_byte(target, 0xE0 | code >> 12)
    else:
        put_byte(target, 0xF0 | code >> 18)
        target = write_tail(code >> 12, target)
    if code >= 0x800:
        target = write_tail(code >> 6, target)
    return write_tail(code, target) + 1


@part
def write_tail(bits: int, target: int) -> int:
    """Write a continuing byte behind the last one; give where it is."""
    put_byte(target + 1, 0x80 | bits & 0x3F)
    return target + 1
