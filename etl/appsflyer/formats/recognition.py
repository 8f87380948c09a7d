"""Recognise how the messages of an object are laid out, from its first bytes."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice

from etl.appsflyer.formats.salvage import decode_object, is_json, is_unfinished

BOM = b"\xef\xbb\xbf"

_LINES_LOOKED_AT = 10
_ARRAY_START = re.compile(rb'\[[\s,\[\]\x1e]*(?:\{\s*(?:["}]|\Z)|\Z)')
_OBJECT_START = re.compile(rb'\{\s*(?:["}]|\Z)')
_LINE = re.compile(rb"[^\n]+")
_LONE_RETURN = re.compile(rb"\r(?!\n)")


class Layout(StrEnum):
    """How messages follow each other."""

    JSON_LINES = "json_lines"
    JSON_VALUES = "json_values"
    TEXT_LINES = "text_lines"
    TEXT_RETURNS = "text_returns"


def recognise(head: bytes) -> Layout:
    """Tell the layout from the beginning of an object's content.

    JSON lines when one of the first ten lines that are not blank is exactly one JSON object and none is a
    part of a larger value, or when the first is a JSON scalar; JSON values (concatenated, pretty-printed,
    arrays, whatever stands between them) when the content starts as an array of objects or an object does;
    text otherwise, its lines ended by lone carriage returns when most are.
    """
    head = head.removeprefix(BOM)
    lines = list(islice(_nonblank_lines(head), _LINES_LOOKED_AT))
    if not lines:
        return Layout.TEXT_LINES
    if _ARRAY_START.match(head.lstrip()) or _is_printed_over_lines(lines) or _has_parts_of_values(lines):
        return Layout.JSON_VALUES
    if any(decode_object(line) is not None for line in lines):
        return Layout.JSON_LINES
    if _OBJECT_START.match(lines[0].lstrip(b"\x1e, ")):
        return Layout.JSON_VALUES
    if is_json(lines[0]):
        return Layout.JSON_LINES
    return Layout.TEXT_RETURNS if _is_split_by_returns(head) else Layout.TEXT_LINES


def may_need_more(head: bytes) -> bool:
    """Tell whether the head ends within its first line, in a message that is sound so far."""
    line = head.removeprefix(BOM).lstrip()
    return line.startswith(b"{") and b"\n" not in line and is_unfinished(line)


def _nonblank_lines(head: bytes) -> islice[bytes]:
    lines = (match.group().strip() for match in _LINE.finditer(head))
    return islice(filter(None, lines), None)


def _is_printed_over_lines(lines: list[bytes]) -> bool:
    # After a message that was cut the next line starts with a brace; within one it does not.
    first, second = lines[0], lines[1] if len(lines) > 1 else b""
    if not _OBJECT_START.match(first) or decode_object(first) is not None:
        return False
    is_value_next = first.endswith(b":") and decode_object(second) is None
    return is_value_next or second.startswith((b'"', b",", b":", b"}"))


def _has_parts_of_values(lines: list[bytes]) -> bool:
    are_parts = (line.startswith((b",", b"}")) or line.endswith(b"},") for line in lines)
    return bool(_OBJECT_START.match(lines[0])) and any(are_parts)


def _is_split_by_returns(head: bytes) -> bool:
    return len(_LONE_RETURN.findall(head)) > head.count(b"\n")
