from datetime import date

import numpy as np
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from etl.jobs.reporting.extra_rows import mark_repeated
from etl.jobs.reporting.scanning import scan_events
from etl.lake.reading import Lake
from etl.lake.tables import EVENTS
from etl.stores import Store
from tests.reports.lakes import Row, event, write_rows
from tests.sql.small_lake import GAME, day

KEYS = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=200)


@given(KEYS)
def test_every_key_that_stands_twice_is_marked(keys: list[int]) -> None:
    """And no other, however keys collide."""
    marked = mark_repeated(np.array(keys, dtype=np.uint64))

    assert marked.tolist() == [keys.count(key) > 1 for key in keys]


def half(place: int, day_local: date | None, *, is_primary: bool | None, **fields: object) -> Row:
    """Make one row of an occurrence."""
    made = {"occurrence_id": "c" * 32, "event_id": f"{place:032x}", "topic": "install_in_app_event"}
    told = {"event_date_local": day_local, "is_primary_attribution": is_primary}
    return {**event("com.a", "2026-11-02 10:00", "af_purchase"), **made, **told, **fields}


def find(store: Store, *rows: Row) -> list[Row]:
    """Write rows, a file each, and give those that are left out."""
    for row in rows:
        write_rows(store, EVENTS, [row])
    found = scan_events(store, ["com.a"], date(2026, 11, 1), date(2026, 11, 3), {}).extra_rows
    return list(found.to_pylist())


def test_the_primary_half_stays(local_store: Store) -> None:
    """What is left out is the half of the original source, with the day that it tells."""
    (row,) = find(
        local_store,
        half(1, date(2026, 11, 1), is_primary=False),
        half(2, date(2026, 11, 2), is_primary=True),
    )

    assert (row["event_date_local"], row["is_extra"], row["is_extra_sale"]) == (
        date(2026, 11, 1),
        True,
        False,
    )


def test_without_a_primary_half_the_least_id_stays(local_store: Store) -> None:
    """As the view `occurrences` decides."""
    (row,) = find(
        local_store, half(9, date(2026, 11, 1), is_primary=None), half(2, date(2026, 11, 2), is_primary=None)
    )

    assert row["event_date_local"] == date(2026, 11, 1)


def test_a_sale_is_chosen_among_rows_with_an_amount(local_store: Store) -> None:
    """The primary half has none: then the other half's counts, and none is taken off."""
    (row,) = find(
        local_store,
        half(1, date(2026, 11, 1), is_primary=False, event_revenue=5),
        half(2, date(2026, 11, 2), is_primary=True),
    )

    assert (row["event_revenue"], row["is_extra"], row["is_extra_sale"]) == (5, True, False)


def test_a_test_message_is_no_half(local_store: Store) -> None:
    """It is left out beforehand, and takes nothing with it."""
    assert (
        find(
            local_store, half(1, None, is_primary=True, is_test_message=True), half(2, None, is_primary=False)
        )
        == []
    )


def test_ids_that_begin_alike_are_two(local_store: Store) -> None:
    """Eight bytes only say where to look."""
    other = half(2, None, is_primary=True, occurrence_id="c" * 31 + "d")

    assert find(local_store, half(1, None, is_primary=False), other) == []


def test_a_pair_of_the_small_lake_is_found(small_lake: Lake) -> None:
    """Its one pair; the half that is alone stays."""
    found = scan_events(small_lake.store, [GAME], day(1), day(6), {}).extra_rows

    assert found.num_rows == 1
    assert pc.all(found["is_extra_sale"]).as_py()
