from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("app_id", "occurrence_id", "person", "name")),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("event_time", "install_time")),
        *((name, pa.bool_()) for name in ("is_doubtful", "has_clock_issues")),
    ]
)
Row = dict[str, Any]


def make_event(occurrence: str, hour: int | None, **fields: object) -> Row:
    """Make a row of history, some hours after the lake began."""
    return {
        "app_id": "app",
        "occurrence_id": occurrence,
        "person": "ann",
        "name": "purchase",
        "event_time": None if hour is None else START + timedelta(hours=hour),
        "install_time": START,
        "is_doubtful": False,
        "has_clock_issues": False,
        **fields,
    }


def flag(*rows: Row) -> dict[str, bool | None]:
    """Run the query on rows of history."""
    history = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    query = resources.files("etl.liftoff").joinpath("first_events.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.register("history", history)
        found = connection.sql(query).fetchall()
    return {occurrence: is_first for _, occurrence, is_first in found}


def decide(rows: Sequence[Row], row: Row) -> bool | None:
    """Decide by the rule as it is written, one event at a time."""
    mine = [other for other in rows if (other["person"], other["name"]) == (row["person"], row["name"])]
    if row["person"] is None:
        return None
    if any(
        (other["event_time"], other["occurrence_id"]) < (row["event_time"], row["occurrence_id"])
        for other in mine
    ):
        return False
    starts = [other["event_time"] for other in rows if not other["has_clock_issues"]]
    is_known = row["install_time"] is not None and bool(starts) and row["install_time"] >= min(starts)
    return True if is_known and not row["is_doubtful"] else None


def test_the_first_is_the_first_and_others_are_not() -> None:
    """By person, app and Liftoff's name of the event."""
    flags = flag(
        make_event("a", 0, name="install"),
        make_event("b", 5),
        make_event("c", 6),
        make_event("d", 7, person="bob"),
        make_event("e", 8, name="login"),
    )
    assert flags == {"a": True, "b": True, "c": False, "d": True, "e": True}


@pytest.mark.parametrize("install", [START - timedelta(days=1), None])
def test_what_may_have_been_before_the_lake_is_not_known(install: datetime | None) -> None:
    """Whoever installed earlier may have done it before; a second one is no first one all the same."""
    flags = flag(
        make_event("a", 0, person="bob"),
        make_event("b", 5, install_time=install),
        make_event("c", 6, install_time=install),
    )
    assert (flags["b"], flags["c"]) == (None, False)


def test_nobody_has_no_first_event() -> None:
    """Without a person nothing can be told."""
    assert flag(make_event("a", 0, person=None), make_event("b", 1, person=None)) == {"a": None, "b": None}


def test_a_doubtful_event_is_not_called_the_first() -> None:
    """It may be another one told twice, or of somebody who has another id elsewhere."""
    flags = flag(
        make_event("a", 0, is_doubtful=True), make_event("b", 1, is_doubtful=True), make_event("c", 2)
    )
    assert flags == {"a": None, "b": False, "c": False}


def test_halves_of_a_pair_are_one_occurrence() -> None:
    """The second half does not make the first one's event a repetition."""
    assert flag(make_event("a", 0), make_event("a", 0)) == {"a": True}


def test_a_clock_that_went_wrong_does_not_make_the_lake_older() -> None:
    """History begins with the first event whose clock is in order."""
    flags = flag(
        make_event("a", -9000, person="bob", has_clock_issues=True),
        make_event("b", 0, person="eve"),
        make_event("c", 5, install_time=START - timedelta(days=2)),
    )
    assert flags["c"] is None


ROWS = st.lists(
    st.builds(
        make_event,
        st.uuids().map(str),
        st.integers(0, 6),
        person=st.sampled_from(["ann", "bob", None]),
        name=st.sampled_from(["install", "purchase"]),
        install_time=st.sampled_from([None, START, START - timedelta(days=1), START + timedelta(hours=3)]),
        is_doubtful=st.booleans(),
        has_clock_issues=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda row: row["occurrence_id"],
)


@settings(max_examples=50)
@given(ROWS)
def test_the_query_follows_the_rule(rows: list[Row]) -> None:
    """One pass over history says what the rule says of each event alone."""
    assert flag(*rows) == {row["occurrence_id"]: decide(rows, row) for row in rows}
