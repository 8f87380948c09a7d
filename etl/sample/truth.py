"""What a landing holds, counted while it is written."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np

from etl.sample.catalogue import APPS, IN_APP_EVENTS, PRICES, PRICES_PER_APP
from etl.sample.feeds import Feed
from etl.sample.messages import TEST_APP_ID
from etl.sample.people import Acts
from etl.sample.plan import Flags
from etl.sample.roles import EVENT_NAMES, FIRST_IN_APP, TOPICS, Kind

_NAMES = EVENT_NAMES + tuple(event.name for event in IN_APP_EVENTS)
_PRICES = tuple(price for of_app in PRICES for price in of_app)


@dataclass(frozen=True, slots=True)
class Truth:
    """What an ingest of the landing must find.

    `messages` counts all of them: `events` + `duplicates` + what `quarantined` counts by kind of junk.
    `events` are distinct identities, the vendor's test message among them; `occurrences` are distinct without
    their media source, so that both halves of a retargeting pair count once. Revenue is the exact sum of
    `event_revenue` over occurrences, by app and currency; V1 has no such field, so that what V1 messages
    alone tell of purchases (in `event_value`) is summed apart. `late_events` came an hour to three days late.
    """

    objects: int
    messages: int
    events: int
    duplicates: int
    quarantined: Mapping[str, int]
    occurrences: int
    late_events: int
    test_messages: int
    events_by_app: Mapping[str, int]
    events_by_name: Mapping[str, int]
    events_by_topic: Mapping[str, int]
    revenue: Mapping[str, Mapping[str, str]]
    revenue_v1: Mapping[str, Mapping[str, str]]
    uncompressed_bytes: int


@dataclass(slots=True)
class Tally:
    """The counts of some objects, on the way to the truth."""

    objects: int = 0
    uncompressed_bytes: int = 0
    messages: int = 0
    duplicates: int = 0
    secondary: int = 0
    late: int = 0
    tests: int = 0
    junk: Counter[str] = field(default_factory=Counter)
    apps: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    sold: Counter[int] = field(default_factory=Counter)
    sold_v1: Counter[int] = field(default_factory=Counter)

    def count_acts(self, feed: Feed, acts: Acts, is_counted: Flags) -> None:
        """Count a block, without the messages that something else stands for."""
        is_event = is_counted & ~acts.is_duplicate
        is_secondary = acts.kind == Kind.SECONDARY_IN_APP
        names = np.where(acts.kind < FIRST_IN_APP, acts.kind, acts.event + len(EVENT_NAMES))
        is_sold = is_event & acts.has_money & ~is_secondary
        self.messages += int(is_counted.sum())
        self.duplicates += int((is_counted & acts.is_duplicate).sum())
        self.secondary += int((is_event & is_secondary).sum())
        self.late += int((is_event & acts.is_late).sum())
        self.apps.update(APPS[n].app_id for n in acts.app[is_event].tolist())
        self.names.update(_NAMES[n] for n in names[is_event].tolist())
        self.topics.update(TOPICS[n] for n in acts.kind[is_event].tolist())
        (self.sold_v1 if feed.is_v1 else self.sold).update(acts.price[is_sold].tolist())

    def count_test_message(self) -> None:
        """Count the vendor's test message, which is always the same one."""
        self.messages += 1
        self.tests += 1

    def count_junk(self, kind: str) -> None:
        """Count a line that holds no message that can be read."""
        self.messages += 1
        self.junk[kind] += 1


def conclude(tallies: Iterable[Tally]) -> Truth:
    """Add up the tallies of all objects."""
    total = Tally()
    for tally in tallies:
        _add(total, tally)
    if total.tests:
        total.apps[TEST_APP_ID] += 1
        total.names["install"] += 1
        total.topics["install"] += 1
    duplicates = total.duplicates + max(total.tests - 1, 0)
    events = total.messages - duplicates - total.junk.total()
    return Truth(
        objects=total.objects,
        messages=total.messages,
        events=events,
        duplicates=duplicates,
        quarantined=dict(sorted(total.junk.items())),
        occurrences=events - total.secondary,
        late_events=total.late,
        test_messages=total.tests,
        events_by_app=dict(sorted(total.apps.items())),
        events_by_name=dict(sorted(total.names.items())),
        events_by_topic=dict(sorted(total.topics.items())),
        revenue=_sum_revenue(total.sold),
        revenue_v1=_sum_revenue(total.sold_v1),
        uncompressed_bytes=total.uncompressed_bytes,
    )


def write_truth(truth: Truth, path: Path) -> None:
    """Write the truth as JSON, for people and other tools."""
    path.write_text(json.dumps(asdict(truth), indent=2) + "\n", encoding="utf-8")


def _add(total: Tally, tally: Tally) -> None:
    for name in Tally.__slots__:
        value = getattr(tally, name)
        if isinstance(value, Counter):
            getattr(total, name).update(value)
        else:
            setattr(total, name, getattr(total, name) + value)


def _sum_revenue(sold: Counter[int]) -> dict[str, dict[str, str]]:
    sums: dict[str, dict[str, Decimal]] = {}
    for number, count in sorted(sold.items()):
        price = _PRICES[number]
        by_currency = sums.setdefault(APPS[number // PRICES_PER_APP].app_id, {})
        currency = price.currency.decode()
        by_currency[currency] = by_currency.get(currency, Decimal(0)) + Decimal(price.text.decode()) * count
    return {
        app: {currency: _spell(total) for currency, total in totals.items()} for app, totals in sums.items()
    }


def _spell(total: Decimal) -> str:
    return format(total.normalize(), "f")
