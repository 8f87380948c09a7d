"""The year of events, and the same in plain files, in small."""

from pathlib import Path

import pytest

from benchmarks import queries
from benchmarks.queries import NOT_OF_EVENTS, SELECTIVE, ask, compare, make_year
from benchmarks.year import APPS, make_day
from etl.lake.library import list_queries
from etl.lake.tables import EVENTS, file_schema


def test_both_sides_answer_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query that reads `events`, for four weeks of an app and for everything."""
    monkeypatch.setattr(queries, "TIMES", 1)
    make_year(tmp_path, total=200_000, days=2)

    lines = list(compare(tmp_path, rounds=1))

    names = [query.name for query in list_queries()]
    assert set(names) >= SELECTIVE | NOT_OF_EVENTS
    assert len(lines) == 2 + 2 * (len(names) - len(NOT_OF_EVENTS))
    _, rows = ask(tmp_path, "lake", {}, "select count(*), count(distinct app_id) from events")
    assert rows[0][1] == len(APPS)


def test_a_day_is_the_same_each_time() -> None:
    """All columns, and no event twice."""
    day = make_day(0, 100, 500_000)
    assert day.equals(make_day(0, 100, 500_000))
    assert day.schema == file_schema(EVENTS)
    assert len(set(day["event_id"].to_pylist())) == day.num_rows
