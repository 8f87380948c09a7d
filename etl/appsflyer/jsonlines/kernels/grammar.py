"""The grammar of JSON (RFC 8259) over bytes: each function passes over one thing, or gives `BROKEN`.

Strict, and stricter in two ways: a lone surrogate is refused anywhere, and nesting has a limit. What is
refused is read again by `objects.read_object`, which decides. Every function stops at a newline at the
latest, so the bytes must end with one; those that look further ahead are told where the end is.
"""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, inlined, part
from etl.appsflyer.compiled.runs import find_mark

BROKEN = -1
MAX_DEPTH = 60

_QUOTE, _BACKSLASH, _SLASH, _COLON, _COMMA, _MINUS, _PLUS, _POINT = (ord(each) for each in '"\\/:,-+.')
_OBJECT, _OBJECT_END, _ARRAY, _ARRAY_END = (ord(each) for each in "{}[]")
_SPACE, _TAB, _RETURN = (ord(each) for each in " \t\r")
_ZERO, _ONE, _NINE = (ord(each) for each in "019")
_A, _B, _E, _F, _L, _N, _R, _S, _T, _U = (ord(each) for each in "abeflnrstu")
_LOWER = 0x20
_HIGH, _LOW, _AFTER = 0xD800, 0xDC00, 0xE000


@inlined
def skip_space(at: int) -> int:
    """Pass over whitespace, but no newline."""
    while byte_at(at) == _SPACE or byte_at(at) == _TAB or byte_at(at) == _RETURN:
        at += 1
    return at


@part
def skip_string(at: int, end: int) -> tuple[int, bool]:
    """Pass from behind the opening quote to the closing one; tell whether there were escapes."""
    has_escapes = False
    while True:
        at = find_mark(at, end)
        byte = byte_at(at)
        if byte == _QUOTE:
            return at, has_escapes
        if byte == _BACKSLASH:
            has_escapes = True
            at = skip_escape(at)
        elif byte >= 0x80:
            at = skip_character(at)
        else:
            at = BROKEN
        if at < 0:
            return BROKEN, has_escapes


@part
def skip_escape(at: int) -> int:
    """Pass over an escape, or over two that make one character."""
    mark = byte_at(at + 1)
    if mark == _U:
        return skip_code(at)
    if (
        mark == _QUOTE
        or mark == _BACKSLASH
        or mark == _SLASH
        or mark == _B
        or mark == _F
        or mark == _N
        or mark == _R
        or mark == _T
    ):
        return at + 2
    return BROKEN


@part
def skip_code(at: int) -> int:
    """Pass over an escaped code, or over both halves of one beyond the first plane."""
    code = read_code(at + 2)
    if code < 0 or _LOW <= code < _AFTER:
        return BROKEN
    if not _HIGH <= code < _LOW:
        return at + 6
    if byte_at(at + 6) != _BACKSLASH or byte_at(at + 7) != _U or not _LOW <= read_code(at + 8) < _AFTER:
        return BROKEN
    return at + 12


@part
def read_code(at: int) -> int:
    """Read four hexadecimal digits."""
    code = 0
    for place in range(4):
        byte = byte_at(at + place)
        letter = (byte | _LOWER) - _A
        if _ZERO <= byte <= _NINE:
            code = code * 16 + byte - _ZERO
        elif 0 <= letter < 6:
            code = code * 16 + letter + 10
        else:
            return BROKEN
    return code


@part
def skip_character(at: int) -> int:
    """Pass over a character of two to four bytes: no overlong form, no surrogate, nothing beyond Unicode."""
    lead = byte_at(at)
    if 0xC2 <= lead < 0xE0:
        return at + 2 if is_tail(at + 1) else BROKEN
    if lead < 0xE0 or lead > 0xF4:
        return BROKEN
    second = byte_at(at + 1)
    if (
        not is_tail(at + 1)
        or (lead == 0xE0 and second < 0xA0)
        or (lead == 0xED and second >= 0xA0)
        or (lead == 0xF0 and second < 0x90)
        or (lead == 0xF4 and second >= 0x90)
        or not is_tail(at + 2)
    ):
        return BROKEN
    if lead < 0xF0:
        return at + 3
    return at + 4 if is_tail(at + 3) else BROKEN


