"""A held batch is released by a person's decision: once, on record, and against the lake as it is then."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from etl.errors import UsageError
from etl.jobs.holding import describe_held, describe_release, list_held, plan_release, release_batch
from etl.jobs.ingest import IngestOptions
from etl.jobs.rebuild import rebuild_ledger
from etl.lake.tables import CHECKS
from etl.ledger.drafts import count_drafts
from etl.ledger.held import find_batch
from etl.ledger.upgrade import open_current_ledger
from etl.quality.gate import describe_gate, judge_dates
from tests.services.suites import BAD, GOOD, LATER, PLANTED, audited_by, held_batch_of, land_bad, write_suites
from tests.services.worlds import KEY, World, check_conservation, message, messages

DAY = date(2026, 9, 1)
REASON = "The event is real; see the ticket."


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """Write the suites."""
    return write_suites(tmp_path / "suites")


@pytest.fixture
def audited(world: World, suites: Path) -> World:
    """Audit the world, on folders with SQLite and on S3 with Postgres."""
    return audited_by(world, suites)


@pytest.fixture
def local(local_world: World, suites: Path) -> World:
    """Audit the local world."""
    return audited_by(local_world, suites)


def apps_of(world: World) -> Counter[str]:
    """Count the published rows of each app."""
    return Counter(row["app_id"] for row in world.events("app_id", "event_id"))


def test_a_release_publishes_what_was_held(audited: World, suites: Path, tmp_path: Path) -> None:
    """The lake is then that of a run that nothing was held of."""
    land_bad(audited)
    batch_id = held_batch_of(audited.ingest())

    report = release_batch(audited.settings, batch_id, REASON)

    undisturbed = audited_by(audited.twin(tmp_path / "undisturbed"), suites, audit=False)
    undisturbed.ingest()
    assert audited.contents()["events"] == undisturbed.contents()["events"]
    assert (report.rows, report.published, report.duplicates, report.covered) == (5, 5, 0, 0)
    (load,) = audited.loads("released")
    assert (load["messages"], load["published"], load["held"]) == (5, 5, 0)
    check_conservation(audited)
    assert audited.ingest().run_id is None


def test_a_release_is_on_record(audited: World) -> None:
    """Who accepted which check, and why; the batch is released, and its drafts are nobody's any more."""
    land_bad(audited)
    batch_id = held_batch_of(audited.ingest())

    report = release_batch(audited.settings, batch_id, REASON)

    batch = find_batch(audited.open_ledger(), batch_id)
    assert batch is not None
    assert (batch.state, batch.reason, batch.who) == ("released", REASON, report.who)
    assert batch.decided_at is not None
    assert count_drafts(audited.open_ledger())["held"] == 0
    accepted = [row for row in audited.read(CHECKS).to_pylist() if row["verdict"] == "accepted"]
    assert {row["detail"] for row in accepted} == {REASON}
    assert len(accepted) == 2
    assert {row["run_id"] for row in accepted} == {report.run_id}


def test_released_rows_are_those_of_their_release(local: World) -> None:
    """A reader who takes what was loaded since sees them, and their load accounts for them."""
    land_bad(local)
    batch_id = held_batch_of(local.ingest())

    report = release_batch(local.settings, batch_id, REASON)

    (load,) = local.loads("released")
    rows = [row for row in local.events() if row["app_id"] == BAD]
    assert {row["load_id"] for row in rows} == {load["load_id"]}
    assert {row["loaded_at"] for row in rows} == {load["loaded_at"]}
    assert str(load["load_id"]).startswith(str(report.run_id))


def test_what_came_in_since_is_a_duplicate(audited: World) -> None:
    """A held event that was sent again and passed is in the lake once."""
    land_bad(audited)
    batch_id = held_batch_of(audited.ingest())
    audited.land(messages(range(1, 3), app_id=BAD), LATER)
    assert audited.ingest().published == 2

    report = release_batch(audited.settings, batch_id, REASON)

    assert (report.published, report.duplicates) == (3, 2)
    assert apps_of(audited) == {GOOD: 8, BAD: 5}
    check_conservation(audited)


def test_what_was_read_again_since_is_left_out(local: World, suites: Path) -> None:
    """Its rows are those of the newer reading, even where a fix gave them other identities."""
    local.land(messages(range(3), app_id=BAD, event_name=PLANTED))
    local.land(messages(range(3, 5), app_id=BAD, event_name=PLANTED), LATER)
    batch_id = held_batch_of(local.ingest())
    write_suites(suites, "warning")
    run = local.discover(IngestOptions(is_reprocess=True, uris=frozenset({local.landing.uri_of(KEY)})))
    outcomes = local.normalize(run)
    local.publish(run, outcomes, local.settle(run, outcomes))

    report = release_batch(local.settings, batch_id, REASON)

    assert (report.published, report.duplicates, report.covered) == (2, 0, 3)
    assert apps_of(local) == {BAD: 5}
    assert len(local.loads("released")) == 1


