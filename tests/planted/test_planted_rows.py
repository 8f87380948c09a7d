"""Every kind of broken object and odd row is caught by the rule that is meant for it, and nothing else is."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.planted import ingesting
from tests.planted.kinds import Kind
from tests.planted.landings import (
    ANDROID,
    OBJECT_KINDS,
    ROW_KINDS,
    SOUND_ROWS,
    Landing,
    plant_in_objects,
    plant_in_rows,
)
from tests.services.worlds import World

LANDED_AT: Final = datetime(2026, 6, 3, 9, tzinfo=UTC)
# Where an object breaks off, the messages after the break are lost with it, and some before are garbled.
BREAKING: Final = frozenset({"upload_that_broke_off", "flipped_bits", "page_of_a_proxy"})

KINDS: Final = {**OBJECT_KINDS, **ROW_KINDS}

Planted = tuple[World, dict[str, Landing]]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[[str], random.Random]) -> Planted:
    """Plant every kind in an object of its own, and ingest them all in one run."""
    chance = fresh("rows")
    pairs: list[tuple[Kind, Landing]] = [
        *plant_in_objects(LANDED_AT, chance),
        *plant_in_rows(LANDED_AT, chance),
    ]
    world = ingesting.open_world(tmp_path_factory.mktemp("planted"), [ANDROID.app_id])
    ingesting.take_in(world, [landing for _, landing in pairs], LANDED_AT + timedelta(hours=1, minutes=5))
    return world, {kind.name: landing for kind, landing in pairs}


@pytest.fixture(scope="module")
def reasons(planted: Planted) -> list[ingesting.Row]:
    """Read what was quarantined."""
    return ingesting.quarantined(planted[0])


@pytest.fixture(scope="module")
def flags(planted: Planted) -> list[ingesting.Row]:
    """Read what was published, with its flags."""
    return ingesting.flags(planted[0])


@pytest.mark.parametrize(
    "name", [*OBJECT_KINDS, *(k.name for k in ROW_KINDS.values() if k.net == "quarantine")]
)
def test_it_is_quarantined_for_its_reason(planted: Planted, reasons: list[ingesting.Row], name: str) -> None:
    """Exactly the messages that were spoilt, each for the reason that is meant for it."""
    kind, landing = KINDS[name], planted[1][name]
    found = [row["reason"] for row in reasons if row["source_uri"].endswith(landing.key)]

    if name in BREAKING:
        assert found.count(kind.code) == 1
    else:
        assert found == [kind.code] * landing.planted


@pytest.mark.parametrize("name", [k.name for k in ROW_KINDS.values() if k.net == "flag"])
def test_it_is_flagged_by_its_rule(planted: Planted, flags: list[ingesting.Row], name: str) -> None:
    """Exactly the rows that were planted carry the flag; the sound ones beside them carry none."""
    kind, landing = ROW_KINDS[name], planted[1][name]
    found = [row["quality_flags"] for row in flags if row["source_uri"].endswith(landing.key)]

    assert len(found) == SOUND_ROWS + landing.planted
    assert sum(kind.code in row for row in found) == landing.planted
    assert sum(not row for row in found) == SOUND_ROWS


def test_sound_rows_are_published_untouched(planted: Planted, flags: list[ingesting.Row]) -> None:
    """No message beside a planted one is lost, and no time of any is in doubt."""
    _, landings = planted
    whole = [key.key for name, key in landings.items() if name not in BREAKING]
    published = [row for row in flags if any(row["source_uri"].endswith(key) for key in whole)]
    lost = sum(OBJECT_KINDS[name].code != "not_an_object" for name in OBJECT_KINDS if name not in BREAKING)
    kept = sum(ROW_KINDS[name].net == "flag" for name in ROW_KINDS)

    assert len(published) == SOUND_ROWS * len(whole) - lost + 3 * kept
    assert [row["clock_issues"] for row in published if row["clock_issues"]] == []
