import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.jobs.discovery import LANDED_AT, RunObject, Window, date_object, share_out
from etl.stores import LandedObject

MODIFIED = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
SIZES = st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60)


def make_landed(key: str, size: int = 1) -> LandedObject:
    """Make a landed object."""
    return LandedObject(f"landing/{key}", key, size, "v", MODIFIED)


def make_objects(sizes: Sequence[int]) -> list[RunObject]:
    """Make objects of some sizes."""
    return [
        RunObject(number, make_landed(f"{number}", size), MODIFIED, MODIFIED)
        for number, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("key", "landed_at"),
    [
        ("push/2026/09/01/13/a.json.gz", "2026-09-01T13"),
        ("E2ABCDEFGHIJKL.2026-09-01-13.a1b2c3d4.gz", "2026-09-01T13"),
        ("logs/E2ABCDEFGHIJKL.2026-09-01-13.20260901.gz", "2026-09-01T13"),
        ("2026/09/01/13/stream-1-2026-09-01-13-59-58-5a2f8d5e-2026", "2026-09-01T13"),
        ("stream-1-2026-09-01-13-59-58-5a2f8d5e-9f6c", "2026-09-01T13"),
        ("dt=2026-09-01/hour=13/part-0001.json", "2026-09-01T13"),
        ("t=2026-09-01/h=13/part-0001.json", "2026-09-01T13"),
        ("year=2026/month=09/day=01/hour=13/x", "2026-09-01T13"),
        ("year=2026/month=09/day=01/x", "2026-09-01T00"),
        ("20260901T135958Z.json", "2026-09-01T13"),
        ("20260901T13.json", "2026-09-01T13"),
        ("20260901135958-x.json", "2026-09-01T13"),
        ("2026090113.json", "2026-09-01T13"),
        ("20260901.json", "2026-09-01T00"),
        ("2026-09-01/00001.json", "2026-09-01T00"),
        ("2026-09-01/1693526400.gz", "2026-09-01T00"),
        ("2026-09-01/130000.json", "2026-09-01T00"),
        ("2026-02-30/13/x.json then 2026-03-01", "2026-03-01T00"),
    ],
)
def test_a_date_in_the_key_tells_when_it_landed(key: str, landed_at: str) -> None:
    """The date, and the hour if there is one, as CloudFront, Firehose, Hive and others spell them."""
    found, landed_by = date_object(make_landed(key), re.compile(LANDED_AT))

    assert found == datetime.fromisoformat(f"{landed_at}:00:00+00:00")
    assert landed_by == MODIFIED


@pytest.mark.parametrize(
    "key", ["a.json", "1756684800123456.json", "v2026.json", "2026-13-01/x", "120260901/x"]
)
def test_without_a_date_the_store_tells(key: str) -> None:
    """The modification time is when it landed."""
    assert date_object(make_landed(key), re.compile(LANDED_AT)) == (MODIFIED, MODIFIED)


def test_an_hour_is_over_at_its_end() -> None:
    """An object that the store dates before the end of its key's hour may hold what happened until then."""
    landed = LandedObject("landing/x", "2026/11/01/09/x", 1, "v", MODIFIED)

    assert date_object(landed, re.compile(LANDED_AT))[1] == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    """Neighbouring windows share no object and leave none out."""
    hour = timedelta(hours=1)

    assert Window(MODIFIED, MODIFIED + hour).holds(MODIFIED)
    assert not Window(MODIFIED - hour, MODIFIED).holds(MODIFIED)
    assert Window().holds(MODIFIED)


@given(SIZES, st.integers(1024, 5_000_000), st.integers(1, 20), st.integers(1, 8))
def test_share_out_keeps_every_object_in_order(
    sizes: list[int], chunk_bytes: int, limit: int, workers: int
) -> None:
    """Chunks are runs of neighbours that make up the whole, none empty, and no more than allowed."""
    chunks = share_out(make_objects(sizes), chunk_bytes, limit, workers)

    assert [each.ordinal for chunk in chunks for each in chunk] == list(range(len(sizes)))
    assert all(chunks)
    assert len(chunks) <= limit
    assert chunks == share_out(make_objects(sizes), chunk_bytes, limit, workers)


@given(SIZES, st.integers(1, 8))
def test_share_out_balances_bytes(sizes: list[int], workers: int) -> None:
    """No chunk is larger than an even share and one object."""
    chunks = share_out(make_objects(sizes), 1 << 40, 1000, workers)

    largest = max(sum(each.landed.size for each in chunk) for chunk in chunks)
    assert largest <= sum(sizes) / workers + max(sizes)


def test_equal_objects_make_a_chunk_for_each_worker() -> None:
    """Where there are as many objects as workers, none of these is idle."""
    assert [len(chunk) for chunk in share_out(make_objects([5] * 8), 1 << 40, 100, 4)] == [2, 2, 2, 2]
