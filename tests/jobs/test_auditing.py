"""One app's failed audit holds that app back, and nothing else."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from etl.errors import ConfigurationError, HeldBackError
from etl.jobs import auditing, ingest
from etl.jobs.auditing import list_batches, refuse_held
from etl.jobs.ingest import IngestOptions
from etl.jobs.maintain import maintain_lake
from etl.jobs.reports import describe_report
from etl.lake.tables import CHECKS, PROFILES
from etl.ledger.drafts import count_drafts
from etl.ledger.held import find_batch
from etl.ledger.held import list_batches as list_held
from etl.quality.auditing import audit_apps
from etl.quality.batches import AppBatch
from etl.quality.checks import Check, Severity, Verdict
from etl.quality.gate import judge_dates
from etl.quality.suites import Suites
from etl.stores import Store, find_object
from tests.services.suites import BAD, GOOD, LATER, PLANTED, audited_by, held_batch_of, land_bad, write_suites
from tests.services.worlds import KEY, World, check_conservation, message, messages

DAY = date(2026, 9, 1)


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


def ingest_only(world: World, key: str, *, is_reprocess: bool = False) -> None:
    """Ingest one object."""
    uris = frozenset({world.landing.uri_of(key)})
    run = world.discover(IngestOptions(is_reprocess=is_reprocess, uris=uris))
    outcomes = world.normalize(run)
    world.publish(run, outcomes, world.settle(run, outcomes))


def verdicts(world: World) -> list[tuple[str, str, str]]:
    """Give app, rule and verdict of every check, in the order of runs."""
    rows = world.read(CHECKS).sort_by([("checked_at", "ascending"), ("run_id", "ascending")]).to_pylist()
    return [(row["app_id"], row["rule_id"], row["verdict"]) for row in rows]


def test_a_required_failure_holds_its_app_and_no_other(audited: World) -> None:
    """The others are published in the same run, which ends red and names the failed check."""
    land_bad(audited)

    report = audited.ingest()

    assert apps_of(audited) == {GOOD: 8}
    assert (report.published, report.held, report.duplicates, report.quarantined) == (8, 5, 1, 1)
    assert report.exit_code == 1
    assert [held.app_id for held in report.held_apps] == [BAD]
    assert [failure for failure in report.failures if PLANTED in failure] == []
    assert "com.bad: required" in report.failures[0]
    (load,) = audited.loads()
    assert (load["published"], load["held"]) == (8, 5)
    check_conservation(audited)


def test_what_is_held_is_accounted_for(audited: World) -> None:
    """The landed object is finished: the next run reads nothing, and holds nothing anew."""
    land_bad(audited)
    audited.ingest()

    assert audited.ingest().run_id is None
    assert len(list_held(audited.open_ledger())) == 1


def test_after_the_fix_the_held_rows_come_in(audited: World, suites: Path, tmp_path: Path) -> None:
    """Exactly those: the lake is that of a run which nothing was held of, and the batch is superseded."""
    land_bad(audited)
    batch_id = held_batch_of(audited.ingest())
    write_suites(suites, "warning")

    report = audited.ingest(is_reprocess=True)

    undisturbed = audited.twin(tmp_path / "undisturbed")
    undisturbed.ingest()
    assert audited.contents()["events"] == undisturbed.contents()["events"]
    assert (report.held, report.published, report.replaced, report.exit_code) == (0, 13, 8, 0)
    assert "warning" in "".join(describe_report(report))
    batch = find_batch(audited.open_ledger(), batch_id)
    assert batch is not None
    assert batch.state == "superseded"
    assert count_drafts(audited.open_ledger())["held"] == 0
    assert judge_dates(audited.lake, audited.open_ledger(), BAD, DAY, DAY).is_open


def test_what_still_fails_is_held_once(audited: World) -> None:
    """A reprocessing that fails again takes the place of the batch that it read again."""
    land_bad(audited)
    first = held_batch_of(audited.ingest())

    second = held_batch_of(audited.ingest(is_reprocess=True))

    assert [batch.id for batch in list_held(audited.open_ledger())] == [second]
    found = find_batch(audited.open_ledger(), first)
    assert found is not None
    assert found.state == "superseded"
    assert apps_of(audited) == {GOOD: 8}


def test_published_rows_stay_while_their_successors_are_held(audited: World, suites: Path) -> None:
    """A reprocessing that is held replaces nothing of its app, and all of the others."""
    write_suites(suites, "warning")
    land_bad(audited)
    audited.ingest()
    before = {row["event_id"]: row for row in audited.events() if row["app_id"] == BAD}
    write_suites(suites)

    report = audited.ingest(is_reprocess=True)

    after = {row["event_id"]: row for row in audited.events() if row["app_id"] == BAD}
    assert after == before
    assert (report.replaced, report.published, report.held) == (8, 8, 5)
    assert apps_of(audited) == {GOOD: 8, BAD: 5}


def test_a_reprocessing_of_some_objects_leaves_the_batch_of_all(local: World, suites: Path) -> None:
    """What was read again is covered; the rest waits, until it is read again, too."""
    bad = messages(range(3), app_id=BAD, event_name=PLANTED)
    local.land(bad)
    local.land(messages(range(3, 5), app_id=BAD, event_name=PLANTED), LATER)
    local.ingest()
    write_suites(suites, "warning")

    for key, waiting in ((KEY, 1), (LATER, 0)):
        ingest_only(local, key, is_reprocess=True)
        assert sum(len(batch.waiting) for batch in list_held(local.open_ledger())) == waiting
    assert apps_of(local) == {BAD: 5}


def test_each_check_is_a_row_and_each_day_has_a_verdict(audited: World) -> None:
    """Of every app, passed and failed alike; the day's row counts its rows."""
    land_bad(audited)
    audited.ingest()

    failed = [rule for app, rule, verdict in verdicts(audited) if (app, verdict) == (BAD, "failed")]
    assert len(failed) == len(set(failed)) == 2
    assert "audit" in failed
    assert {verdict for app, _, verdict in verdicts(audited) if app == GOOD} == {"passed"}
    days = [row for row in audited.read(CHECKS).to_pylist() if row["rule_id"] == "audit"]
    assert {row["app_id"]: (row["event_date"], row["observed"]) for row in days} == {
        GOOD: (DAY, 8),
        BAD: (DAY, 5),
    }


