"""Ask for queries on a terminal, one after another."""

from collections.abc import Callable, Sequence
from typing import Final

import typer

from etl.cli.progress import INTERRUPTED
from etl.errors import PushliftError

QUIT: Final = frozenset({".quit", ".exit", "quit", "exit"})
RUN: Final = ".run "
_HELP: Final = (
    "Tables: events, quarantine, loads, checks, profiles, postbacks; views: events_local, occurrences,"
    " conversions, installs, purchases, retargeting_pairs, postback_outcomes, opt_out_progress. End a query"
    " with ; and leave with .quit. .run NAME runs one of the library,"
    " for one app after `set variable app = '…';`."
)


def ask_queries(
    answer: Callable[[str], None], ask: Callable[[str], str] = input, words: Sequence[str] = ()
) -> None:
    """Answer each query that ends in a semicolon until the input ends; errors are told and asking goes on.

    Earlier lines are at hand while it lasts, and the tab key completes words. Lines are never written to a
    file: a query may hold a person's id, and no erasure would find it there.
    """
    try_readline(words)
    typer.echo(_HELP)
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
        if not lines and line.startswith(RUN):
            answer_one(lambda name: answer(read_named(name)), line.removeprefix(RUN).strip(" ;"))
            continue
        if line.strip() or lines:
            lines.append(line)
        if line.rstrip().endswith(";"):
            answer_one(answer, "\n".join(lines))
            lines = []


def read_named(name: str) -> str:
    """Read a query of the library."""
    from etl.lake.library import find_query

    return find_query(name).text


def answer_one(answer: Callable[[str], None], query: str) -> None:
    """Answer one query, whatever comes of it."""
    try:
        answer(query)
    except PushliftError as error:
        typer.echo(error.message, err=True)
    except KeyboardInterrupt:
        typer.echo(f"interrupted ({INTERRUPTED})", err=True)


def complete(words: Sequence[str], typed: str) -> list[str]:
    """Give the words that begin as what was typed, in its casing where it has one."""
    found = [word for word in words if word.startswith(typed.lower())]
    return [word.upper() for word in found] if typed.isupper() else found


def try_readline(words: Sequence[str]) -> None:
    """Give `input` editing, a history in memory and completion where Python was built with them."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(True)
    readline.set_completer_delims(" \t\n;,()=<>.'\"")
    readline.set_completer(lambda typed, place: dict(enumerate(complete(words, typed))).get(place))
    is_editline = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_editline else "tab: complete")
