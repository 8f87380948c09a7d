"""Volume is counted from the lake's rows; silence is told from its log alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from etl.errors import ConfigurationError
from etl.lake.tables import EVENTS, PROFILES, open_or_create
from etl.quality.batches import AppBatch
from etl.quality.checks import Check, Severity, Verdict
from etl.quality.history import HistoryRules, judge_histories, judge_silence
from etl.quality.history_rules import SILENCE, VOLUME
from etl.quality.profile import ROWS, Figure, Profile, profiles_table
from etl.quality.volume import complete_hours
from etl.stores import Store, open_store
from tests.services.worlds import World

APP = "com.app"
NOW = datetime(2026, 9, 29, 12, 10, tzinfo=UTC)
HOUR = datetime(2026, 9, 29, 10, tzinfo=UTC)
WEEK = timedelta(days=7)


def write_hours(lake: Store, hours: dict[datetime, dict[str, int]]) -> None:
    """Write events of some hours, so many of each name, a file an hour."""
    open_or_create(lake, EVENTS)
    for hour, names in hours.items():
        listed = [name for name, count in names.items() for _ in range(count)]
        known = {
            "app_id": pa.array([APP] * len(listed)),
            "event_date": pa.array([hour.date()] * len(listed)),
            "event_name": pa.array(listed),
            "event_time": pa.array([hour + timedelta(minutes=9)] * len(listed), pa.timestamp("us", "UTC")),
        }
        columns = [known.get(each.name, pa.nulls(len(listed), each.type)) for each in EVENTS.schema]
        write_deltalake(
            lake.uri_of("events"), pa.Table.from_arrays(columns, schema=EVENTS.schema), mode="append"
        )


def judge(lake: Store, rules: HistoryRules | None = None, **files: tuple[str, ...]) -> list[Check]:
    """Judge a run, the one before having been an hour ago; gives what failed."""
    open_or_create(lake, PROFILES)
    seen = Profile({Figure(APP, "", ROWS, "", ""): (10, 10)})
    table = profiles_table(seen, "before", NOW - timedelta(hours=1))
    write_deltalake(lake.uri_of("profiles"), table, mode="append")
    batch = AppBatch(APP, files.get("files", ()), files.get("partitions", ()), 0, 0, 0)
    checks = judge_histories(lake, [batch], Profile(), rules or HistoryRules(), NOW)
    return [check for check in checks if check.verdict is Verdict.FAILED]


@pytest.fixture
def lake(local_world: World) -> Store:
    """A lake with the same hour of four weeks."""
    usual = {"af_purchase": 180, "af_login": 210, "order_20931": 60}
    write_hours(local_world.lake, {HOUR - weeks * WEEK: usual for weeks in range(1, 5)})
    return local_world.lake


def test_a_missing_hour_is_told_once_for_the_app(lake: Store) -> None:
    """Where the whole app is odd its events are not listed as well."""
    (check,) = judge(lake)
    assert (check.rule_id, check.subject, check.observed) == (VOLUME, "all events", 0.0)
    assert (check.severity, check.app_id) == (Severity.ADVISORY, APP)
    assert "2026-09-29 10:00 UTC" in check.detail


def test_an_event_is_told_by_its_name(lake: Store) -> None:
    """One event that stays away is told where the others are as usual."""
    write_hours(lake, {HOUR: {"af_login": 215, "order_20931": 66}})
    assert [check.subject for check in judge(lake)] == ["af_purchase"]


def test_names_that_look_generated_are_not_told(lake: Store) -> None:
    """Such a name may be somebody's id."""
    write_hours(lake, {HOUR: {"af_login": 215, "af_purchase": 182}})
    assert judge(lake) == []


def test_a_usual_hour_is_quiet(lake: Store) -> None:
    """As many as always tells nothing."""
    write_hours(lake, {HOUR: {"af_login": 190, "af_purchase": 182, "order_20931": 60}})
    assert judge(lake) == []


def test_the_batch_counts_as_if_it_were_published(lake: Store) -> None:
    """The rows that are about to be committed belong to the hour."""
    rows = {
        "event_time": pa.array([HOUR] * 450, pa.timestamp("us", "UTC")),
        "event_name": pa.array(["af_login"] * 210 + ["af_purchase"] * 180 + ["order_20931"] * 60),
    }
    pq.write_table(pa.table(rows), lake.path_of("events/draft.parquet"))
    assert judge(lake, files=("events/draft.parquet",), partitions=("2026-09-29",)) == []


def test_a_rule_can_be_required(lake: Store) -> None:
    """It holds the batch then."""
    assert [check.is_holding for check in judge(lake, HistoryRules(required=frozenset({VOLUME})))] == [True]


def test_an_unknown_rule_is_refused() -> None:
    """The error names it, and those that there are."""
    with pytest.raises(ConfigurationError, match=r"history\.volum, which is no rule"):
        HistoryRules(required=frozenset({"history.volum"}))


def test_a_young_app_is_not_judged(local_world: World) -> None:
    """Two weeks are no custom."""
    write_hours(local_world.lake, {HOUR - weeks * WEEK: {"af_login": 300} for weeks in (1, 2)})
    assert judge(local_world.lake) == []


def test_hours_are_judged_when_complete_and_once() -> None:
    """Each hour is judged by the first run after it settled; a long pause is caught up with, for two days."""
    rules = HistoryRules()
    runs = [NOW + timedelta(hours=number) for number in range(5)]
    judged = [list(complete_hours(rules, later, sooner)) for sooner, later in pairwise(runs)]
    assert [len(hours) for hours in judged] == [1, 1, 1, 1]
    assert judged[0] == [HOUR + timedelta(hours=1)]
    assert len(list(complete_hours(rules, NOW, None))) == 47


def silence(lake: Store, now: datetime) -> list[Check]:
    """Judge silence."""
    return judge_silence(lake, HistoryRules(), now)


def test_an_app_that_stops_is_told(local_world: World) -> None:
    """After a day without events, where there were some every hour; from the log alone."""
    hours = [HOUR + timedelta(hours=number) for number in range(12)]
    write_hours(local_world.lake, {hour: {"af_login": 2} for hour in hours})
    for path in local_world.live_paths():
        open(path, "wb").close()  # noqa: PTH123 - no data file is opened
    (quiet,) = silence(local_world.lake, hours[-1] + timedelta(hours=20))
    (told,) = silence(local_world.lake, hours[-1] + timedelta(hours=30))
    assert (quiet.rule_id, quiet.verdict) == (SILENCE, Verdict.PASSED)
    assert (told.rule_id, told.verdict, told.app_id) == (SILENCE, Verdict.FAILED, APP)


def test_an_app_with_long_pauses_may_pause(local_world: World) -> None:
    """What sends every other day is silent after four."""
    hours = [HOUR + timedelta(days=2 * number) for number in range(12)]
    write_hours(local_world.lake, {hour: {"af_login": 2} for hour in hours})
    verdicts = [silence(local_world.lake, hours[-1] + timedelta(days=days))[0].verdict for days in (3, 5)]
    assert verdicts == [Verdict.PASSED, Verdict.FAILED]


def test_an_empty_lake_is_not_silent(tmp_path: object) -> None:
    """There is nobody to be silent."""
    assert silence(open_store(str(tmp_path)), NOW) == []
