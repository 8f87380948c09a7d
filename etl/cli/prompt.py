"""Ask for queries on a terminal, one after another."""

from collections.abc import Callable
from typing import Final

import typer

from etl.cli.progress import INTERRUPTED
from etl.errors import PushliftError

QUIT: Final = frozenset({".quit", ".exit", "quit", "exit"})


def ask_queries(answer: Callable[[str], None], ask: Callable[[str], str] = input) -> None:
    """Answer each query that ends in a semicolon until the input ends; errors are told and asking goes on.

    Earlier lines are at hand while it lasts. They are never written to a file: a query may hold a person's
    id, and no erasure would find it there.
    """
    try_readline()
    typer.echo("Tables: events, quarantine, loads, checks, profiles. End a query with ; and leave with .quit")
    lines: list[str] = []
    while True:
        try:
            line = ask("   ...> " if lines else "lake> ")
        except EOFError:
            typer.echo()
            return
        except KeyboardInterrupt:
            typer.echo()
            lines = []
            continue
        if not lines and line.strip().lower() in QUIT:
            return
        if line.strip() or lines:
            lines.append(line)
        if line.rstrip().endswith(";"):
            answer_one(answer, "\n".join(lines))
            lines = []


def answer_one(answer: Callable[[str], None], query: str) -> None:
    """Answer one query, whatever comes of it."""
    try:
        answer(query)
    except PushliftError as error:
        typer.echo(error.message, err=True)
    except KeyboardInterrupt:
        typer.echo(f"interrupted ({INTERRUPTED})", err=True)


def try_readline() -> None:
    """Give `input` editing and a history in memory where Python was built with them."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(True)
