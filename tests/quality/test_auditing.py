"""Batches are judged by the suites: what is wrong fails by its own rule, and no value of a row is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.lake.history import live_files
from etl.lake.tables import EVENTS, LOADS, find_table
from etl.quality.auditing import AppBatch, audit_apps, audit_run
from etl.quality.batches import read_batch, read_rows
from etl.quality.checks import Check, Severity, Verdict, describe_failures
from etl.quality.docs import Days, render_docs
from etl.quality.suites import Suites, load_suites
from tests.services.files import read_all
from tests.services.worlds import World, build_settings, messages, open_local_world

Change = Mapping[str, Any]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lake with a hundred events."""
    folder = tmp_path_factory.mktemp("ingested")
    world = open_local_world(folder)
    world.land(messages(range(100)))
    world.ingest()
    return folder


@pytest.fixture
def audited(ingested: Path, tmp_path: Path) -> World:
    """A lake with a hundred events, whose files a test may change."""
    shutil.copytree(ingested, tmp_path, dirs_exist_ok=True)
    return World(build_settings(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}"))


def batch_of(world: World, **changes: Any) -> AppBatch:  # noqa: ANN401 - fields of several types
    """Give the batch of the only app of a lake."""
    files = live_files(find_table(world.lake, EVENTS))
    ((app_id, _), *_) = files
    listed = [(f"{EVENTS.name}/{path}", day) for (_, day), paths in files.items() for path in paths]
    rows = sum(pq.read_metadata(world.lake.path_of(key)).num_rows for key, _ in listed)
    batch = AppBatch(app_id, tuple(key for key, _ in listed), tuple(day for _, day in listed), rows, 0, 0)
    return replace(batch, **changes)


def rewrite(world: World, batch: AppBatch, columns: Change) -> None:
    """Write the first file of a batch again with some columns replaced: one value, or a list of them."""
    path = world.lake.path_of(batch.files[0])
    table = pq.ParquetFile(path).read()
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        listed = values if isinstance(values, list) else [values] * table.num_rows
        table = table.set_column(place, name, pa.array(listed, table.schema.field(name).type))
    pq.write_table(table, path)


def failed(checks: list[Check]) -> set[str]:
    """Name the rules that failed."""
    return {check.rule_id for check in checks if check.verdict is Verdict.FAILED}


def write_suite(folder: Path, *expectations: dict[str, Any]) -> Suites:
    """Write and read a suite of rows."""
    (folder / "events.json").write_text(json.dumps({"name": "events", "expectations": list(expectations)}))
    return load_suites(folder)


def test_a_sound_batch_passes(audited: World) -> None:
    """Every expectation is judged, passes, and names the app."""
    suites = load_suites(None)
    batch = batch_of(audited)
    checks = audit_apps(audited.lake, [batch], suites)
    assert failed(checks) == set()
    assert {check.rule_id for check in checks} == {
        each.rule_id for suite in (suites.events, suites.batch) for each in suite.expectations
    }
    assert {check.app_id for check in checks} == {batch.app_id}


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"event_id": "0" * 32}, "events.event_id_unique"),
        ({"topic": "instal"}, "batch.topic_known"),
        ({"event_name": None}, "batch.mandatory_present"),
        ({"event_time": 946_684_800_000_000}, "batch.events_since_2011"),
    ],
)
def test_a_planted_mistake_fails_its_own_rule(audited: World, columns: Change, rule: str) -> None:
    """A required expectation fails, and holds the batch."""
    batch = batch_of(audited)
    rewrite(audited, batch, columns)
    checks = audit_apps(audited.lake, [batch], load_suites(None))
    assert rule in failed(checks)
    assert [check.is_holding for check in checks if check.rule_id == rule] == [True]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"published": 7}, {"batch.rows_accounted_for"}),
        ({"quarantined": 30}, {"batch.quarantine_small"}),
        ({"quarantined": 300}, {"batch.quarantine_small", "batch.mostly_usable"}),
        ({"duplicates": 900}, {"batch.duplicates_few"}),
        ({"partitions": ("2026-01-01",)}, {"batch.rows_in_their_partition"}),
    ],
)
def test_figures_are_judged(audited: World, changes: Change, rules: set[str]) -> None:
    """What became of the messages is judged with the rows."""
    assert failed(audit_apps(audited.lake, [batch_of(audited, **changes)], load_suites(None))) == rules


@pytest.mark.parametrize(
    ("versions", "verdict"),
    [
        (["3.0"] + ["2.0"] * 99, Verdict.PASSED),
        (["3.0"] * 2 + ["2.0"] * 98, Verdict.FAILED),
        (["3.0"] * 99 + [None], Verdict.PASSED),
    ],
    ids=["one_in_a_hundred", "two_in_a_hundred", "too_few_told"],
)
def test_a_share_is_of_the_rows_that_tell(audited: World, versions: list[str], verdict: Verdict) -> None:
    """Versions are judged where a hundred rows tell one, and one in a hundred may be unknown."""
    batch = batch_of(audited)
    rewrite(audited, batch, {"api_version": versions})
    checks = audit_apps(audited.lake, [batch], load_suites(None))
    assert [check.verdict for check in checks if check.rule_id == "batch.api_version_known"] == [verdict]


