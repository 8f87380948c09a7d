"""How a command shows its result: one JSON object for programs, lines for people."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Final

import typer

NUMBER: Final = re.compile(r"(?:-?[\d,]+(?:\.\d+)?(?:[eE][+-]?\d+)?)?")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Wider than any table: elsewhere than on a terminal nothing is folded.
WIDE: Final = 100_000


def show(result: Mapping[str, object], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the result as one JSON object, or the lines that say the same.

    Dataclasses become objects; what JSON does not know (instants, dates, paths) becomes its text.
    """
    if as_json:
        typer.echo(json.dumps(result, default=to_json, ensure_ascii=False))
    else:
        for line in lines:
            typer.echo(line)


def to_json(value: object) -> object:
    """Return what stands for a value that JSON does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def make_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lay rows out as lines: within the terminal's width on one, as wide as they are elsewhere."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    cells = [[spell_cell(value) for value in row] for row in rows]
    for place, column in enumerate(columns):
        is_number = bool(cells) and all(NUMBER.fullmatch(row[place]) for row in cells)
        table.add_column(
            Text(make_printable(column)), justify="right" if is_number else "left", overflow="fold"
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(file=StringIO(), width=None if sys.stdout.isatty() else WIDE, color_system=None)
    console.print(table)
    written = console.file
    assert isinstance(written, StringIO)  # noqa: S101 - it is the one above
    return (line.rstrip() for line in written.getvalue().splitlines())


def spell_cell(value: object) -> str:
    """Spell a value for a table: numbers with thousands, nothing for null, JSON for what is nested."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    nested = isinstance(value, dict | list | tuple)
    return make_printable(json.dumps(value, default=to_json, ensure_ascii=False) if nested else str(value))


def make_printable(text: str) -> str:
    """Spell control characters, which could otherwise drive the terminal that shows what somebody sent."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
