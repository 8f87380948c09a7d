from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from etl.quality.rows import RowRules, judge_rows
from tests.appsflyer.text_rows import Row, normalize_rows

ANY_APP = RowRules()
LANDED = datetime(2026, 9, 1, 12, tzinfo=UTC)


def judge(*rows: Row, rules: RowRules = ANY_APP) -> list[tuple[int, str]]:
    """Judge rows that landed at noon."""
    latest = np.full(len(rows), int(LANDED.timestamp() * 1_000_000), dtype=np.int64)
    return judge_rows(normalize_rows(*rows), latest, rules)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"app_id": None}, "missing_app_id"),
        ({"app_id": ""}, "missing_app_id"),
        ({"event_name": None}, "missing_event_name"),
        ({"event_time": None}, "missing_event_time"),
        ({"event_time": "soon"}, "unusable_event_time"),
        ({"event_time": None, "event_time_selected_timezone": "soon"}, "unusable_event_time"),
        ({"event_time": "2010-12-31 23:59:59.999"}, "event_time_before_2011"),
        ({"event_time": "2026-09-01 12:00:00.001"}, "event_time_in_future"),
    ],
)
def test_a_row_that_is_no_event_is_told_why(row: Row, reason: str) -> None:
    """Each rule has its code, and costs no other row."""
    assert judge({}, row, {}) == [(1, reason)]


@pytest.mark.parametrize(
    "row",
    [
        {"event_time": "2011-01-01 00:00:00.000"},
        {"event_time": "2026-09-01 12:00:00.000"},
        {"appsflyer_id": None},
    ],
)
def test_a_row_at_the_edge_is_an_event(row: Row) -> None:
    """Limits belong to what they limit; an id is no condition."""
    assert judge(row) == []


def test_a_row_is_judged_by_the_first_rule_that_it_breaks() -> None:
    """What misses everything misses its app."""
    nothing: Row = {"app_id": None, "event_name": None, "event_time": None}
    assert judge(nothing) == [(0, "missing_app_id")]


def test_apps_may_be_closed() -> None:
    """With a list of apps the others are set aside; without app there is no unknown one."""
    rules = RowRules(frozenset({"id1"}))
    assert judge({}, {"app_id": "id2"}, {"app_id": None}, rules=rules) == [
        (1, "unknown_app"),
        (2, "missing_app_id"),
    ]


def test_each_row_has_its_own_latest_time() -> None:
    """A row is in the future of the object that it landed in."""
    batch = normalize_rows({}, {})
    at = int((LANDED - timedelta(hours=1, minutes=59)).timestamp() * 1_000_000)
    latest = np.array([at, at - 3_600_000_000], dtype=np.int64)
    assert judge_rows(batch, latest, RowRules()) == [(1, "event_time_in_future")]
