"""What somebody asks to be planned, and the names of events that this takes in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from etl.errors import UsageError
from etl.liftoff.vocabulary import CONVERSIONS, INSTALL, name_event

Mode = Literal["production", "test"]
FailedDays = Literal["refuse", "exclude", "accept"]


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is new: occurrences of which the lake learned at `since` or later.

    So are the halves of pairs that it learned of at `pairs_since` or later, and that were not delivered: at
    the last look they may have waited for their primary half.
    """

    since: datetime
    pairs_since: datetime

    def spell(self) -> str:
        """Spell both instants in UTC."""
        return " ".join(each.astimezone(UTC).isoformat() for each in (self.since, self.pairs_since))


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """An app's UTC days, both included, and perhaps some events of them (none named: all that are mapped).

    `events` are AppsFlyer's names or Liftoff's. `failed_days` says what follows when a day's audit failed, or
    when rows of it are held: no plan, a plan without these days, or a plan as if nothing were. With `fresh`,
    only what is new.
    """

    app_id: str
    first: date
    last: date
    events: tuple[str, ...] = ()
    mode: Mode = "production"
    failed_days: FailedDays = "refuse"
    fresh: Fresh | None = None
    reason: str | None = None
    who: str | None = None

    def __post_init__(self) -> None:
        """Refuse days in the wrong order."""
        if self.last < self.first:
            raise UsageError(f"The last day {self.last} is before the first, {self.first}; turn them round.")

    def spell_filter(self) -> str:
        """Spell what was asked, equal for equal requests; it holds no value of a person."""
        asked = {
            "app_id": self.app_id,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "events": sorted(set(self.events)),
            "mode": self.mode,
            "failed_days": self.failed_days,
            "fresh": self.fresh.spell() if self.fresh else None,
        }
        return json.dumps(asked, sort_keys=True)


@dataclass(frozen=True, slots=True)
class EventKind:
    """Events that are told alike: topic and name, what the vocabulary calls them, whether they are asked for.

    `source_name` is what the configuration maps: a conversion's topic, else the event's name. `event_name` is
    Liftoff's; None where it has none.
    """

    topic: str
    name: str
    source_name: str
    event_name: str | None
    is_asked: bool


def name_kinds(
    found: Iterable[tuple[str, str]], vocabulary: Mapping[str, str], asked: tuple[str, ...]
) -> list[EventKind]:
    """Name the kinds of events that a lake has, by topic and name.

    Raises UsageError for an event that is asked for and that the vocabulary does not have.
    """
    mapped = {INSTALL: INSTALL, **vocabulary}
    unknown = sorted(set(asked) - mapped.keys() - set(mapped.values()))
    if unknown:
        known = ", ".join(f"{source} ({name})" for source, name in sorted(mapped.items()))
        raise UsageError(
            f"The event {unknown[0]!r} is not mapped for this app, so nothing can be sent of it;"
            f" mapped are: {known}."
        )
    return [_name_kind(topic, name, vocabulary, frozenset(asked)) for topic, name in sorted(found)]


def _name_kind(topic: str, name: str, vocabulary: Mapping[str, str], asked: frozenset[str]) -> EventKind:
    source_name = topic if topic in CONVERSIONS else name
    event_name = name_event(topic, name, vocabulary)
    return EventKind(
        topic, name, source_name, event_name, not asked or bool({source_name, event_name} & asked)
    )
