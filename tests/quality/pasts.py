"""Made-up months of an app's hourly runs, as profiles, with what is planted in them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from etl.quality.checks import Check, Verdict
from etl.quality.clock_drift import judge_clocks
from etl.quality.drift import View, judge_fields
from etl.quality.history_rules import HistoryRules
from etl.quality.past import sum_up
from etl.quality.profile import CLOCK, FIELD, ISSUE, LAG, ROWS, SHAPE, ZONE, Figure, Profile, profiles_table

START = datetime(2026, 8, 1, tzinfo=UTC)
APP = "com.app"
# Field, share of rows that fill it, shape: always, mostly, some and rare ones, as endpoints have them.
FIELDS = {
    "event_name": (1.0, "text"),
    "appsflyer_id": (1.0, "text"),
    "campaign": (0.7, "text"),
    "event_revenue": (0.2, ""),
    "customer_user_id": (0.35, "integer"),
    "advertising_id": (0.6, "uuid"),
    "af_sub1": (0.05, "integer"),
    "store_reinstall": (0.004, ""),
    "keyword_id": (0.0006, "integer"),
}


@dataclass
class Hour:
    """What one run sees of one prefix; a plant changes it."""

    rows: int
    shares: dict[str, float] = field(
        default_factory=lambda: {name: share for name, (share, _) in FIELDS.items()}
    )
    shapes: dict[str, str] = field(
        default_factory=lambda: {name: shape for name, (_, shape) in FIELDS.items()}
    )
    zone: str = "America/New_York"
    offset: int = -240
    lag: int = 35
    doubts: float = 0.002
    unparsable: float = 0.0005


Plant = Callable[[Hour], None]


def daily_rhythm(hour: datetime) -> float:
    """Give how busy an hour is: nights are quiet, weekends busier."""
    wave = 1 + 0.7 * math.sin((hour.hour - 8) / 24 * 2 * math.pi)
    return wave * (1.3 if hour.weekday() >= 5 else 1.0)


def draw(chance: random.Random, rows: int, share: float) -> int:
    """Draw how many of the rows have it."""
    mean, spread = rows * share, math.sqrt(rows * share * (1 - share))
    if mean > 20 and rows - mean > 20:
        return max(0, min(rows, round(chance.gauss(mean, spread))))
    return sum(chance.random() < share for _ in range(rows))


def profile_hour(chance: random.Random, prefix: str, hour: Hour) -> Profile:
    """Profile an hour as `profile_rows` would."""
    rows = hour.rows
    if not rows:
        return Profile({})
    counts = {(ROWS, "", ""): (rows, rows)}
    for name, share in hour.shares.items():
        # The mix of events moves the share of what only some events have.
        moved = share if share in {0.0, 1.0} else min(1.0, share * chance.uniform(0.85, 1.15))
        present = draw(chance, rows, moved)
        if present:
            counts[FIELD, name, ""] = (rows, present)
        if present and hour.shapes[name]:
            counts[SHAPE, name, hour.shapes[name]] = (min(present, 30), min(present, 30))
    counts[ZONE, hour.zone, ""] = (rows, rows)
    counts[LAG, hour.zone, str(hour.offset)] = (rows, hour.lag + chance.randint(-8, 8))
    for kind, name, value, share in (
        (CLOCK, "local_disagrees", hour.zone, hour.doubts),
        (ISSUE, "unparsable:event_revenue", "", hour.unparsable),
    ):
        present = draw(chance, rows, share)
        if present:
            counts[kind, name, value] = (rows, present)
    return Profile({Figure(APP, prefix, *key): value for key, value in counts.items()})


@dataclass
class Month:
    """Runs, by default hourly, of an app with two endpoints; plants begin in hour `since` and stay."""

    seed: int
    hourly_rows: int
    plants: dict[str, Plant] = field(default_factory=dict)
    since: int = 24 * 8
    every: int = 1

    def runs(self, last: int) -> Iterator[tuple[datetime, Profile]]:
        """Give the hourly runs, from the first to (without) the last."""
        chance = random.Random(self.seed)  # noqa: S311 - seeded, not secret
        for number in range(0, last, self.every):
            at = START + timedelta(hours=number)
            merged: dict[Figure, tuple[int, int]] = {}
            for prefix, share in (("push", 1.0), ("other", 0.4)):
                hour = Hour(draw_rows(chance, self.every * self.hourly_rows * share * daily_rhythm(at)))
                if prefix in self.plants and number >= self.since:
                    self.plants[prefix](hour)
                merged |= profile_hour(chance, prefix, hour).counts
            yield at, Profile(merged)


def draw_rows(chance: random.Random, mean: float) -> int:
    """Draw an hour's rows: Poisson's noise, and a tenth of the world's; variances add up."""
    return max(0, round(chance.gauss(mean, math.sqrt(mean + (0.1 * mean) ** 2))))


def judge_month(month: Month, rules: HistoryRules, first: int, last: int) -> list[tuple[int, Check]]:
    """Judge each run of a month against the runs before; gives the failures with the number of the run."""
    tables: list[pa.Table] = []
    found = []
    for place, (at, profile) in enumerate(month.runs(last)):
        number = place * month.every
        if number >= first:
            past = sum_up(pa.concat_tables(tables), 100)
            view = View(APP, profile.counts, past, rules)
            checks = [*judge_fields(view), *judge_clocks(view)]
            found += [(number, check) for check in checks if check.verdict is Verdict.FAILED]
        tables.append(profiles_table(profile, f"run-{number}", at))
    return found
