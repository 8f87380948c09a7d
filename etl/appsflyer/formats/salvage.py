"""Tell whether JSON is broken, and where the next message starts after it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from json import JSONDecodeError

# What a message has at its top level and hardly anything nested in one does.
KNOWN_KEYS = frozenset(
    {"app_id", "appsflyer_device_id", "appsflyer_id", "bundle_id", "event_name", "event_time"}
)

# An error this near to the end may come from the cut alone: `-Infinity`, an escape.
_CUT_BYTES = 16
# Enough for nearly any message; a longer one is judged by its beginning.
_WINDOW_BYTES = 4 << 10
_LARGE_WINDOW_BYTES = 256 << 10
_LOOK_BEHIND_BYTES = 64
_OBJECT_START = re.compile(rb'\{[ \t\r\n]*"')
# Numbers stay text: their value is of no interest, and Python refuses very long ones.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def decode_object(data: bytes) -> dict[str, object] | None:
    """Decode bytes that are exactly one JSON object, whatever their encoding; None when they are not."""
    stripped = data.strip(b" \t\r\n")
    if not (stripped.startswith(b"{") and stripped.endswith(b"}")):
        return None
    value = _decode(stripped)
    return value if isinstance(value, dict) else None


def is_json(data: bytes) -> bool:
    """Tell whether bytes are exactly one JSON value."""
    return not isinstance(_decode(data.strip(b" \t\r\n")), _Broken)


def is_broken(data: bytes, at: int) -> bool:
    """Tell whether what starts at `at` like a JSON value can be no beginning of one, by its first 256 KiB."""
    _, value = _decode_window(data, at)
    return isinstance(value, _Broken) and not value.may_continue


def is_unfinished(data: bytes) -> bool:
    """Tell whether bytes begin a JSON value that is sound as far as it goes, and not complete."""
    value = _decode_start(data)
    return isinstance(value, _Broken) and value.may_continue


def find_start(
    data: bytes, begin: int, known_keys: Collection[str] = KNOWN_KEYS, end: int | None = None
) -> int | None:
    """Find the first place from `begin` to `end` where a message starts that is not nested in another value.

    It must follow something that cannot stand before a nested object, and be an object with a known key, as
    far as it goes. Without known keys any object will do.
    """
    for match in _OBJECT_START.finditer(data, begin, len(data) if end is None else end):
        if _is_seam(data, match.start()) and _starts_message(data, match.start(), known_keys):
            return match.start()
    return None


def find_object_end(text: str, start: int) -> int | None:
    """Find where the JSON object ends that starts at `start` of Latin-1 text; None when it is broken."""
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (JSONDecodeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Broken:
    """An error of the decoder, and whether more data could mend it."""

    may_continue: bool


def _decode(data: bytes) -> object:
    # Latin-1 makes a character of every byte: offsets agree, and JSON's structure is ASCII.
    try:
        return _DECODER.decode(data.decode("latin-1"))
    except (JSONDecodeError, RecursionError):
        return _Broken(may_continue=False)


def _decode_start(data: bytes) -> object:
    try:
        return _DECODER.raw_decode(data.decode("latin-1"))[0]
    except JSONDecodeError as error:
        is_cut = error.msg.startswith("Unterminated string") or error.pos >= len(data) - _CUT_BYTES
        return _Broken(may_continue=is_cut)
    except RecursionError:
        return _Broken(may_continue=True)


def _is_seam(data: bytes, at: int) -> bool:
    before = data[max(0, at - _LOOK_BEHIND_BYTES) : at].rstrip(b" \t")
    if before.endswith((b",", b"[")):
        before = before.rstrip(b" \t,[")
        return before.endswith((b"}", b"]", b"\n", b"\r", b"\x1e"))
    return not before.endswith(b":")


def _starts_message(data: bytes, at: int, known_keys: Collection[str]) -> bool:
    window, value = _decode_window(data, at)
    if isinstance(value, dict):
        return not known_keys or not value.keys().isdisjoint(known_keys)
    if not isinstance(value, _Broken) or not value.may_continue:
        return False
    return not known_keys or any(f'"{key}"'.encode() in window for key in known_keys)


def _decode_window(data: bytes, at: int) -> tuple[bytes, object]:
    window = data[at : at + _WINDOW_BYTES]
    value = _decode_start(window)
    if isinstance(value, _Broken) and value.may_continue and len(window) == _WINDOW_BYTES:
        window = data[at : at + _LARGE_WINDOW_BYTES]
        value = _decode_start(window)
    return window, value
