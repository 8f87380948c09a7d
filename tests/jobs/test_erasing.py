"""An erasure is a publish like any other: a kill at any step loses nothing, and the next run converges."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest

from etl.errors import ConservationError
from etl.jobs.erasing import erase_people
from etl.jobs.ingest import finish_cut_off, hold_publish_lock
from etl.jobs.maintain import maintain_lake
from etl.lake import erase, publish
from etl.lake.drafts import write_draft
from etl.lake.erase import Policy
from etl.lake.plans import PublishPlan
from etl.lake.publish import publish_drafts
from etl.lake.replace import rewrite_rows
from etl.lake.tables import EVENTS, POSTBACKS, SETTLED_TABLES, open_or_create
from etl.ledger.drafts import Draft, count_drafts, register_drafts
from etl.ledger.publishes import unfinished_publishes
from etl.settings import Settings
from tests.jobs.killers import STEPS as PUBLISH_STEPS
from tests.jobs.killers import die_after, run_to_death
from tests.lake.erasing import device_of, events_of, everything_of, holds, spell_events, wanted_of
from tests.services.worlds import World

STEPS: Final[dict[str, Callable[[], None]]] = {
    "found": lambda: die_after(erase, "find_wanted"),
    "registered": lambda: die_after(erase, "_register"),
    "rewritten": lambda: die_after(erase, "_rewrite_all"),
    **{
        step: PUBLISH_STEPS[step]
        for step in ("checked", "recorded", "events committed", "quarantine committed", "all committed")
    },
    "postbacks committed": lambda: die_after(
        publish, "_commit_once", lambda *arguments: arguments[1] is POSTBACKS
    ),
    "finished": PUBLISH_STEPS["finished"],
}


def erase_and_die(settings: Settings, step: str, policy: Policy) -> None:
    """Erase a person, and be killed after a step."""
    STEPS[step]()
    erase_people(settings, wanted_of([1]), policy, is_dry_run=False)


def add_outcomes(world: World) -> None:
    """Tell an outcome of each occurrence in the lake, as a reconciliation does."""
    now = datetime.now(UTC)
    rows = world.read(EVENTS).select(["occurrence_id", "event_id", "app_id", "event_date"])
    for name in POSTBACKS.schema.names:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), POSTBACKS.schema.field(name).type))
    state = rows.schema.get_field_index("state")
    rows = rows.set_column(state, "state", pa.array(["delivered"] * len(rows)))
    with hold_publish_lock(world.settings) as (ledger, fence):
        register_drafts(ledger, [Draft("postbacks/p.parquet", POSTBACKS.name, "r", 0, now)])
        draft = write_draft(world.lake, POSTBACKS, "p.parquet", [rows.select(POSTBACKS.schema.names)])
        assert draft is not None
        versions = tuple(
            (table.name, open_or_create(world.lake, table).version()) for table in SETTLED_TABLES
        )
        publish_drafts(world.lake, ledger, fence, PublishPlan("r", now, versions, (draft,), ()))


def fill(world: World) -> None:
    """Fill all tables that hold people."""
    world.land([row for person in range(3) for row in everything_of(person)])
    world.ingest()
    add_outcomes(world)


def occurrences_of(world: World) -> list[str]:
    """List the occurrences that outcomes are told of."""
    return sorted(world.read(POSTBACKS)["occurrence_id"].to_pylist())


def rows_of_others(world: World) -> list[str]:
    """Spell the events that are not of the erased person."""
    return [row for row in spell_events(world) if device_of(1) not in row.casefold()]


@pytest.mark.parametrize("policy", ["rows", "identifiers"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(local_world: World, step: str, policy: Policy) -> None:
    """The next erasure ends with the person gone from all tables and everybody else as before."""
    world = local_world
    fill(world)
    events, others = (
        len(world.events()),
        [repr(row) for row in world.events() if row["source_position"] % 5 > 2],
    )

    run_to_death(erase_and_die, step, world.settings, step, policy)
    erase_people(world.settings, wanted_of([1]), policy, is_dry_run=False)

    assert [holds(world, person) for person in range(3)] == [True, False, True]
    assert len(world.events()) == events - (2 if policy == "rows" else 0)
    assert set(others) <= set(spell_events(world))
    assert len(occurrences_of(world)) == events
    assert unfinished_publishes(world.open_ledger()) == []


@pytest.mark.parametrize("step", ["recorded", "events committed", "quarantine committed"])
def test_carried_out_by_any_run(local_world: World, step: str) -> None:
    """Once recorded, an erasure is finished by whoever takes the lock next, with the same new ids."""
    world = local_world
    fill(world)

    run_to_death(erase_and_die, step, world.settings, step, "identifiers")
    finish_cut_off(world.settings)

    assert not holds(world, 1)
    assert occurrences_of(world) == sorted(world.read(EVENTS)["occurrence_id"].to_pylist())


def test_outcomes_follow(local_world: World) -> None:
    """Outcomes of an erased person stay and count, under ids that lead nowhere when the rows are gone."""
    world = local_world
    fill(world)
    before = set(occurrences_of(world))

    report = erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=False)

    after = set(occurrences_of(world))
    assert (len(after), len(after - before)) == (6, 2)
    assert set(world.read(EVENTS)["occurrence_id"].to_pylist()) == after & before
    (postbacks,) = [each for each in report.tables if each.table == "postbacks"]
    assert (postbacks.rows_gone, postbacks.rows_changed) == (0, 2)


def test_an_ingest_after_an_erasure(local_world: World) -> None:
    """A publish goes on from what an erasure left."""
    world = local_world
    fill(world)
    erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=False)

    world.land(events_of(7), "push/2026/09/01/14/b.json.gz")
    world.ingest()

    assert [holds(world, person) for person in (0, 1, 2, 7)] == [True, False, True, True]


def test_a_wrong_successor(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A successor that still holds a person is not published, and nothing has changed."""
    world = local_world
    fill(world)
    versions = world.versions()

    def rewrite_all(lake, table, file, path, stays, change):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913, PLR0917 - as the original, which is typed
        return rewrite_rows(lake, table, file, path, stays | True, change)

    monkeypatch.setattr(erase, "rewrite_rows", rewrite_all)
    with pytest.raises(ConservationError, match="nothing was published"):
        erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=False)

    assert world.versions() == versions
    assert count_drafts(world.open_ledger())["registered"] == 0


def test_gone_from_the_disk_after_the_grace(local_world: World) -> None:
    """Once the tables' retention is over, upkeep leaves no file in which the person stands."""
    world = local_world
    world.land([*events_of(1), *events_of(2)])
    world.ingest()
    before = set(Path(world.lake.root, "events").rglob("*.parquet"))
    erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=False)
    (log,) = Path(world.lake.root, "events", "_delta_log").glob("*2.json")
    old = datetime.now(UTC) - timedelta(days=8)
    removed = re.sub(r'("deletionTimestamp":)\d+', rf"\g<1>{int(old.timestamp() * 1000)}", log.read_text())
    log.write_text(removed)

    report = maintain_lake(world.settings, is_dry_run=False)

    assert report.expired["events"] == len(before) == 1
    (left,) = Path(world.lake.root, "events").rglob("app_id*/**/*.parquet")
    assert left not in before
    assert not holds(world, 1)
