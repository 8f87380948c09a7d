"""Evidence that cannot be changed unseen: records in a chain, each with the hash of the one before.

A chain is lines of canonical JSON. Whoever keeps one also keeps its length and head, elsewhere: only against
these can a chain that was cut, or written anew as a whole, be told from a sound one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_SHAPES: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{40})(?![0-9a-f])"
    r"|[0-9]{10,}-[0-9]{10,}",
    re.IGNORECASE,
)
_MASK: Final = "<id>"
_FIELDS: Final = ("hash", "previous", "record", "sequence")


@dataclass(frozen=True, slots=True)
class Head:
    """How many links a chain has, and the hash of the last one."""

    length: int = 0
    digest: str = "0" * 64


EMPTY: Final = Head()


class IdentifierInEvidenceError(ValueError):
    """A record holds what is shaped like an id; where is said, not which."""


class BrokenChainError(ValueError):
    """A chain is not what was written: which link, and how that shows."""

    def __init__(self, sequence: int, fault: str) -> None:
        """Take the number of the first link that is wrong, from 1, and what is wrong."""
        super().__init__(f"Link {sequence} of the evidence is {fault}.")
        self.sequence = sequence
        self.fault = fault

    def __reduce__(self) -> tuple[type[BrokenChainError], tuple[int, str]]:
        """Pickle by what the constructor takes."""
        return type(self), (self.sequence, self.fault)


def append_record(head: Head, record: Mapping[str, Json]) -> tuple[bytes, Head]:
    """Make the line that goes on from a head, its line feed included, and the new head.

    Numbers are whole, so that every reader writes a record the same way.

    Raises:
        IdentifierInEvidenceError: a key or value holds what is shaped like an id: a UUID, an AppsFlyer id, or
            32 or 40 hexadecimal digits, which a keyed hash has as well as an MD5. `mask_ids` masks them.
        TypeError: a value is not one of JSON, or is a fraction.
    """
    _check_value(record, "record")
    sequence = head.length + 1
    digest = _hash_link(sequence, head.digest, record)
    link = {"sequence": sequence, "previous": head.digest, "record": record, "hash": digest}
    return _write(link) + b"\n", Head(sequence, digest)


def check_chain(lines: Iterable[bytes], expected: Head) -> list[dict[str, Json]]:
    """Give the records of a chain, if it is whole and ends as expected.

    Raises:
        BrokenChainError: the first link that was changed, is missing, was moved or added, by number.
    """
    head = EMPTY
    records: list[dict[str, Json]] = []
    for line in lines:
        sequence = head.length + 1
        link = _read(line, sequence)
        if link["sequence"] != sequence:
            raise BrokenChainError(sequence, "missing or out of order")
        if link["previous"] != head.digest:
            raise BrokenChainError(sequence, "not the one that follows the link before it")
        record = link["record"]
        if not isinstance(record, dict) or link["hash"] != _hash_link(sequence, head.digest, record):
            raise BrokenChainError(sequence, "changed")
        if sequence > expected.length:
            raise BrokenChainError(sequence, "more than were written")
        head = Head(sequence, str(link["hash"]))
        records.append(record)
    if head.length < expected.length:
        raise BrokenChainError(head.length + 1, "missing at the end")
    if head != expected:
        raise BrokenChainError(head.length, "not the last that was written")
    return records


def split_chain(content: bytes) -> list[bytes]:
    """Split a chain's bytes into its lines; a last one without line feed is one that was cut."""
    return content.splitlines(keepends=True)


def mask_ids(text: str) -> str:
    """Mask what is shaped like an id in a text that goes into evidence, such as the name of a data file."""
    return _SHAPES.sub(_MASK, text)


def _check_value(value: Json | Mapping[str, Json], where: str) -> None:
    if isinstance(value, Mapping):
        for place, (name, inner) in enumerate(value.items(), 1):
            if not isinstance(name, str):
                raise TypeError(f"A name in evidence is a text, unlike that of member {place} of {where}.")
            _check_text(name, f"the name of member {place} of {where}")
            _check_value(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _check_value(inner, f"{where}[{place}]")
    elif isinstance(value, str):
        _check_text(value, where)
    elif value is not None and not isinstance(value, int):
        raise TypeError(
            f"Evidence holds texts, whole numbers, lists and objects, and {where} is none of these."
        )
    else:
        _check_text(str(value), where)


def _check_text(text: str, where: str) -> None:
    if _SHAPES.search(text):
        raise IdentifierInEvidenceError(f"Evidence holds no identifiers, and {where} is shaped like one.")


def _hash_link(sequence: int, previous: str, record: Json | Mapping[str, Json]) -> str:
    return hashlib.sha256(_write({"sequence": sequence, "previous": previous, "record": record})).hexdigest()


def _write(value: Mapping[str, object]) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def _read(line: bytes, sequence: int) -> dict[str, Json]:
    try:
        link = json.loads(line)
    except ValueError:
        raise BrokenChainError(sequence, "not a line of JSON") from None
    if not isinstance(link, dict) or tuple(sorted(link)) != _FIELDS:
        raise BrokenChainError(sequence, "not a link")
    if _write(link) + b"\n" != line:
        raise BrokenChainError(sequence, "not written as it was")
    return link
