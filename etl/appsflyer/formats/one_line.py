"""Find the messages of a line that is not exactly one JSON object."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from etl.appsflyer.formats.limits import Limits
from etl.appsflyer.formats.salvage import KNOWN_KEYS, decode_object, find_object_end, find_start
from etl.appsflyer.formats.spans import SEPARATORS, Found, Refused
from etl.appsflyer.formats.values import ValueScanner
from etl.appsflyer.messages import Reason, Reject


@dataclass(frozen=True, slots=True)
class Values:
    """The messages of a line, each one JSON object as it stands there, and what was refused."""

    messages: tuple[bytes, ...]
    rejects: tuple[Reject, ...]


def frame_values(data: bytes, *, position: int = 1, known_keys: Collection[str] = KNOWN_KEYS) -> Values:
    """Find the messages of a line: several values, an array, or broken JSON that hides some.

    Each message is one object to Python's JSON parser, taken byte by byte (so invalid UTF-8 and NaN are let
    through). Everything else but separators is refused, at the line's `position`; a line of separators is
    refused as a whole.
    """
    limits = Limits(max_message_bytes=max(len(data), 1), known_keys=known_keys)
    scanner = ValueScanner(limits)
    pieces = [
        piece
        for found in (scanner.feed(data), scanner.finish())
        for part in _list_parts(found)
        for piece in _sift(part, known_keys)
    ]
    pieces = pieces or [Refused(0, Reason.NOT_AN_OBJECT, data)]
    return Values(
        messages=tuple(piece for piece in pieces if isinstance(piece, bytes)),
        rejects=tuple(Reject(position, one.reason, one.raw) for one in pieces if isinstance(one, Refused)),
    )


def _list_parts(found: Found) -> list[bytes | Refused]:
    """List what was found in the order in which it stands there."""
    spans = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    parts: list[tuple[int, bytes | Refused]] = [(start, found.data[start:end]) for start, end in spans]
    parts += [(one.at, one) for one in found.refused]
    return [part for _, part in sorted(parts, key=lambda pair: pair[0])]


def _sift(part: bytes | Refused, known_keys: Collection[str]) -> Iterator[bytes | Refused]:
    """Give a sound message as it is, and look for messages in all that is broken."""
    if isinstance(part, Refused):
        if part.reason is not Reason.INVALID_JSON:
            yield part
            return
        part = part.raw
    if decode_object(part) is not None:
        yield part
        return
    yield from _salvage(part, known_keys)


def _salvage(data: bytes, known_keys: Collection[str]) -> Iterator[bytes | Refused]:
    at = 0
    text = data.decode("latin-1")
    while (start := find_start(data, at or 1, known_keys)) is not None:
        yield from _refuse(data[at:start])
        end = find_object_end(text, start)
        if end is None:
            at = start
            break
        yield data[start:end]
        at = end
    yield from _refuse(data[at:])


def _refuse(data: bytes) -> Iterator[Refused]:
    if raw := data.strip(SEPARATORS):
        yield Refused(0, Reason.INVALID_JSON, raw)