def test_what_is_held_teaches_history_nothing(audited: World) -> None:
    """Drift is judged against what was published."""
    land_bad(audited)
    audited.ingest()

    assert set(audited.read(PROFILES)["app_id"].to_pylist()) == {GOOD}


def test_a_failure_of_the_whole_run_holds_every_app(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published, all of it is accounted for, and each app has its batch."""
    failed = Check("loads.planted", "loads", Severity.REQUIRED, Verdict.FAILED, detail="Planted.")
    monkeypatch.setattr(auditing, "audit_run", lambda *_: [failed])
    land_bad(local)

    report = local.ingest()

    assert apps_of(local) == {}
    assert [held.app_id for held in report.held_apps] == [BAD, GOOD]
    assert report.held == 13
    check_conservation(local)


def test_without_an_audit_all_is_published(local_world: World, suites: Path) -> None:
    """The days are on record as not judged."""
    world = audited_by(local_world, suites, audit=False)
    land_bad(world)

    report = world.ingest()

    assert (report.published, report.exit_code) == (13, 0)
    rows = world.read(CHECKS).to_pylist()
    assert {(row["rule_id"], row["verdict"]) for row in rows} == {("audit", "passed")}
    assert all("quality.audit is false" in row["detail"] for row in rows)


def test_an_app_of_which_all_is_quarantined_is_judged_if_it_is_known(local: World) -> None:
    """A broken export must not be green; junk that names an app of its own must not be red."""
    local.land([message(1)])
    local.ingest()
    broken = {"event_time": None, "event_time_selected_timezone": None}
    local.land([message(2, **broken), message(3, app_id="com.junk", **broken)], LATER)
    run = local.discover()
    settled = ingest.settle(local.settings, run, local.normalize(run), local.encode)

    batches = list_batches(settled, {GOOD})

    assert [(batch.app_id, batch.files, batch.quarantined) for batch in batches] == [(GOOD, (), 1)]


def test_a_broken_suite_stops_a_run_before_its_work(local: World, suites: Path) -> None:
    """The error names the file; with nothing landed nobody is bothered."""
    (suites / "events.json").write_text("{", encoding="utf-8")
    assert ingest.discover(local.settings, IngestOptions()) is None
    land_bad(local)

    with pytest.raises(ConfigurationError, match=r"events\.json"):
        local.ingest()
    assert apps_of(local) == {}


def test_the_error_names_every_failed_check(local: World) -> None:
    """What was wanted, what was seen, and no value of a row."""
    land_bad(local, planted=3)
    run = local.discover()

    with pytest.raises(HeldBackError, match=r"(?s)5 rows .* of com\.bad.*com\.bad: required") as raised:
        refuse_held(local.settle(run, local.normalize(run)))
    assert PLANTED not in raised.value.message


def test_a_lake_that_moved_on_is_settled_and_audited_again(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second audit judges the files of the second settling, and decides."""
    land_bad(local)
    run = local.discover()
    outcomes = local.normalize(run)
    audited = local.settle(run, outcomes)
    local.land(messages(range(50, 53)), LATER)
    ingest_only(local, LATER)
    judged: list[AppBatch] = []

    def audit_and_note(lake: Store, batches: Sequence[AppBatch], suites: Suites) -> list[Check]:
        judged.extend(batches)
        return audit_apps(lake, batches, suites)

    monkeypatch.setattr(auditing, "audit_apps", audit_and_note)

    report = local.publish(run, outcomes, audited)

    assert [batch.app_id for batch in judged] == [BAD, GOOD]
    assert (report.published, report.held) == (8, 5)
    batch = find_batch(local.open_ledger(), held_batch_of(report))
    assert batch is not None
    assert {draft.path for draft in batch.drafts} == set(judged[0].files)
    check_conservation(local)


def test_upkeep_keeps_what_is_held(local: World) -> None:
    """However old it is; once superseded it is nobody's."""
    land_bad(local)
    batch = find_batch(local.open_ledger(), held_batch_of(local.ingest()))
    assert batch is not None
    (draft,) = batch.drafts

    tomorrow = datetime.now(UTC) + timedelta(days=3)
    maintain_lake(local.settings, is_dry_run=False, now=tomorrow)
    assert find_object(local.lake, draft.path) is not None

    local.ingest(is_reprocess=True)
    maintain_lake(local.settings, is_dry_run=False, now=tomorrow)
    assert find_object(local.lake, draft.path) is None
