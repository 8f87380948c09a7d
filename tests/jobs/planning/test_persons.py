"""Planning names a person in SQL as identity does in columns."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.identity import PERSON_FIELDS, choose_persons
from etl.jobs.planning.selecting import _spell_person

IDS = st.one_of(
    st.none(),
    st.sampled_from(["0", "00000000-0000-0000-0000-000000000000", "A-b", "a-B", " ", "-", "0-0", "x y", "Ä"]),
)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(PERSON_FIELDS, IDS)), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_two_agree(rows: list[dict[str, str | None]]) -> None:
    """Whatever ids a row has, both choose the same one, spelled alike."""
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in PERSON_FIELDS}
    expected = choose_persons(columns, len(rows))[0].to_pylist()
    with duckdb.connect() as connection:
        connection.register("given", pa.table({**columns, "place": pa.array(range(len(rows)))}))
        connection.execute(f"CREATE MACRO name_person(event) AS {_spell_person()}")
        found = connection.sql("select name_person(event) from given as event order by place").fetchall()
    assert [person for (person,) in found] == expected
