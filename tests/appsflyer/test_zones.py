from datetime import UTC, datetime, timedelta
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.zones import Zone, find_zone, offsets_at, read_zones, resolve_walls
from tests.appsflyer.clock_rows import load_zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
ZONES = [name for name in NAMES if name != "Factory"]
# A day away from the ends, where a local time is out of the calendar.
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59, 999_999)  # noqa: DTZ001 - Hypothesis takes naive bounds


def count_micros(at: datetime) -> int:
    """Count the microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def ask_offset(name: str, micros: int) -> int:
    """Ask the standard library for an offset in seconds."""
    offset = (EPOCH + timedelta(microseconds=micros)).astimezone(load_zone(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def known(name: str) -> Zone:
    """Find a zone that exists."""
    zone = find_zone(name)
    assert zone is not None
    return zone


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        *((name, name) for name in ("UTC", "Asia/Calcutta", "EST5EDT", "Etc/GMT+5", "US/Pacific", "GMT")),
        *(("america/new_york", "America/New_York"), ("utc", "UTC"), (" Asia/Tokyo ", "Asia/Tokyo")),
    ],
)
def test_old_names_and_any_casing_are_zones(name: str, canonical: str) -> None:
    """IANA names, their old aliases and `UTC` are known; casing and blanks around are forgiven."""
    assert known(name).name == canonical


@pytest.mark.parametrize("name", ["Mars/Olympus", "Factory", "UTC+8", "../zones", "", "Europe"])
def test_another_name_is_no_zone(name: str) -> None:
    """A name that the database does not have is not guessed at."""
    assert find_zone(name) is None


def is_exact(name: str) -> bool:
    """Say whether a zone's table is the standard library's at its changes up to 2040, and just before."""
    starts = known(name).starts[1:]
    near = starts[starts < count_micros(datetime(2040, 1, 1, tzinfo=UTC))]
    micros = np.concatenate((near[-60::3], near[-60::3] - 1, near[:20], near[:20] - 1, [0])).astype(np.int64)
    offsets = offsets_at(read_zones(pa.array([name] * len(micros)), len(micros)), micros)
    wrong = [at for at, offset in zip(micros, offsets, strict=True) if ask_offset(name, int(at)) != offset]
    return not wrong


def test_every_zone_changes_when_the_standard_library_says() -> None:
    """No zone of the database has a change, early or by its rule, at another second."""
    assert [name for name in ZONES if not is_exact(name)] == []


@given(
    st.lists(
        st.tuples(st.sampled_from(ZONES), st.datetimes(FIRST, LAST, timezones=st.just(UTC))), max_size=10
    )
)
def test_offsets_are_the_standard_librarys(rows: list[tuple[str, datetime]]) -> None:
    """In any mix of zones and of the years 1 to 9999, each row has its own zone's offset."""
    names, micros = [name for name, _ in rows], np.array([count_micros(at) for _, at in rows], np.int64)
    zones = read_zones(pa.array(names, pa.string()), len(rows))
    assert offsets_at(zones, micros).tolist() == [
        ask_offset(name, int(at)) for name, at in zip(names, micros, strict=True)
    ]


@given(st.sampled_from(("America/New_York", "Europe/Dublin", "Asia/Tokyo", "Australia/Lord_Howe")), st.data())
def test_a_clock_reading_has_an_instant_where_the_zone_has_one(name: str, data: st.DataObject) -> None:
    """A reading resolves exactly where the standard library knows one instant that shows it."""
    change = EPOCH + timedelta(microseconds=int(data.draw(st.sampled_from(known(name).starts[1:].tolist()))))
    reading = change.replace(tzinfo=None) + timedelta(minutes=data.draw(st.integers(-1500, 1500)))
    folds = {reading.replace(tzinfo=load_zone(name), fold=fold).astimezone(UTC) for fold in (0, 1)}
    instants = [at for at in folds if at.astimezone(load_zone(name)).replace(tzinfo=None) == reading]
    wall = np.array([count_micros(reading.replace(tzinfo=UTC))])
    micros, is_single = resolve_walls(read_zones(pa.array([name]), 1), wall)
    assert bool(is_single[0]) == (len(instants) == 1)
    assert not is_single[0] or int(micros[0]) == count_micros(instants[0])


def test_a_row_without_a_zone_is_told_from_one_with_an_unknown_zone() -> None:
    """Null and empty name no zone; another word names one that nobody knows. Encoding changes nothing."""
    text = pa.array(["UTC", None, "", "Mars/Olympus", "Asia/Tokyo"])
    for column in (text, text.dictionary_encode()):
        zones = read_zones(column, 5)
        assert zones.is_known.tolist() == [True, False, False, False, True]
        assert zones.is_unknown.tolist() == [False, False, False, True, False]
        assert offsets_at(zones, np.zeros(5, np.int64)).tolist() == [0, 0, 0, 0, 9 * 3600]


def test_no_column_of_zones_is_no_zone_for_all() -> None:
    """An absent column, and one of nulls alone, name nothing."""
    for column in (None, pa.nulls(2, pa.string())):
        zones = read_zones(column, 2)
        assert not zones.is_known.any()
        assert not zones.is_unknown.any()
