"""Read lists of lines: CSV with or without a header, or one id a line.

Each line is read by itself, so that a quotation mark that nobody closed costs its own line and hides no other
person: a value holds no line break.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from etl.liftoff.identifiers import DEVICE_ID
from etl.opt_outs.columns import HEADERLESS, Column, count_names, map_columns, read_type
from etl.opt_outs.records import Row
from etl.opt_outs.rows import make_row

SEPARATORS: Final = (",", ";", "\t", "|")
MOST_FIELDS: Final = 1_000
"""A line with more is no row of a list, and would take minutes to be looked at."""
_LINE: Final = re.compile(r"([^\r\n]*)(?:\r\n|[\r\n]|\Z)")
_COMMENT: Final = "#"
_SEP_LINE: Final = "sep="


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a list are taken apart; `separator` is None where a line is one id.

    `first_line` is the first that holds ids.
    """

    separator: str | None
    columns: Sequence[Column | None]
    has_header: bool
    first_line: int


def list_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines that are not blank, with their numbers from 1 on; a line ends with CR, LF or both."""
    for number, found in enumerate(_LINE.finditer(text), start=1):
        line = found[1]
        if line and not line.isspace():
            yield number, line


def find_layout(text: str) -> Layout:
    """Find how the lines of a list are to be taken apart, by its first one that is no comment.

    A line `sep=;`, as spreadsheets write it, names the separator. Of several separators in the line that one
    counts which makes most known names of columns, then which leaves an id in front, then which makes most
    columns. Without a header the columns are device id, type, app ids, requested-at, kind, in this order.
    Raises UnreadableList for a header that names no ids, or one thing twice.
    """
    lines = ((number, line) for number, line in list_lines(text) if not line.lstrip().startswith(_COMMENT))
    number, line = next(lines, (1, ""))
    separator = _read_sep_line(line)
    if separator:
        number, line = next(lines, (number + 1, ""))
    separator = separator or _choose_separator(line)
    names = split_line(line, separator) or []
    _, after = next(lines, (0, ""))
    if not _is_header(names, split_line(after, separator) or []):
        return Layout(
            separator, HEADERLESS if separator else HEADERLESS[:1], has_header=False, first_line=number
        )
    return Layout(separator, map_columns(tuple(names)), has_header=True, first_line=number + 1)


def read_lines(text: str, layout: Layout) -> Iterator[Row]:
    """Read the rows of a list of lines; a comment is a row that is refused, wherever it stands."""
    for number, line in list_lines(text):
        if line.lstrip().startswith(_COMMENT):
            yield Row(number, refusal="comment")
        elif number >= layout.first_line:
            yield _read_line(number, line, layout)


def split_line(line: str, separator: str | None) -> list[str] | None:
    """Split a line into its fields (RFC 4180); None where a quotation mark is open, and for too many."""
    if _is_too_wide(line, separator):
        return None
    if '"' not in line:
        return line.split(separator) if separator else [line]
    if separator is None and not line.strip().startswith('"'):
        return [line]
    # Tabs in front are empty fields where they separate: without them ids would move to other columns.
    trimmed = line.strip(" ") if separator == "\t" else line.strip()
    try:
        # A character that no text holds stands in where there is no separator.
        return next(csv.reader([trimmed], delimiter=separator or "\0", strict=True, skipinitialspace=True))
    except csv.Error:
        return None


def _is_too_wide(line: str, separator: str | None) -> bool:
    return separator is not None and line.count(separator) >= MOST_FIELDS


def _read_line(number: int, line: str, layout: Layout) -> Row:
    fields = split_line(line, layout.separator)
    if fields is None:
        is_too_wide = _is_too_wide(line, layout.separator)
        return Row(number, refusal="too_many_fields" if is_too_wide else "unclosed_quote")
    most = len(layout.columns)
    if len(fields) > most and any(field and not field.isspace() for field in fields[most:]):
        return Row(number, refusal="too_many_fields")
    return make_row(number, layout.columns, fields)


def _is_header(fields: Sequence[str], after: Sequence[str]) -> bool:
    """Tell a header from a row that has a type as its second field, which is the name of a column as well.

    What is shaped like an id is in no header. Where types stand in the second line, too, or there is no
    second line, the first is a row: a header would swallow a person.
    """
    known = [place for place, field in enumerate(fields) if count_names((field,))]
    if any(DEVICE_ID.fullmatch(field.strip()) for field in fields):
        return False
    if known == [1] and read_type(fields[1]):
        return len(after) > 1 and read_type(after[1]) is None
    return bool(known)


def _read_sep_line(line: str) -> str | None:
    folded = line.strip(' "').casefold()
    name = line.strip(' "')[len(_SEP_LINE) :]
    return name if folded.startswith(_SEP_LINE) and name in SEPARATORS else None


def _choose_separator(line: str) -> str | None:
    found = [separator for separator in SEPARATORS if separator in line]
    split = {separator: split_line(line, separator) or [] for separator in found}
    scored = {
        separator: (count_names(fields), DEVICE_ID.fullmatch(fields[0].strip()) is not None, len(fields))
        for separator, fields in split.items()
        if len(fields) > 1
    }
    return max(scored, key=lambda separator: scored[separator], default=None)
