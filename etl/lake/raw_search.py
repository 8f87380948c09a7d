"""Find wanted ids in texts as they came: in any casing, percent-encoded, escaped as JSON, or in base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from etl.lake.wanted import Lookup

# Ids may be encoded twice, and what holds them escaped again: each round undoes one layer of both.
_ROUNDS: Final = 4
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SHAPES: Final = (_UUID, r"[0-9a-f]{40}", r"[0-9a-f]{32}", r"[0-9a-f]{16}", r"[0-9]{10,}-[0-9]{4,}")
_SHAPED: Final = re.compile("|".join(_SHAPES))
# A shape may begin inside of another, so each place is tried. Digits are taken from first to last.
_TOKENS: Final = (
    re.compile(rf"(?=({_UUID}))"),
    re.compile(r"(?=([0-9a-f]{40}))"),
    re.compile(r"(?=([0-9a-f]{32}))"),
    re.compile(r"(?=([0-9a-f]{16}))"),
    re.compile(r"([0-9]{10,}-[0-9]{4,})"),
)
# Without the zero bytes, UTF-16 can be read as well.
_ZERO: Final = "\0"
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_PERCENT: Final = re.compile(r"%[0-9a-fA-F]{2}")


class TextSearch:
    """Tells whether a text holds a wanted id.

    Ids that are shaped like an id are looked up among the text's tokens; others are searched as they stand,
    between characters that are no letters or digits: one that begins like another is not the other.
    """

    def __init__(self, lookup: Lookup) -> None:
        """Sort what is wanted by whether it has a shape."""
        self._lookup = lookup
        # Digests have a shape.
        self._free: Sequence[str] = [each for each in lookup.list_ids() if not _SHAPED.fullmatch(each)]

    def holds(self, text: str) -> bool:
        """Tell whether a text holds a wanted id in any of its readings."""
        return any(self._holds_plain(reading) for reading in list_readings(text))

    def _holds_plain(self, text: str) -> bool:
        tokens = (match.group(1) for shape in _TOKENS for match in shape.finditer(text))
        found = any(self._lookup.find_owner(token) is not None for token in tokens)
        return found or any(stands_in(free, text) for free in self._free if free in text)


def decode_raw(raw: str, encoding: str | None) -> str:
    """Give a quarantined message as text; of bytes that are none, each byte a character."""
    if encoding != "base64":
        return f"{raw}\n{raw.replace(_ZERO, '')}" if _ZERO in raw else raw
    try:
        data = base64.b64decode(raw, validate=False)
    except (binascii.Error, ValueError):
        return raw
    return data.replace(_ZERO.encode(), b"").decode("latin-1") + "\n" + data.decode("utf-8", "replace")


def list_readings(text: str) -> Iterator[str]:
    """List a text case-folded as it stands, and with each layer of percent-encoding and escapes undone."""
    yield text.casefold()
    for _ in range(_ROUNDS):
        undone = _undo(text)
        if undone == text:
            return
        text = undone
        yield text.casefold()


def _undo(text: str) -> str:
    if "\\" in text:
        text = _ESCAPED.sub(_unescape, text)
    return unquote(text, errors="replace") if _PERCENT.search(text) else text


def _unescape(match: re.Match[str]) -> str:
    code, character = match.groups()
    return chr(int(code, 16)) if code else "\n" if character in "nrtbf" else str(character)


def stands_in(free: str, text: str) -> bool:
    """Tell whether a folded id stands in a text between characters that are no letters or digits."""
    place = text.find(free)
    while place >= 0:
        end = place + len(free)
        before, after = text[place - 1 : place], text[end : end + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        place = text.find(free, place + 1)
    return False
