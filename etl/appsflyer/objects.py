"""Read one JSON object exactly: every key, every text as it came. The slow way, for lines that need it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Self

from etl.appsflyer.messages import Reason
from etl.errors import UnreadableContent

_SPACE = re.compile(r"[ \t\r\n]*")
# Numbers are wanted as text alone, however many digits they have.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


class UnreadableObject(UnreadableContent):
    """Bytes that are not one JSON object of a message; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason code."""
        super().__init__(f"This is not one JSON object ({reason})")
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[Reason]]:
        """Pickle by the reason, which is what the constructor takes."""
        return type(self), (self.reason,)


def read_object(raw: bytes) -> dict[str, str | None]:
    """Read a JSON object into texts: strings decoded, other values as their exact text, null as None.

    Raises `UnreadableObject` with INVALID_UTF8 (also for a lone surrogate, which no UTF-8 can hold),
    INVALID_JSON, NOT_AN_OBJECT, or DUPLICATE_KEYS where equal keys have different values; null and empty text
    are no values.
    """
    try:
        text = raw.decode("utf-8-sig")
        pairs = list(_walk_pairs(text))
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise UnreadableObject(Reason.INVALID_UTF8) from None
    except (ValueError, IndexError, RecursionError):
        raise UnreadableObject(Reason.INVALID_JSON) from None
    message = dict(pairs)
    if len(message) < len(pairs):
        message |= {name: value for name, value in pairs if value}
        if any(value and message[name] != value for name, value in pairs):
            raise UnreadableObject(Reason.DUPLICATE_KEYS)
    return message


def _walk_pairs(text: str) -> Iterator[tuple[str, str | None]]:
    at = _skip_space(text, 0)
    if text[at] != "{":
        _DECODER.raw_decode(text, at)
        raise UnreadableObject(Reason.NOT_AN_OBJECT)
    at = _skip_space(text, at + 1)
    # As for the fast parser, a comma may stand behind the last value.
    while text[at] != "}":
        name, at = _decode_string(text, at)
        at = _skip_space(text, _expect(text, _skip_space(text, at), ":"))
        value, end = _DECODER.raw_decode(text, at)
        yield name, _as_text(value, text[at:end])
        at = _skip_space(text, end)
        if text[at] != "}":
            at = _skip_space(text, _expect(text, at, ","))
    if _skip_space(text, at + 1) != len(text):
        raise ValueError


def _decode_string(text: str, at: int) -> tuple[str, int]:
    _expect(text, at, '"')
    name, end = _DECODER.raw_decode(text, at)
    name.encode()
    return str(name), end


def _as_text(value: object, literal: str) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else literal
    text.encode()
    return text


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, character: str) -> int:
    if text[at] != character:
        raise ValueError
    return at + 1
