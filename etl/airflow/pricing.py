"""A plan's price as Airflow shows it to the person who approves: Markdown, counts only (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Protocol

from etl.airflow.plan_requests import Manner
from etl.jobs.planning.reading import estimate_seconds

PLANNED: Final = "planned"
# Airflow keeps what passes between tasks in its database, and shows the question on one page.
MAX_LINES: Final = 30
MAX_NAME: Final = 60
_SPECIAL: Final = str.maketrans({each: f"\\{each}" for each in "\\`*_{}[]()#+!|<>~"})


class Counted(Protocol):
    """How many events of a day and name a plan holds (code `planned`) or leaves out, by reason."""

    @property
    def event_date(self) -> date:
        """The UTC day."""

    @property
    def event_name(self) -> str:
        """The event's name."""

    @property
    def code(self) -> str:
        """`planned`, or the gate's code."""

    @property
    def count(self) -> int:
        """How many."""


def spell_price(
    plan: Mapping[str, str], counts: Sequence[Counted], manner: Manner, sentences: Mapping[str, str]
) -> str:
    """Spell what a plan would send and for how long, by day and event, and what it leaves out and why.

    `plan` are lines that say what it is, such as its id; `sentences` explain the codes.
    """
    planned = [each for each in counts if each.code == PLANNED]
    excluded = [each for each in counts if each.code != PLANNED]
    rows = sum(each.count for each in planned)
    seconds = estimate_seconds(rows, manner.per_second, manner.daily_cap)
    cap = f" and at most {manner.daily_cap:,} a UTC day" if manner.daily_cap else ""
    lines = [
        f"**{rows:,} postbacks**, {spell_duration(seconds)} at {manner.per_second:g} a second{cap}.",
        "",
        *_tabulate(("", ""), plan.items()),
        "",
        *_tabulate_counts("Event", ((each.event_name, each.count) for each in planned)),
        "",
        *_tabulate_counts("UTC day", ((each.event_date.isoformat(), each.count) for each in planned)),
        "",
        f"**{sum(each.count for each in excluded):,} events are left out.**" if excluded else "",
        "",
        *_tabulate_reasons(excluded, sentences),
    ]
    return "\n".join(lines).strip()


def spell_duration(seconds: float) -> str:
    """Spell a duration in its two greatest units."""
    whole = timedelta(seconds=round(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    parts = [(whole.days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    named = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(named[:2]) or "less than a second"


def _tabulate_counts(title: str, pairs: Iterable[tuple[str, int]]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for name, count in pairs:
        counts[name] += count
    if not counts:
        return
    rows = [(name, f"{count:,}") for name, count in sorted(counts.items())]
    yield from _tabulate((title, "Postbacks"), rows[:MAX_LINES])
    if len(rows) > MAX_LINES:
        yield f"\nand {len(rows) - MAX_LINES:,} more"


def _tabulate_reasons(excluded: Iterable[Counted], sentences: Mapping[str, str]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for each in excluded:
        counts[each.code] += each.count
    if not counts:
        return
    yield "| Reason | | Events |"
    yield "|---|---|--:|"
    for code, count in counts.most_common(MAX_LINES):
        yield f"| `{code}` | {sentences.get(code, '')} | {count:,} |"


def _tabulate(titles: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {titles[0]} | {titles[1]} |"
    yield "|---|--:|" if titles[1] else "|---|---|"
    for name, value in rows:
        yield f"| {_escape(name)} | {_escape(value)} |"


def _escape(text: str) -> str:
    """Spell a name so that it is no Markdown and no HTML: an app can put anything into an event's name."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    cut = printable if len(printable) <= MAX_NAME else f"{printable[:MAX_NAME]}…"
    return cut.translate(_SPECIAL)