def test_an_event_at_its_installation_is_sound(audited: World) -> None:
    """An installation may be its own event; one after the event is early, and one untold is not judged."""
    rows, _ = read_rows(audited.lake, batch_of(audited), ["install_time"])
    at = rows["event_time"].cast(pa.int64()).to_pylist()
    batch = batch_of(audited)
    rewrite(audited, batch, {"install_time": [at[0] + 1, None, *at[2:]]})
    figures = read_batch(audited.lake, batch, load_suites(None)).figures
    assert (figures["rows_with_install_time"], figures["event_before_install_share"]) == (99, 1 / 99)


@pytest.mark.parametrize(
    ("flags", "rules"),
    [
        ([["weak_identity"]] * 40 + [None] * 60, set()),
        ([["weak_identity"]] * 90 + [None] * 10, {"batch.identity_strong"}),
        ([["weak_identity", "unknown_country"]] * 45 + [None] * 55, {"batch.flags_few"}),
    ],
    ids=["some_weak", "most_weak", "many_odd"],
)
def test_weak_identities_have_a_rule_of_their_own(
    audited: World, flags: list[list[str] | None], rules: set[str]
) -> None:
    """How people are named is no oddity of the rows that other flags tell of."""
    batch = batch_of(audited)
    rewrite(audited, batch, {"quality_flags": flags})
    assert failed(audit_apps(audited.lake, [batch], load_suites(None))) == rules


def test_a_column_of_another_type_is_told(audited: World) -> None:
    """A file that is not as the table has it fails, and the rest is judged all the same."""
    batch = batch_of(audited)
    path = audited.lake.path_of(batch.files[0])
    table = pq.ParquetFile(path).read()
    place = table.schema.get_field_index("source_position")
    texts = table["source_position"].cast(pa.string())
    pq.write_table(table.set_column(place, "source_position", texts).drop_columns(["campaign"]), path)
    checks = audit_apps(audited.lake, [batch], load_suites(None))
    assert failed(checks) == {"batch.columns_as_agreed"}
    assert [check.observed for check in checks if check.rule_id == "batch.columns_as_agreed"] == [2.0]


def test_one_app_does_not_answer_for_another(audited: World) -> None:
    """Figures are judged together, and each app has its own verdict and figure."""
    sound = batch_of(audited)
    short = replace(sound, app_id="other", published=sound.published + 5)
    checks = audit_apps(audited.lake, [sound, short], load_suites(None))
    told = {c.app_id: (c.verdict, c.observed) for c in checks if c.rule_id == "batch.rows_accounted_for"}
    rows = float(sound.published)
    assert told == {sound.app_id: (Verdict.PASSED, rows), "other": (Verdict.FAILED, rows)}
    assert failed([check for check in checks if check.app_id == sound.app_id]) == set()


@pytest.mark.parametrize(
    ("type_", "bound"),
    [
        ("expect_column_max_to_be_between", {"min_value": 50}),
        ("expect_column_max_to_be_between", {"max_value": 50}),
        ("expect_column_min_to_be_between", {"min_value": 50}),
        ("expect_column_min_to_be_between", {"max_value": 50}),
    ],
)
def test_an_extreme_of_all_apps_is_not_that_of_each(
    audited: World, tmp_path: Path, type_: str, bound: dict[str, Any]
) -> None:
    """Judged together, one app's figure must not stand for another's."""
    body = expectation(type_, column="duplicates", **bound)
    (tmp_path / "batch.json").write_text(json.dumps({"name": "batch", "expectations": [body]}))
    few = batch_of(audited, app_id="few", duplicates=10)
    many = replace(few, app_id="many", duplicates=90)
    checks = audit_apps(audited.lake, [few, many], load_suites(tmp_path))
    wrong = "few" if "min_value" in bound else "many"
    assert [check.app_id for check in checks if check.verdict is Verdict.FAILED] == [wrong]


def test_a_batch_without_rows_is_judged_by_its_figures(audited: World) -> None:
    """Where every message was a duplicate there is no row to judge."""
    empty = replace(batch_of(audited), files=(), partitions=(), published=0, duplicates=9)
    assert {check.suite for check in audit_apps(audited.lake, [empty], load_suites(None))} == {"batch"}


def test_loads_are_judged_for_all_apps(audited: World) -> None:
    """A message that nothing accounts for concerns everybody."""
    loads = audited.read(LOADS)
    suites = load_suites(None)
    assert failed(audit_run(loads, suites)) == set()
    place = loads.schema.get_field_index("duplicates")
    short = loads.set_column(place, "duplicates", pa.array([-1] * loads.num_rows, pa.int64()))
    checks = audit_run(short, suites)
    assert failed(checks) == {"loads.conservation", "loads.counts_not_negative"}
    assert {check.app_id for check in checks} == {None}


def expectation(type_: str, severity: str = "critical", **kwargs: object) -> dict[str, Any]:
    """Write an expectation of a user's."""
    return {"type": type_, "kwargs": kwargs, "severity": severity, "notes": "Mine."}


