"""Log lines on standard error, as a person or a log collector reads them."""

import logging
import sys
from typing import Final

import typer

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class EchoHandler(logging.Handler):
    """Writes each record as a line to whatever standard error is now."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        typer.echo(self.format(record), err=True)


def configure_logs() -> None:
    """Show our own records: what is of interest in a log, only warnings beside a terminal's progress bars."""
    logger = logging.getLogger("etl")
    logger.setLevel(logging.WARNING if sys.stderr.isatty() else logging.INFO)
    if not any(isinstance(handler, EchoHandler) for handler in logger.handlers):
        handler = EchoHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)


def note_reveal(kind: str, name: str) -> None:
    """Leave a trace of who looked at unmasked personal data, and of which row; never of its content."""
    import getpass
    from datetime import UTC, datetime

    logging.getLogger(__name__).warning(
        "%s revealed %s %s at %s",
        getpass.getuser(),
        kind,
        name,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
