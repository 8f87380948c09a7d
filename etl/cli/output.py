"""How a command shows its result: one JSON object for programs, lines for people."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass

import typer


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
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
