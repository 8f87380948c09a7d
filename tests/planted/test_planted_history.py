"""A clean month raises next to no alarm; each kind of change after it is caught by the rule meant for it."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from etl.jobs.watching import watch_silence
from tests.planted import ingesting
from tests.planted.kinds import Kind
from tests.planted.landings import (
    ANDROID,
    HISTORY_KINDS,
    IOS,
    land_day,
    list_days,
    pair_history_kinds,
)
from tests.services.worlds import World

# After the day's second hour is settled: it is complete for an hour.
RUN_AT: Final = timedelta(hours=2, minutes=10)
LAST_DAY: Final = list_days()[-1] + timedelta(days=1)

Fresh = Callable[[str], random.Random]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, fresh: Fresh) -> World:
    """Ingest a clean month of both apps, two days a run: each run costs a second or two of judging."""
    world = ingesting.open_world(tmp_path_factory.mktemp("month"), [ANDROID.app_id, IOS.app_id])
    days = list_days()
    for first, second in zip(days[::2], days[1::2], strict=True):
        landings = [each for day in (first, second) for each in land_day(day, fresh(f"day {day}"))]
        ingesting.take_in(world, landings, second + RUN_AT)
    return world


def spoil(month: World, folder: Path, kinds: dict[str, Kind], chance: random.Random) -> list[ingesting.Row]:
    """Add a day with defects to a copy of the month, and give the checks that fail in its run."""
    world = ingesting.copy_world(month, folder)
    ingesting.take_in(world, list(land_day(LAST_DAY, chance, kinds)), LAST_DAY + RUN_AT)
    return ingesting.failed_checks(world, since=LAST_DAY)


@pytest.fixture(scope="module")
def caught(month: World, tmp_path_factory: pytest.TempPathFactory, fresh: Fresh) -> dict[str, set[str]]:
    """Give the rules that fail by the kind that was planted."""
    found = {}
    for kinds in pair_history_kinds():
        failed = spoil(month, tmp_path_factory.mktemp("day"), kinds, fresh(f"{sorted(kinds.items())}"))
        for app_id, kind in kinds.items():
            found[kind.name] = {row["rule_id"] for row in failed if row["app_id"] == app_id}
    return found


def test_a_clean_month_is_quiet(month: World) -> None:
    """No required check fails in it, and at most one advisory check a week."""
    failed = ingesting.failed_checks(month)
    weeks = Counter(_week_of(row["checked_at"]) for row in failed)

    assert [row["rule_id"] for row in failed if row["severity"] == "required"] == []
    assert all(count <= 1 for count in weeks.values()), [(row["rule_id"], row["detail"]) for row in failed]


def test_one_more_clean_day_is_quiet(month: World, tmp_path: Path, fresh: Fresh) -> None:
    """What is caught below is caught for its defect, not for being another day."""
    assert [row["rule_id"] for row in spoil(month, tmp_path, {}, fresh("clean day"))] == []


@pytest.mark.parametrize("name", HISTORY_KINDS)
def test_it_fails_its_rule(caught: dict[str, set[str]], name: str) -> None:
    """The day's run fails the rule that is meant for the change."""
    assert HISTORY_KINDS[name].code in caught[name]


def test_silence_is_heard(month: World) -> None:
    """An app that sends every day and then nothing is told of; until then it is not."""
    end = LAST_DAY - timedelta(hours=20)
    assert watch_silence(month.settings, now=end).failed == ()

    silent = watch_silence(month.settings, now=end + timedelta(days=3)).failed
    assert {(check.rule_id, check.app_id) for check in silent} == {
        ("history.silence", ANDROID.app_id),
        ("history.silence", IOS.app_id),
    }


def _week_of(instant: datetime) -> tuple[int, int]:
    return instant.isocalendar()[:2]
