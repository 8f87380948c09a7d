"""The header of a Pull API file: display names to the authority's fields.

Vendor document followed: "AppsFlyer: Pull API raw data" and its list of raw-data fields: a column is headed
by the field's display name, which `etl.appsflyer.fields` holds for each (`docs/fields.md` shows both).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from etl.appsflyer.fields import FIELDS, canonical_name
from etl.appsflyer.formats.recognition import BOM
from etl.appsflyer.pull.reports import Report

# What `api_version` says of an event that a Pull file told.
PULL: Final = "pull"
DELIMITERS: Final = (",", ";", "\t")
# Without these no event can be told from another.
NEEDED: Final = ("event_time", "event_name")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def _fold(header: str) -> str:
    return " ".join(header.casefold().split())


BY_DISPLAY_NAME: Final[Mapping[str, str]] = MappingProxyType(
    {_fold(field.display_name): field.name for field in FIELDS}
)


class NoPullFileError(ValueError):
    """A file is none that the Pull API made; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written: its delimiter and, a column each, the name under which its values are read.

    `unknown` are headers that the authority does not know: their values are kept in `extra` under them.
    `zone` is the zone of the file's times.
    """

    delimiter: str
    names: tuple[str, ...]
    unknown: tuple[str, ...]
    zone: str
    event_type: str | None = None
    app_id: str | None = None

    @property
    def width(self) -> int:
        """How many cells a record has."""
        return len(self.names)


def read_form(header: bytes, report: Report, zone: str = "UTC", app_id: str | None = None) -> Form:
    """Read the first line of a file. Raises NoPullFileError where it is no header of the Pull API."""
    if header.startswith(_UTF_16):
        raise NoPullFileError("is UTF-16; the Pull API gives UTF-8: download it again, or save it as UTF-8")
    try:
        text = header.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise NoPullFileError("is no UTF-8 text; download it again, or save it as UTF-8") from None
    delimiter, headers = _split(text)
    names = _name_columns(headers)
    missing = [name for name in NEEDED if name not in names]
    if "app_id" not in names and app_id is None:
        missing.append("app_id")
    if missing:
        listed = ", ".join(missing)
        raise NoPullFileError(f"has no column for {listed}; is it a raw-data report with its header?")
    unknown = tuple(each.strip() for each in headers if find_field(each) is None)
    return Form(delimiter, names, unknown, zone, report.event_type, app_id)


def name_columns(header: bytes) -> tuple[tuple[str, ...], str]:
    """Name the columns of a first line, whatever it is, and give what parts them."""
    delimiter, headers = _split(header.removeprefix(BOM).decode(errors="replace"))
    return _name_columns(headers), delimiter


def _split(header: str) -> tuple[str, list[str]]:
    """Split a header by the delimiter that makes most fields of it."""
    splits = [(mark, next(csv.reader([header], delimiter=mark), [])) for mark in DELIMITERS]
    return max(splits, key=lambda split: (sum(map(_is_field, split[1])), len(split[1])))


def _is_field(header: str) -> bool:
    return find_field(header) is not None


def find_field(header: str) -> str | None:
    """Find the field of a header, by its display name or by any spelling that the Push API has for it."""
    return BY_DISPLAY_NAME.get(_fold(header)) or canonical_name(header)


def _name_columns(headers: Sequence[str]) -> tuple[str, ...]:
    """Name columns by their fields; one that repeats another, or is not known, keeps its own header."""
    names: list[str] = []
    for place, header in enumerate(headers):
        name = find_field(header) or header.strip() or f"column {place + 1}"
        while name in names:
            name = f"{header.strip()} ({place + 1})"
        names.append(name)
    return tuple(names)
