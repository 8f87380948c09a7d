"""The DAG run whole, by Airflow, over sample exports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from etl.airflow.rehearsal import write_sample
from etl.appsflyer.fields import FIELDS
from tests.dags.runs import DagRunResult, Rehearsed, run_dag
from tests.services.files import read_all

ALL_TASKS = {"discover", "normalize", "settle", "audit", "publish", "report", "watch", "drop_scratch"}


@pytest.fixture(scope="module")
def refused(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    """Run the DAG where one object may not be read."""
    folder = tmp_path_factory.mktemp("refused")
    config, truth = write_sample(folder, messages=60)
    forbidden = min(path for path in (folder / "landing").rglob("*") if path.is_file())
    forbidden.chmod(0)
    yield Rehearsed(folder, config, truth, run_dag(airflow_home, config))
    forbidden.chmod(0o644)


def all_in(state: str, tasks: set[str]) -> dict[str, set[str]]:
    """Say of each task that all its instances are in one state."""
    return {task: {state} for task in tasks}


def find_identifiers(lake: Path) -> set[str]:
    """Collect every personal value of the lake's events that is long enough to be told from a number."""
    personal = [field.name for field in FIELDS if field.is_personal]
    rows = DeltaTable(lake / "events").to_pyarrow_table()
    found: set[str] = set()
    for name in personal:
        if name in rows.column_names:
            values = pc.unique(rows[name].cast("string", safe=False)).to_pylist()
            found.update(value for value in values if value and len(value) >= 10)
    return found


def test_the_run_publishes_what_the_exports_hold(ingested: Rehearsed) -> None:
    """Every task succeeds, and readers see each event once."""
    assert ingested.result.exit_code == 0, ingested.result.output[-3000:]
    assert ingested.result.states == all_in("success", ALL_TASKS)
    events = DeltaTable(ingested.folder / "lake" / "events").to_pyarrow_table(columns=["event_id"])
    assert len(pc.unique(events["event_id"])) == events.num_rows == ingested.truth.events


def test_one_summary_tells_what_happened(ingested: Rehearsed) -> None:
    """A person reads the log of `report` and no other."""
    truth = ingested.truth

    assert ingested.result.output.count(f"{truth.messages:,} messages in {truth.objects:,} objects") == 1
    assert f"published   {truth.events:>12,}" in ingested.result.output


def test_the_asset_event_carries_the_counts(ingested: Rehearsed) -> None:
    """A consumer decides by them whether there is anything to do."""
    truth = ingested.truth
    (counts,) = [extra for name, key, extra in ingested.result.asset_events if name == "pushlift://events"]

    assert counts["messages"] == truth.messages
    assert counts["published"] == truth.events
    assert counts["duplicates"] == truth.duplicates
    assert counts["quarantined"] == sum(truth.quarantined.values())
    assert {app: of_app["published"] for app, of_app in counts["apps"].items()} == truth.events_by_app
    assert {(of_app["verdict"], of_app["held"]) for of_app in counts["apps"].values()} == {("passed", 0)}


def test_the_asset_event_has_no_key(ingested: Rehearsed) -> None:
    """Airflow starts no plain consumer for an event that has one."""
    assert [key for name, key, _ in ingested.result.asset_events if name == "pushlift://events"] == [None]


def test_each_touched_partition_has_an_event(ingested: Rehearsed) -> None:
    """A consumer of one partition is started for that one."""
    keys = {key for name, key, _ in ingested.result.asset_events if name == "pushlift://events/partitions"}
    rows = DeltaTable(ingested.folder / "lake" / "events").to_pyarrow_table(columns=["app_id", "event_date"])

    assert keys == {f"{row['app_id']}/{row['event_date']}" for row in rows.to_pylist()}


def test_tasks_exchange_small_json(ingested: Rehearsed) -> None:
    """XCom lies in Airflow's database for good: ids of runs, places and counts, no list of objects."""
    xcoms = ingested.result.xcoms

    assert {key for chunk in xcoms["discover"][0] for key in chunk} == {"run_id", "place"}
    assert len(xcoms["normalize"]) == len(xcoms["discover"][0])
    assert len(json.dumps(xcoms)) < 4_000


def test_airflow_keeps_no_identifier(ingested: Rehearsed) -> None:
    """Neither its database nor its logs nor its output hold a value of a personal field."""
    identifiers = find_identifiers(ingested.folder / "lake")
    kept = ingested.result.output.encode() + read_all(ingested.result.home)

    assert len(identifiers) > 100
    assert [value for value in identifiers if value.encode() in kept] == []


def test_nothing_is_left_in_scratch(ingested: Rehearsed) -> None:
    """A run that is over needs none."""
    assert list((ingested.folder / "lake" / "_scratch").glob("*")) == []


def test_an_hour_without_landed_objects_is_green(repeated: DagRunResult) -> None:
    """The work is skipped, no consumer is told, and the summary says so."""
    skipped = all_in("skipped", {"normalize", "settle", "audit", "publish"})
    done = all_in("success", {"discover", "report", "watch", "drop_scratch"})

    assert repeated.exit_code == 0
    assert repeated.states == skipped | done
    assert repeated.asset_events == []
    assert "Nothing new has landed." in repeated.output


def test_an_object_that_cannot_be_read_ends_the_run_red(refused: Rehearsed) -> None:
    """All others are published first; then one task fails, at once and with one error."""
    result = refused.result

    assert result.exit_code == 1
    assert result.states == all_in("success", ALL_TASKS) | {"report": {"failed"}}
    assert result.output.count("etl.errors.") == 1
    assert f"1 of {refused.truth.objects} landed objects could not be read (forbidden: 1)" in result.output
    assert result.xcoms["publish"][0]["published"] > 0


def test_a_contradictory_range_is_refused_before_anything_is_read(
    airflow_home: Path, ingested: Rehearsed
) -> None:
    """The error says what to mend; it is not tried again, and nothing that follows runs."""
    conf = {"since": "2026-09-02T00:00:00Z", "until": "2026-09-01T00:00:00Z"}

    result = run_dag(airflow_home, ingested.config, conf)

    assert result.exit_code == 1
    assert "is not before until" in result.output
    assert result.states["discover"] == {"failed"}
    assert result.states["report"] == {"upstream_failed"}