@part
def is_tail(at: int) -> bool:
    """Tell whether a byte continues a character."""
    return (byte_at(at) & 0xC0) == 0x80


@part
def skip_number(at: int) -> int:
    """Pass over a number."""
    if byte_at(at) == _MINUS:
        at += 1
    if byte_at(at) == _ZERO:
        at += 1
    else:
        at = skip_digits(at)
    if at > 0 and byte_at(at) == _POINT:
        at = skip_digits(at + 1)
    if at > 0 and (byte_at(at) | _LOWER) == _E:
        at += 1
        if byte_at(at) == _MINUS or byte_at(at) == _PLUS:
            at += 1
        at = skip_digits(at)
    return at


@part
def skip_digits(at: int) -> int:
    """Pass over digits, at least one."""
    start = at
    while _ZERO <= byte_at(at) <= _NINE:
        at += 1
    return at if at > start else BROKEN


@part
def skip_word(at: int) -> int:
    """Pass over `true`, `false` or `null`."""
    if byte_at(at) == _T and byte_at(at + 1) == _R and byte_at(at + 2) == _U and byte_at(at + 3) == _E:
        return at + 4
    if byte_at(at) == _N and byte_at(at + 1) == _U and byte_at(at + 2) == _L and byte_at(at + 3) == _L:
        return at + 4
    if (
        byte_at(at) == _F
        and byte_at(at + 1) == _A
        and byte_at(at + 2) == _L
        and byte_at(at + 3) == _S
        and byte_at(at + 4) == _E
    ):
        return at + 5
    return BROKEN


@part
def skip_scalar(at: int, end: int) -> int:
    """Pass over a string, a number or a word."""
    first = byte_at(at)
    if first == _QUOTE:
        at, _ = skip_string(at + 1, end)
        return at + 1 if at > 0 else BROKEN
    if first == _MINUS or _ZERO <= first <= _NINE:
        return skip_number(at)
    return skip_word(at)


@part
def skip_key(at: int, end: int) -> int:
    """Pass over a key, its colon and the space around it."""
    if byte_at(at) != _QUOTE:
        return BROKEN
    at, _ = skip_string(at + 1, end)
    if at < 0:
        return BROKEN
    return skip_colon(at + 1)


@inlined
def skip_colon(at: int) -> int:
    """Pass over a colon and the space around it."""
    at = skip_space(at)
    return skip_space(at + 1) if byte_at(at) == _COLON else BROKEN


@part
def skip_nested(at: int, end: int) -> int:
    """Pass over an object or an array."""
    # The kinds of what is open, the innermost in the lowest bit: 1 is an object.
    kinds, depth, is_value_next = 0, 0, True
    while at >= 0:
        first = byte_at(at)
        if is_value_next and (first == _OBJECT or first == _ARRAY):
            if depth == MAX_DEPTH:
                return BROKEN
            is_object = first == _OBJECT
            kinds, depth = kinds << 1 | is_object, depth + 1
            at = skip_space(at + 1)
            is_value_next = byte_at(at) != (_OBJECT_END if is_object else _ARRAY_END)
            if is_value_next and is_object:
                at = skip_key(at, end)
        elif is_value_next:
            at = skip_scalar(at, end)
            is_value_next = False
            if at > 0:
                at = skip_space(at)
        elif first == _COMMA:
            is_value_next = True
            at = skip_space(at + 1)
            if kinds & 1:
                at = skip_key(at, end)
        elif first == (_OBJECT_END if kinds & 1 else _ARRAY_END):
            kinds, depth = kinds >> 1, depth - 1
            if not depth:
                return at + 1
            at = skip_space(at + 1)
        else:
            return BROKEN
    return BROKEN
