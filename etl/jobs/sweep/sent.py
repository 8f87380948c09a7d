"""What Liftoff was sent about people before they opted out, as it is shown: by request, without an id."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from etl.ledger.sent import Sent, list_sent
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings

_NAMES: Final = (
    *("number", "request", "app", "mode", "event", "first_sent_at", "last_sent_at"),
    *("occurrences", "delivered", "in_doubt"),
)
_SUBJECT_DIGITS: Final = 12


def read_sent(settings: Settings) -> list[Sent]:
    """Read what was noted, by number of request."""
    return list_sent(open_current_ledger(settings.storage.ledger))


def describe_sent(found: Sequence[Sent], *, as_csv: bool = False) -> Iterator[str]:
    """Describe what was sent, for people or as CSV; a request is named as `opt-outs status` names it."""
    if as_csv:
        yield from _write_csv(found)
        return
    if not found:
        yield "Nothing is known to have been sent about anybody who opted out."
    for number in sorted({each.number for each in found}):
        mine = [each for each in found if each.number == number]
        yield f"Request {number}, {mine[0].subject[:_SUBJECT_DIGITS]}:"
        for each in mine:
            days = f"{each.first_sent_at:%Y-%m-%d %H:%M} to {each.last_sent_at:%Y-%m-%d %H:%M} UTC"
            doubt = f", of them {each.in_doubt:,} in doubt" if each.in_doubt else ""
            what = f"{each.event_name} of {each.sent_app_id} ({each.mode})"
            yield f"  {each.occurrences:>8,}  {what}, {days}{doubt}"


def _write_csv(found: Sequence[Sent]) -> Iterator[str]:
    for row in (_NAMES, *map(_spell, found)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()


def _spell(each: Sent) -> tuple[object, ...]:
    return (
        *(each.number, each.subject[:_SUBJECT_DIGITS], each.sent_app_id, each.mode, each.event_name),
        *(each.first_sent_at.isoformat(), each.last_sent_at.isoformat()),
        *(each.occurrences, each.delivered, each.in_doubt),
    )