def test_no_value_of_a_row_is_told(audited: World, tmp_path: Path) -> None:
    """Whatever a user expects of a personal field, its values stay out of checks, threshold for threshold."""
    batch = batch_of(audited)
    rewrite(audited, batch, {"customer_user_id": "4815162342", "ip": "203.0.113.77", "appsflyer_id": "47-11"})
    suites = write_suite(
        tmp_path,
        expectation("expect_column_values_to_be_in_set", column="customer_user_id", value_set=["x"]),
        expectation("expect_column_distinct_values_to_be_in_set", column="ip", value_set=["x"]),
        expectation("expect_column_most_common_value_to_be_in_set", column="appsflyer_id", value_set=["x"]),
        expectation("expect_column_max_to_be_between", column="customer_user_id", max_value="0"),
        expectation("expect_column_value_lengths_to_equal", column="ip", value=3),
        expectation("expect_column_values_to_be_between", column="customer_user_id", max_value=1),
    )
    checks = audit_apps(audited.lake, [batch], suites)
    assert len(failed(checks)) == 6
    told = repr(checks) + "".join(describe_failures(checks))
    assert not [value for value in ("4815162342", "203.0.113.77", "47-11") if value in told]


def test_an_expectation_that_cannot_be_judged_fails(audited: World, tmp_path: Path) -> None:
    """It fails with its own severity, tells the kind of the error, and never its text."""
    broken = expectation("expect_column_values_to_be_between", "warning", column="event_name", max_value=1)
    (check,) = audit_apps(audited.lake, [batch_of(audited)], write_suite(tmp_path, broken))
    assert (check.verdict, check.severity) == (Verdict.FAILED, Severity.ADVISORY)
    assert "could not be judged (MetricResolutionError)" in check.detail


def test_few_values_say_nothing(audited: World, tmp_path: Path) -> None:
    """With fewer judged values than `least_rows` a failure passes, and says so."""
    strict = expectation("expect_column_values_to_be_in_set", column="platform", value_set=["x"])
    strict["meta"] = {"least_rows": 1_000}
    (check,) = audit_apps(audited.lake, [batch_of(audited)], write_suite(tmp_path, strict))
    assert check.verdict is Verdict.PASSED
    assert "too few to judge" in check.detail


ADDED = [
    expectation("expect_column_values_to_match_regex", column="event_id", regex="^[0-9a-f]{32}$"),
    expectation("expect_column_values_to_be_in_set", column="is_test_message", value_set=[False]),
    expectation("expect_column_min_to_be_between", column="event_date", min_value="2011-01-01"),
    expectation("expect_column_values_to_be_between", column="event_date", min_value="2011-01-01"),
    expectation("expect_column_values_to_be_between", column="event_time", min_value="2011-01-01T00:00:00Z"),
    expectation("expect_column_values_to_be_between", column="source_position", min_value=1),
    expectation("expect_compound_columns_to_be_unique", column_list=["source_uri", "source_position"]),
    expectation("expect_column_pair_values_to_be_equal", column_A="load_id", column_B="load_id"),
    expectation("expect_column_values_to_be_null", column="quality_flags"),
    expectation("expect_column_value_lengths_to_equal", column="event_id", value=32),
    expectation("expect_table_row_count_to_be_between", min_value=1),
    expectation(
        "expect_column_values_to_not_be_null",
        column="appsflyer_id",
        row_condition='topic == "install"',
        condition_parser="pandas",
    ),
]


@pytest.mark.parametrize("added", ADDED, ids=lambda added: str(added["type"]))
def test_what_a_user_adds_is_judged(audited: World, tmp_path: Path, added: dict[str, Any]) -> None:
    """Expectations about texts, times, days, numbers, booleans, lists, pairs and tables need no code."""
    (check,) = audit_apps(audited.lake, [batch_of(audited)], write_suite(tmp_path, added))
    assert check.verdict is Verdict.PASSED, check.detail


def test_data_docs_hold_no_value_of_a_row(audited: World, tmp_path: Path) -> None:
    """Pages are made for the app, and no planted value is in any file of them."""
    batch = batch_of(audited)
    rewrite(audited, batch, {"customer_user_id": "4815162342", "ip": "203.0.113.77"})
    suites = write_suite(
        tmp_path,
        expectation("expect_column_values_to_be_in_set", column="customer_user_id", value_set=["x"]),
        expectation("expect_column_distinct_values_to_be_in_set", column="ip", value_set=["x"]),
    )
    target = tmp_path / "pages"
    page = render_docs(audited.lake, suites, target, Days((), date(2011, 1, 1), date(2030, 1, 1)))
    assert page.exists()
    written = read_all(target)
    assert b"customer_user_id" in written
    assert not [value for value in (b"4815162342", b"203.0.113.77") if value in written]


def test_judging_reaches_no_network() -> None:
    """Importing and opening Great Expectations opens no socket to anywhere."""
    code = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from etl.quality.expecting import validate_suites\n"
        "from etl.quality.suites import load_suites\n"
        "validate_suites(load_suites(None))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
