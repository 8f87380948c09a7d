"""A profile counts what a run saw, by landed prefix, and holds no value of a row."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from etl.jobs import ingest
from etl.jobs.handover import load_settled, save_settled
from etl.jobs.runs import Run
from etl.jobs.settling import SettledRun
from etl.lake.tables import PROFILES
from etl.quality.prefixes import is_tellable, landed_prefix
from etl.quality.profile import (
    FIELD,
    ROWS,
    SHAPE,
    ZONE,
    Profile,
    merge_profiles,
    profiles_table,
)
from etl.quality.value_shapes import shape_of
from etl.settings.models import Quality
from tests.services.worlds import World, messages


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("push-v2/2026/09/01/13/a.json.gz", "push-v2"),
        ("a.json", ""),
        ("2026-09-01/a.json", ""),
        ("appsflyer/t=inapps/dt=2026-09-01/h=13/a.gz", "appsflyer/t=inapps"),
        ("raw/year=2026/month=09/a.gz", "raw"),
        ("one/two/three/four/five/a.gz", "one/two/three"),
        ("push/00f1c2d3e4a5b6c7/a.gz", "push"),
    ],
)
def test_the_prefix_is_what_an_endpoint_writes_below(key: str, prefix: str) -> None:
    """It ends before the date, and before whatever differs from object to object."""
    assert landed_prefix(key) == prefix


@pytest.mark.parametrize("name", ["af_purchase", "Level Up", "America/New_York", "level_5", "Etc/GMT+3"])
def test_names_that_people_give_are_told(name: str) -> None:
    """Words with a short number."""
    assert is_tellable(name)


@pytest.mark.parametrize("name", ["", "order_20931", "4815", "u_00f1c2d3e4", "x" * 61, "a@b.com", "käse"])
def test_names_that_look_generated_are_not_told(name: str) -> None:
    """They may be somebody's id."""
    assert not is_tellable(name)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("12", "integer"),
        ("-1.5", "decimal"),
        ("true", "boolean"),
        ("0a1b2c3d-0000-1111-2222-333344445555", "uuid"),
        ("2026-09-01 10:00:00.000", "time"),
        ("203.0.113.7", "address"),
        ('{"a": 1}', "json"),
        ("https://example.org/x", "url"),
        ("0a1b2c3d0a1b2c3d", "hex"),
        ("af_purchase", "text"),
        ("", "text"),
    ],
)
def test_shapes(text: str, shape: str) -> None:
    """A shape is what kind of value a text looks like."""
    assert shape_of(text) == shape


def settle_run(world: World) -> tuple[Run, SettledRun]:
    """Settle what landed; runs without an audit make no profile."""
    audited = World(world.settings.model_copy(update={"quality": Quality()}))
    run = audited.discover()
    return run, ingest.settle(audited.settings, run, audited.normalize(run), audited.encode)


def settle(world: World) -> Profile:
    """Settle what landed, and give the run's profile."""
    return merge_profiles(settle_run(world)[1].profiles.values())


def test_a_run_is_profiled_by_app_and_prefix(local_world: World) -> None:
    """Rows, filled fields, shapes and zones are counted for each prefix."""
    local_world.land(messages(range(30)), "push/2026/09/01/13/a.json.gz")
    local_world.land(messages(range(30, 40)), "other/2026/09/01/13/a.json.gz")
    counts = settle(local_world).counts
    rows = {figure.prefix: rows for figure, (rows, _) in counts.items() if figure.kind == ROWS}
    assert rows == {"push": 30, "other": 10}
    assert {figure.kind for figure in counts} >= {ROWS, FIELD, SHAPE, ZONE}
    named = [counts[figure] for figure in counts if (figure.kind, figure.name) == (FIELD, "event_name")]
    assert sorted(named) == [(10, 10), (30, 30)]


def test_profiles_add_up(local_world: World) -> None:
    """Two profiles together count as many rows as both."""
    local_world.land(messages(range(30)))
    profile = settle(local_world)
    both = merge_profiles([profile, profile]).counts
    assert {figure: rows for figure, (rows, _) in both.items()} == {
        figure: 2 * rows for figure, (rows, _) in profile.counts.items()
    }


def test_a_profile_can_be_handed_over(local_world: World) -> None:
    """Between processes and tasks it stays equal, and it becomes rows of the table."""
    local_world.land(messages(range(30)))
    run, settled = settle_run(local_world)
    save_settled(local_world.scratch, run.id, settled)
    assert load_settled(local_world.scratch, run.id).profiles == settled.profiles
    profile = merge_profiles(settled.profiles.values())
    assert pickle.loads(pickle.dumps(profile)) == profile
    table = profiles_table(profile, run.id, datetime(2026, 9, 1, tzinfo=UTC))
    assert table.schema == PROFILES.schema
    assert table.num_rows == len(profile.counts)


def test_a_profile_holds_no_value_of_a_row(local_world: World) -> None:
    """Identifiers that arrived are in none of its names."""
    local_world.land(messages(range(30)))
    local_world.ingest()
    local_world.land(messages(range(30, 60)), "push/2026/09/01/14/b.json.gz")
    told = repr(settle(local_world))
    rows = local_world.events("appsflyer_id", "event_id")
    assert not [value for row in rows for value in row.values() if value and str(value) in told]
