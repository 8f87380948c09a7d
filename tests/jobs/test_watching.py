"""A silence is told once, recorded once, and is over when the app speaks again."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.jobs import watching
from etl.jobs.watching import describe_watch, remember_silence, watch_silence
from etl.lake.tables import CHECKS
from etl.quality.checks import Check, Severity, Verdict
from tests.services.suites import audited_by, write_suites
from tests.services.worlds import World, messages

NOW = datetime(2026, 9, 3, tzinfo=UTC)
SILENT = Check(
    "freshness.silence",
    "freshness",
    Severity.ADVISORY,
    Verdict.FAILED,
    "com.a",
    observed=30,
    threshold="24 h",
)


@pytest.fixture
def world(local_world: World, tmp_path: Path) -> World:
    """Publish something, so that there is a lake."""
    local_world.land(messages(range(2)))
    local_world.ingest()
    return audited_by(local_world, write_suites(tmp_path / "suites"))


def let_be(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    """Let the judge of silence find these."""
    monkeypatch.setattr(watching, "judge_silence", lambda *_: list(checks))


def recorded(world: World) -> list[tuple[str, str]]:
    """Give the app and verdict of each recorded check of silence, as they came."""
    rows = [row for row in world.read(CHECKS).to_pylist() if row["rule_id"] == SILENT.rule_id]
    return [(row["app_id"], row["verdict"]) for row in sorted(rows, key=lambda row: row["verdict"])]


def test_a_silence_is_news_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hour after hour it is seen, and once it is told and recorded."""
    let_be(monkeypatch, SILENT)
    first = watch_silence(world.settings, NOW)
    remember_silence(world.settings, first)
    second = watch_silence(world.settings, NOW)
    remember_silence(world.settings, second)

    assert (first.news, second.news) == ((SILENT,), ())
    assert second.failed == (SILENT,)
    assert recorded(world) == [("com.a", "failed")]


def test_until_it_is_remembered_it_is_news(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """People whom no message reached are told again."""
    let_be(monkeypatch, SILENT)

    assert watch_silence(world.settings, NOW).news == watch_silence(world.settings, NOW).news == (SILENT,)


def test_a_silence_that_is_over_is_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And news again when it comes again."""
    let_be(monkeypatch, SILENT)
    remember_silence(world.settings, watch_silence(world.settings, NOW))
    let_be(monkeypatch, replace(SILENT, verdict=Verdict.PASSED, observed=1))
    remember_silence(world.settings, watch_silence(world.settings, NOW))
    assert recorded(world) == [("com.a", "failed"), ("com.a", "passed")]

    let_be(monkeypatch, SILENT)
    assert watch_silence(world.settings, NOW).news == (SILENT,)


def test_a_silence_fails_only_where_it_is_required(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default people are told, and nothing ends red."""
    let_be(monkeypatch, SILENT)
    assert watch_silence(world.settings, NOW).exit_code == 0
    let_be(monkeypatch, replace(SILENT, severity=Severity.REQUIRED))
    report = watch_silence(world.settings, NOW)
    assert report.exit_code == 1
    assert "com.a: required freshness.silence" in "".join(describe_watch(report))


def test_without_an_audit_nothing_is_watched(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """History is judged or not, as a whole."""
    let_be(monkeypatch, SILENT)

    assert watch_silence(local_world.settings, NOW).failed == ()


def test_recording_disturbs_no_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that settled before publishes without settling again."""
    world.land(messages(range(2, 4)), "push/2026/09/01/15/b.json.gz")
    run = world.discover()
    outcomes = world.normalize(run)
    audited = world.settle(run, outcomes)
    let_be(monkeypatch, SILENT)
    remember_silence(world.settings, watch_silence(world.settings, NOW))

    world.publish(run, outcomes, audited)

    (draft,) = (draft for draft in audited.plan.drafts if draft.table == "events")
    assert any(path.endswith(draft.path.rpartition("/")[2]) for path in world.live_paths())
    assert len(world.events()) == 4
