"""Show how far a long step is: a bar on a terminal, log lines elsewhere."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import typer

LOG: Final = logging.getLogger(__name__)
INTERRUPTED: Final = 130
_TENTHS: Final = 10

Progress = Callable[[str, int, int], None]


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Give what a job tells of its steps to: the step's name, what is done and what there is."""
    if not sys.stderr.isatty():
        yield log_tenths()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=max(total, 1))
            bars.update(tasks[step], completed=done if total else 1, total=max(total, 1))

        yield tell


def log_tenths() -> Progress:
    """Give what logs each step when another tenth of it is done."""
    reached: dict[str, int] = {}

    def tell(step: str, done: int, total: int) -> None:
        tenth = _TENTHS * done // total if total else _TENTHS
        if tenth > reached.get(step, -1):
            reached[step] = tenth
            LOG.info("%s: %d %%", step, tenth * 100 // _TENTHS)

    return tell


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Give what asks whether SIGINT or SIGTERM came; a second SIGINT interrupts at once."""
    told: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if told:
            raise KeyboardInterrupt
        told.append(number)
        typer.echo("pushlift: stopping when what is on its way is answered …", err=True)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_on_interrupt(consequence: str) -> Iterator[None]:
    """Turn Ctrl-C into a sentence that says where things stand, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"pushlift: interrupted; {consequence}", err=True)
        raise typer.Exit(INTERRUPTED) from None
