"""Anomalies planted in made-up histories: what is found of them, and what is told without a cause."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from etl.quality.history_rules import (
    APPEARED,
    CLOCK,
    LOCAL,
    NULLS,
    RETYPED,
    UNPARSABLE,
    VANISHED,
    ZONE,
    HistoryRules,
)
from etl.quality.volume import is_odd
from tests.quality.pasts import Hour, Month, Plant, draw_rows, judge_month

RULES = HistoryRules()
SEEDS = (1, 2, 3)
SINCE = Month(0, 0).since


def share(name: str, value: float, shape: str = "") -> Plant:
    """Plant a share of rows that fill a field."""

    def plant(hour: Hour) -> None:
        hour.shares[name] = value
        hour.shapes.setdefault(name, shape)

    return plant


def shape(name: str, value: str) -> Plant:
    """Plant a shape of values."""

    def plant(hour: Hour) -> None:
        hour.shapes[name] = value

    return plant


def change_zone(hour: Hour) -> None:
    """Plant a changed setting."""
    hour.zone, hour.offset = "Asia/Tokyo", 540


def shift(hour: Hour) -> None:
    """Plant local time sent as UTC: New York lies four hours behind."""
    hour.lag += 240


def doubt(hour: Hour) -> None:
    """Plant clocks that disagree."""
    hour.doubts = 0.3


def garble(hour: Hour) -> None:
    """Plant money that cannot be read."""
    hour.unparsable = 0.2


PLANTS: dict[str, Plant] = {
    VANISHED: share("campaign", 0.0),
    APPEARED: share("extra:consent_mode", 0.5),
    RETYPED: shape("customer_user_id", "uuid"),
    NULLS: share("campaign", 0.2),
    UNPARSABLE: garble,
    CLOCK: doubt,
    ZONE: change_zone,
    LOCAL: shift,
}


@pytest.mark.parametrize("rule", PLANTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_planted_below_one_prefix_is_told_once(rule: str, seed: int) -> None:
    """Each anomaly is told by its own rule within three runs, once, with its prefix; nothing else is told."""
    month = Month(seed, 400, {"push": PLANTS[rule]})
    found = [check for _, check in judge_month(month, RULES, SINCE - 1, SINCE + 3)]
    assert [check.rule_id for check in found] == [rule]
    assert "'push'" in found[0].detail


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rows", [20, 400])
def test_a_clean_month_is_quiet(seed: int, rows: int) -> None:
    """In a month without a cause, at most one advisory is told in any week."""
    month = Month(seed, rows, every=12)
    told = [number // (24 * 7) for number, _ in judge_month(month, RULES, 24 * 3, 24 * 30)]
    assert all(told.count(week) <= 1 for week in set(told))


def test_a_month_in_which_an_endpoint_is_silent_for_days_is_quiet() -> None:
    """No row tells nothing of the fields of rows."""

    def stop(hour: Hour) -> None:
        hour.rows = 0

    assert judge_month(Month(1, 200, {"push": stop}), RULES, SINCE - 1, SINCE + 3) == []


def draw_hours(seed: int, mean: float) -> list[int]:
    """Draw five equal hours of five weeks."""
    chance = random.Random(seed)  # noqa: S311 - seeded, not secret
    return [draw_rows(chance, mean) for _ in range(5)]


def count_odd(mean: float, change: Callable[[int], int]) -> int:
    """Count how many of a thousand hours are found odd after a change."""
    hours = [draw_hours(seed, mean) for seed in range(1_000)]
    return sum(is_odd(change(now), past, RULES) for now, *past in hours)


@pytest.mark.parametrize("mean", [3.0, 30.0, 100.0, 300.0, 3_000.0, 30_000.0])
def test_usual_hours_are_never_odd(mean: float) -> None:
    """Of a thousand usual hours none is told, whatever their size."""
    assert count_odd(mean, lambda now: now) == 0


@pytest.mark.parametrize(
    ("change", "mean"),
    [
        (lambda now: 0, 100.0),
        (lambda now: 0, 10_000.0),
        (lambda now: now // 5, 1_000.0),
        (lambda now: now // 5, 10_000.0),
        (lambda now: now * 4, 1_000.0),
        (lambda now: now * 4, 10_000.0),
    ],
    ids=["gone 100", "gone 10000", "a fifth of 1000", "a fifth of 10000", "1000 times 4", "10000 times 4"],
)
def test_odd_hours_are_told(change: Callable[[int], int], mean: float) -> None:
    """Of a thousand hours without events, with a fifth or with four times as many, at least 980 are told."""
    assert count_odd(mean, change) >= 980


def test_small_hours_stay_quiet() -> None:
    """Where an hour usually has a dozen events, none at all says nothing."""
    assert count_odd(12.0, lambda now: 0) == 0
