"""Every kind of odd batch is caught by the check that is meant for it; apps beside it pass."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.planted import ingesting
from tests.planted.apps import make_messages, write_lines
from tests.planted.in_objects import pack
from tests.planted.landings import BATCH_KINDS, IOS, Landing, key_of, plant_in_batches
from tests.services.worlds import World

LANDED_AT: Final = datetime(2026, 6, 3, 9, tzinfo=UTC)
Planted = tuple[World, dict[str, Landing], list[ingesting.Row]]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[[str], random.Random]) -> Planted:
    """Plant each kind in an app of its own, beside a sound app, and ingest them all in one run."""
    chance = fresh("batches")
    landings = {kind.name: landing for kind, landing in plant_in_batches(LANDED_AT, chance)}
    sound = pack(write_lines(make_messages(IOS, LANDED_AT, 600, chance)))
    beside = Landing(key_of("sound", LANDED_AT), sound, IOS.app_id, 0)
    apps = [landing.app_id for landing in (*landings.values(), beside)]
    world = ingesting.open_world(tmp_path_factory.mktemp("batches"), apps)
    ingesting.take_in(world, [*landings.values(), beside], LANDED_AT + timedelta(hours=1, minutes=5))
    return world, landings, ingesting.failed_checks(world)


@pytest.mark.parametrize("name", BATCH_KINDS)
def test_it_fails_its_check(planted: Planted, name: str) -> None:
    """The app's batch fails the rule that is meant for it."""
    _, landings, failed = planted
    rules = {row["rule_id"] for row in failed if row["app_id"] == landings[name].app_id}

    assert BATCH_KINDS[name].code in rules


def test_a_sound_app_beside_them_passes(planted: Planted) -> None:
    """No check of it fails."""
    assert [row["rule_id"] for row in planted[2] if row["app_id"] == IOS.app_id] == []
