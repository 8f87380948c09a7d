"""The options that every command takes, and those that several share."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; else PUSHLIFT_CONFIG, else pushlift.toml."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object of results, and nothing else.")]


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant or date; UTC unless it has an offset."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no ISO 8601 instant or date, such as 2026-09-01T13:00Z"
        ) from None


def parse_day(text: str) -> date:
    """Read a day, such as 2026-09-01."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day, such as 2026-09-01") from None


Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="T", parser=parse_instant, help="Landed at or after this instant or date (UTC)."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until", metavar="T", parser=parse_instant, help="Landed before this instant or date (UTC)."
    ),
]
Apps = Annotated[
    list[str] | None, typer.Option("--app", metavar="APP_ID", help="Of this app; may be repeated.")
]
Reasons = Annotated[
    list[str] | None, typer.Option("--reason", metavar="CODE", help="For this reason; may be repeated.")
]
Loads = Annotated[
    list[str] | None,
    typer.Option("--load", metavar="ID", help="Of this load, or of all loads of this run; may be repeated."),
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal data unmasked; who looked is logged.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would be done.")]
FromDay = Annotated[
    date | None,
    typer.Option("--from", metavar="DAY", parser=parse_day, help="From this UTC day of the event on."),
]
ToDay = Annotated[
    date | None,
    typer.Option("--to", metavar="DAY", parser=parse_day, help="Up to and with this UTC day of the event."),
]