def test_a_held_replacement_replaces_when_it_is_released(local: World, suites: Path) -> None:
    """What it takes the place of goes in the same commit."""
    write_suites(suites, "warning")
    local.land([message(1, app_id=BAD, event_name=PLANTED, campaign="old"), message(2, app_id=BAD)])
    local.ingest()
    local.land([message(1, app_id=BAD, event_name=PLANTED, campaign="new")])
    write_suites(suites)
    batch_id = held_batch_of(local.ingest(is_reprocess=True))
    assert sorted(str(row["campaign"]) for row in local.events("campaign", "event_id")) == ["None", "old"]

    report = release_batch(local.settings, batch_id, REASON)

    assert (report.published, report.duplicates, report.replaced) == (1, 0, 1)
    assert sorted(str(row["campaign"]) for row in local.events("campaign", "event_id")) == ["None", "new"]


def test_a_batch_is_released_once(audited: World) -> None:
    """A second release, and one of a superseded or unknown batch, is refused with its state."""
    land_bad(audited)
    batch_id = held_batch_of(audited.ingest())
    release_batch(audited.settings, batch_id, REASON)
    contents = audited.contents()

    with pytest.raises(UsageError, match="is released since"):
        release_batch(audited.settings, batch_id, REASON)
    with pytest.raises(UsageError, match="pushlift quality held lists them"):
        release_batch(audited.settings, "absent", REASON)
    assert audited.contents() == contents


def test_a_superseded_batch_is_not_released(local: World, suites: Path) -> None:
    """Its rows came in by another way."""
    land_bad(local)
    batch_id = held_batch_of(local.ingest())
    write_suites(suites, "warning")
    local.ingest(is_reprocess=True)

    with pytest.raises(UsageError, match="is superseded since"):
        release_batch(local.settings, batch_id, REASON)


def test_a_release_needs_a_reason(local: World) -> None:
    """An empty one explains nothing to whoever looks at the figures in a year."""
    with pytest.raises(UsageError, match="needs a reason"):
        release_batch(local.settings, "any", " ")


def test_planning_changes_nothing(local: World) -> None:
    """It says what would be published, and which failures that accepts."""
    land_bad(local)
    batch_id = held_batch_of(local.ingest())
    before = local.contents()

    report = plan_release(local.settings, batch_id, REASON)

    assert (report.is_dry_run, report.published, report.duplicates) == (True, 5, 0)
    assert len(report.accepted) == 1
    assert "Would release 5 held rows of com.bad" in "".join(describe_release(report))
    assert local.contents() == before
    assert len(list_held(local.settings)) == 1


def test_the_list_says_what_failed(local: World) -> None:
    """And is empty when nothing is held."""
    assert list(describe_held(list_held(local.settings))) == ["Nothing is held back."]
    land_bad(local)
    batch_id = held_batch_of(local.ingest())

    lines = list(describe_held(list_held(local.settings)))

    assert lines[0] == batch_id
    assert "5 rows of 2026-09-01" in lines[1]
    assert "FAILED com.bad: required" in lines[2]


def test_the_gate_refuses_days_with_held_rows(audited: World) -> None:
    """Of that app and those days alone, until they are released."""
    land_bad(audited)
    batch_id = held_batch_of(audited.ingest())
    ledger = audited.open_ledger()

    verdict = judge_dates(audited.lake, ledger, BAD, DAY, DAY)

    assert not verdict.is_open
    assert [(each.event_date, each.batch_ids) for each in verdict.refused] == [(DAY, (batch_id,))]
    assert batch_id in "".join(describe_gate(verdict))
    assert judge_dates(audited.lake, ledger, GOOD, DAY, DAY).is_open
    assert judge_dates(audited.lake, ledger, BAD, date(2026, 9, 2), date(2026, 9, 30)).is_open

    release_batch(audited.settings, batch_id, REASON)
    assert judge_dates(audited.lake, ledger, BAD, DAY, DAY).is_open


def test_the_gate_refuses_a_failed_audit_that_the_ledger_forgot(local: World, tmp_path: Path) -> None:
    """The lake knows the verdict of each day, whatever became of the ledger."""
    land_bad(local)
    local.ingest()

    lost = open_current_ledger(f"sqlite:///{tmp_path / 'lost.db'}")

    assert not judge_dates(local.lake, lost, BAD, DAY, DAY).is_open


def test_a_lost_ledger_reads_held_objects_again(local: World, suites: Path) -> None:
    """What only the ledger held would else be lost: such an object is not finished; a released one is."""
    land_bad(local)
    local.land(messages(range(20, 23), app_id="com.fine"), LATER)
    local.ingest()
    Path(str(local.settings.storage.ledger).removeprefix("sqlite:///")).unlink()
    rebuild_ledger(local.settings)

    report = local.ingest()

    assert (report.objects, report.published, report.held) == (1, 0, 5)
    release_batch(local.settings, held_batch_of(report), REASON)
    Path(str(local.settings.storage.ledger).removeprefix("sqlite:///")).unlink()
    rebuild_ledger(local.settings)
    assert local.ingest().run_id is None
