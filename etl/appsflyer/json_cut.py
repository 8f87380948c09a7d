"""Cutting a value out of JSON text exactly as it was written, numbers included."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]

Step = str | int

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def cut_value(text: str, steps: Sequence[Step]) -> str | None:
    """Give the text of the value under a path of names and places, or None where there is none.

    Of equal names the first counts. The text must be valid JSON.
    """
    at = _skip(text, 0)
    for step in steps:
        found = _enter_object(text, at, step) if isinstance(step, str) else _enter_array(text, at, step)
        if found is None:
            return None
        at = found
    return text[at : _end(text, at)]


def _enter_object(text: str, at: int, name: str) -> int | None:
    if text[at] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] == '"':
        key, at = scanstring(text, at + 1)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            return at
        at = _next(text, at)
    return None


def _enter_array(text: str, at: int, place: int) -> int | None:
    if text[at] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(place):
        if text[at] == "]":
            return None
        at = _next(text, at)
    return None if text[at] == "]" else at


def _next(text: str, at: int) -> int:
    """Go behind a value and the comma that follows it, if one does."""
    at = _skip(text, _end(text, at))
    return _skip(text, at + 1) if text[at] == "," else at


def _end(text: str, at: int) -> int:
    return _DECODER.raw_decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
