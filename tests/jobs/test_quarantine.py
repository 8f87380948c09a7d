from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.errors import UsageError
from etl.jobs.quarantine import (
    QuarantineFilter,
    list_quarantined,
    plan_reprocess,
    reprocess_quarantined,
    show_quarantined,
)
from etl.lake.reading import open_lake
from etl.stores import delete_object
from tests.services.suites import BAD, PLANTED, audited_by, write_suites
from tests.services.worlds import KEY, World, message, messages

SECOND = "push/2026/09/02/13/b.json.gz"
BROKEN = b'{"app_id":"id1","customer_user_id":"Zq8xSecret","event_name":"buy'


def fill(world: World) -> None:
    """Publish three events; quarantine two messages of one reason and one of another, in two objects."""
    world.land([*messages(range(2)), BROKEN, b"no json"])
    world.land([message(2), message(3, event_time=None, event_time_selected_timezone=None)], SECOND)
    world.ingest()


def test_messages_are_counted_by_reason_app_day_and_object(world: World) -> None:
    """One group for each, with an example to look at."""
    fill(world)

    groups = list_quarantined(open_lake(world.settings))

    found = [(group.reason, group.app_id, group.landed_date, group.messages) for group in groups]
    assert [row[2:] for row in found] == [("2026-09-01", 2), ("2026-09-02", 1)]
    assert found[0][0] == "invalid_json"
    assert found[1][1] == "id1234567890"
    assert {group.source_uri for group in groups} == {world.landing.uri_of(KEY), world.landing.uri_of(SECOND)}


@pytest.mark.parametrize(
    ("chosen", "messages"),
    [
        (QuarantineFilter(reasons=("invalid_json",)), 2),
        (QuarantineFilter(apps=("id1234567890",)), 1),
        (QuarantineFilter(since=datetime(2026, 9, 2, tzinfo=UTC)), 1),
        (QuarantineFilter(until=datetime(2026, 9, 2, tzinfo=UTC)), 2),
        (QuarantineFilter(reasons=("invalid_json",), apps=("id1234567890",)), 0),
    ],
)
def test_a_filter_chooses(local_world: World, chosen: QuarantineFilter, messages: int) -> None:
    """By reason, app and time of landing, all of which must hold."""
    fill(local_world)

    groups = list_quarantined(open_lake(local_world.settings), chosen)

    assert sum(group.messages for group in groups) == messages


def test_a_load_or_a_run_chooses(local_world: World) -> None:
    """By the id of one object's load, or of the run for all of its loads."""
    fill(local_world)
    local_world.land([b"later junk"], "push/2026/09/03/13/c.json.gz")
    local_world.ingest()
    first, _, later = (load["load_id"] for load in local_world.loads())
    run_id = str(first).rpartition("-")[0]
    lake = open_lake(local_world.settings)

    counts = [
        sum(group.messages for group in list_quarantined(lake, QuarantineFilter(loads=loads)))
        for loads in ((first,), (run_id,), (later,), (first, later), ("absent",))
    ]

    assert counts == [2, 3, 1, 3, 0]


def test_reprocessing_twice_adds_nothing(local_world: World) -> None:
    """A mended message comes in once, and leaves quarantine for good."""
    world = local_world
    closed = World(world.settings.model_copy(update={"closed_apps": True}))
    world.land([*messages(range(2)), b"no json"])
    closed.ingest()
    assert len(world.quarantine()) == 3

    reports = []
    for _ in range(2):
        plan = plan_reprocess(world.settings, QuarantineFilter())
        reports.append(reprocess_quarantined(world.settings, plan))

    assert [(report.published, report.replaced) for report in reports] == [(2, 0), (2, 2)]
    assert len(world.events("event_id")) == 2
    assert [row["reason"] for row in world.quarantine()] == ["invalid_json"]


def test_reprocessing_goes_the_audited_way(local_world: World, tmp_path: Path) -> None:
    """What a fix let out of quarantine is held like any other row."""
    world = audited_by(local_world, write_suites(tmp_path / "suites"))
    world.land(messages(range(2), app_id=BAD, event_name=PLANTED))
    World(world.settings.model_copy(update={"closed_apps": True})).ingest()

    report = reprocess_quarantined(world.settings, plan_reprocess(world.settings, QuarantineFilter()))

    assert (report.published, report.held, report.exit_code) == (0, 2, 1)
    assert world.quarantine() == []
    assert world.events() == []


def test_a_message_is_masked_unless_revealed(local_world: World) -> None:
    """Its raw bytes too; the place where it landed is told."""
    fill(local_world)
    lake = open_lake(local_world.settings)
    found = next(row["quarantine_id"] for row in local_world.quarantine() if "Zq8x" in row["raw"])

    assert show_quarantined(lake, found)["raw"] == (
        '{"app_id":"id1","customer_user_id":"<masked:10>","event_name":"buy'
    )
    assert "Zq8xSecret" in str(show_quarantined(lake, found, is_revealed=True)["raw"])
    assert show_quarantined(lake, found)["source_position"] == 3


def test_a_message_that_is_not_there(local_world: World) -> None:
    """The way out is named, and not the id, which could be a person's."""
    with pytest.raises(UsageError, match="quarantine list") as raised:
        show_quarantined(open_lake(local_world.settings), "Zq8xSecret")
    assert "Zq8xSecret" not in str(raised.value)


def test_planning_changes_nothing(local_world: World) -> None:
    """Only the objects of the chosen messages would be read."""
    fill(local_world)
    before = local_world.versions()

    plan = plan_reprocess(local_world.settings, QuarantineFilter(reasons=("invalid_json",)))

    assert (plan.messages, plan.objects, plan.gone) == (2, 1, 0)
    assert plan.uris == {local_world.landing.uri_of(KEY)}
    assert local_world.versions() == before


def test_reprocessing_replaces_what_its_objects_had(local_world: World) -> None:
    """Nothing is lost or doubled: the same events, and the same messages in quarantine."""
    fill(local_world)
    events, held = local_world.events("event_id"), len(local_world.quarantine())
    plan = plan_reprocess(local_world.settings, QuarantineFilter(reasons=("invalid_json",)))

    report = reprocess_quarantined(local_world.settings, plan)

    assert (report.objects, report.published, report.replaced, report.quarantined) == (1, 2, 2, 2)
    assert (local_world.events("event_id"), len(local_world.quarantine())) == (events, held)


def test_messages_whose_object_is_gone_stay(local_world: World) -> None:
    """What cannot be read again is counted, and left in quarantine."""
    fill(local_world)
    delete_object(local_world.landing, SECOND)

    plan = plan_reprocess(local_world.settings, QuarantineFilter())

    assert (plan.messages, plan.objects, plan.gone) == (3, 1, 1)
    reprocess_quarantined(local_world.settings, plan)
    assert len(local_world.quarantine()) == 3


def test_nothing_in_quarantine_plans_nothing(local_world: World) -> None:
    """No filter, no message and no object must ever mean all objects."""
    local_world.land(messages(range(2)))
    local_world.ingest()

    plan = plan_reprocess(local_world.settings, QuarantineFilter())

    assert (plan.messages, plan.objects) == (0, 0)
    assert reprocess_quarantined(local_world.settings, plan).run_id is None
