from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.instants import read_local, read_utc
from etl.appsflyer.odd_times import read_odd_local, read_odd_utc
from etl.appsflyer.times import Times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_TIMES = (
    *("2019-02-30 10:00:00.000", "2019-13-01 10:00:00", "2019-00-10 10:00:00", "2019-04-31 10:00:00"),
    *("2019-12-31 25:00:00", "2019-12-31 24:00:00", "2019-12-31 10:60:00", "2019-12-31 23:59:60"),
    *("0000-01-01 00:00:00", "2100-02-29 00:00:00", "10000-01-01 00:00:00", "2019-12-31", "2019-12-31 10"),
    *("2019-12-31 10:11", "2019-12-31 10:11:12.", "2019-12-31 10:11:12,5", "2019-12-31 10:11:12.1234567890"),
    *("20191231T101112", "31-12-2019 10:11:12", "2019-12-31 10:11+0900", "2019-12-31 10:11:12+2400"),
    *("2019-12-31 10:11:12+0960", "2019-12-31 10:11:12 PST", "junk", "null", " ", "2019-12-31 10:11:12\n1"),
    *(
        "0001-01-01 00:00:00+0100",
        "9999-12-31 23:30:00-0100",
        "٢٠١٩-12-31 10:11:12",
        "157778707",
        "15777870721",
    ),
)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59)
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def read_one(text: str, *, is_local: bool = False) -> Times:
    """Read a column of one text."""
    return (read_local if is_local else read_utc)(pa.array([text]), 1)


def to_datetime(times: Times, row: int = 0) -> datetime | None:
    """Give what was read as a datetime, None where nothing was."""
    return EPOCH + timedelta(microseconds=int(times.micros[row])) if times.is_read[row] else None


@pytest.mark.parametrize(
    ("text", "digits", "micros"),
    [
        ("2019-12-31 10:11:12.123", 3, 123_000),
        ("2019-12-31 10:11:12.000", 3, 0),
        ("2019-12-31 10:11:12", 0, 0),
        ("2019-12-31T10:11:12.123", 3, 123_000),
        ("2019-12-31T10:11:12.123Z", 3, 123_000),
        ("2019-12-31 10:11:12 UTC", 0, 0),
        ("2019-12-31 10:11:12.5", 1, 500_000),
        ("2019-12-31 10:11:12.123456", 6, 123_456),
        ("2019-12-31 10:11:12.123456789", 6, 123_456),
        ("2019-12-31 19:11:12.123+0900", 3, 123_000),
        ("2019-12-31 02:11:12-08:00", 0, 0),
        ("2019-12-31 18:11:12.1 0800", 1, 100_000),
        (" 2019-12-31 10:11:12.123 ", 3, 123_000),
        ("1577787072", 0, 0),
        ("1577787072123", 3, 123_000),
    ],
)
def test_utc_times_come_in_many_shapes(text: str, digits: int, micros: int) -> None:
    """Each accepted shape is the same instant, to its own precision of at most six digits."""
    times = read_one(text)
    assert to_datetime(times) == datetime(2019, 12, 31, 10, 11, 12, micros, UTC)
    assert times.digits[0] == digits


@pytest.mark.parametrize("text", NOT_TIMES)
def test_what_no_calendar_has_is_present_and_not_read(text: str) -> None:
    """Nothing is rolled over, filled up or cut: neither alone nor beside healthy rows."""
    for read in (read_utc, read_local):
        times = read(pa.array([text, "2019-12-31 10:11:12.123+0000", None]), 3)
        assert times.is_present.tolist() == [True, True, False]
        assert times.is_read.tolist() == [False, True, False]
        assert to_datetime(times, 1) == datetime(2019, 12, 31, 10, 11, 12, 123_000, UTC)


@pytest.mark.parametrize(
    ("text", "year"), [("0001-01-01 00:00:00.000", 1), ("9999-12-31 23:59:59.999", 9999)]
)
def test_the_first_and_the_last_year_are_read(text: str, year: int) -> None:
    """Year 1 and year 9999 are years."""
    read = to_datetime(read_one(text))
    assert read is not None
    assert read.year == year


def test_leap_days_are_days() -> None:
    """29 February is read in leap years, also beside a text that no cast accepts."""
    texts = ["2020-02-29 10:00:00", "2000-02-29 10:00:00", "1900-02-29 10:00:00", "2020-02-30 10:00:00"]
    assert read_utc(pa.array(texts), 4).is_read.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2019-12-31 10:11:12.123+0900", 540),
        ("2019-12-31 10:11:12.123-0930", -570),
        ("2019-12-31 10:11:12+09:00", 540),
        ("2019-12-31T10:11:12.1-03:30", -210),
        ("2019-12-31 10:11:12.123 0800", 480),
        ("2019-12-31 10:11:12 08:00", 480),
        ("2019-12-31 10:11:12.123 +0800", 480),
        ("2019-12-31 10:11:12.123-0000", 0),
        ("2019-12-31 10:11:12.123Z", 0),
    ],
)
def test_local_times_tell_their_offset(text: str, minutes: int) -> None:
    """`±hhmm`, `±hh:mm` and a `+` decoded twice are offsets, and the instant is the reading less it."""
    times = read_one(text, is_local=True)
    assert times.has_offset[0]
    assert times.offset_minutes[0] == minutes
    read = to_datetime(times)
    assert read is not None
    assert read.replace(microsecond=0) == datetime(2019, 12, 31, 10, 11, 12, tzinfo=UTC) - timedelta(
        minutes=minutes
    )


def test_a_local_time_without_an_offset_stays_a_reading() -> None:
    """Without an offset the text tells what a clock showed, and no instant."""
    times = read_one("2019-12-31 10:11:12.123", is_local=True)
    assert times.is_read[0]
    assert not times.has_offset[0]
    assert to_datetime(times) == datetime(2019, 12, 31, 10, 11, 12, 123_000, UTC)


def test_seconds_since_1970_are_no_local_time() -> None:
    """A count has no zone, so a local field does not hold one."""
    assert not read_one("1577787072", is_local=True).is_read[0]


def test_a_space_is_mended_only_where_it_stands_for_a_plus() -> None:
    """A feed decoded twice reads like one decoded once; absent rows keep out of it."""
    once = pa.array(["2019-12-31 10:11:12.123+0800", None, "2019-12-31 10:11:12.123-0800", ""] * 3)
    twice = pa.compute.replace_substring(once, "+", " ")
    for other in (twice, twice.slice(0)):
        np.testing.assert_array_equal(read_local(other, 12).micros, read_local(once, 12).micros)
    assert twice.to_pylist()[0] == "2019-12-31 10:11:12.123 0800"


@pytest.mark.parametrize("read", [read_utc, read_local])
def test_absent_empty_and_null_are_alike(read: Callable[[pa.Array, int], Times]) -> None:
    """No column, no text and an empty text are no time, and nothing is unparsable about them."""
    for column in (
        None,
        pa.nulls(2, pa.string()),
        pa.array(["", None]),
        pa.array([None, ""]).dictionary_encode(),
    ):
        assert not read(column, 2).is_present.any()
        assert not read(column, 2).is_read.any()


def write(at: datetime, minutes: int, precision: int, shape: int) -> str:
    """Write an instant in one of the accepted shapes, with the standard library."""
    local = at.astimezone(timezone(timedelta(minutes=minutes)))
    clock = local.strftime(f"{local.year:04d}-%m-%d{' T'[shape % 2]}%H:%M:%S")
    fraction = f".{local.microsecond:06d}"[: precision + 1] if precision else ""
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+ "[shape // 2 % 2]
    return f"{clock}{fraction}{sign}{hours:02d}{':' * (shape // 4 % 2)}{rest:02d}"


rows_of_texts = st.lists(
    st.one_of(
        st.tuples(instants, offsets, st.integers(0, 6), st.integers(0, 7)),
        st.sampled_from(NOT_TIMES),
        st.none(),
    ),
    max_size=12,
)


@given(rows_of_texts)
def test_any_mix_of_shapes_reads_as_the_standard_library(
    rows: list[tuple[datetime, int, int, int] | str | None],
) -> None:
    """Healthy rows are exact to their precision whatever stands beside them; odd rows are not read."""
    texts = [write(*row) if isinstance(row, tuple) else row for row in rows]
    for read in (read_utc, read_local):
        times = read(pa.array(texts, pa.string()), len(rows))
        for number, row in enumerate(rows):
            if not isinstance(row, tuple):
                assert not times.is_read[number]
                continue
            at, minutes, precision, _ = row
            kept = at.microsecond // 10 ** (6 - precision) * 10 ** (6 - precision)
            assert to_datetime(times, number) == at.replace(microsecond=kept)
            assert (times.offset_minutes[number], times.digits[number]) == (minutes, precision)


@given(rows_of_texts)
def test_a_batch_of_one_reads_as_a_batch_of_many(
    rows: list[tuple[datetime, int, int, int] | str | None],
) -> None:
    """No row's reading depends on the others, on the encoding, or on where the column was cut from."""
    texts = [write(*row) if isinstance(row, tuple) else row for row in rows]
    many = read_local(pa.array(texts, pa.string()), len(rows))
    cut = pa.array(["junk", *texts, None], pa.string()).slice(1, len(texts))
    for column in (cut, pa.array(texts, pa.string()).dictionary_encode()):
        np.testing.assert_array_equal(
            read_local(column, len(rows)).micros * many.is_read, many.micros * many.is_read
        )
    for number, text in enumerate(texts):
        one = read_local(pa.array([text], pa.string()), 1)
        assert (to_datetime(one), one.is_present[0]) == (to_datetime(many, number), many.is_present[number])


@given(
    st.builds(write, instants, offsets, st.integers(0, 6), st.integers(0, 7)),
    st.integers(0, 30),
    st.sampled_from("0123459:-+. TZ,/x\0é"),
)
def test_a_cast_accepts_nothing_that_the_slow_reading_refuses(text: str, place: int, letter: str) -> None:
    """A text with a wrong letter reads alike by the fast way and by the slow one, whose shape is explicit."""
    spoilt = text[:place] + letter + text[place + 1 :]
    for candidate in (spoilt, spoilt[:-5], spoilt[:-6], spoilt[:place]):
        for read, odd in ((read_utc, read_odd_utc), (read_local, read_odd_local)):
            fast, slow = read(pa.array([candidate]), 1), odd(pa.array([candidate]))
            assert to_datetime(fast) == to_datetime(slow)
            assert not fast.is_read[0] or fast.offset_minutes[0] == slow.offset_minutes[0]
            assert not fast.is_read[0] or fast.digits[0] == slow.digits[0]


def test_an_odd_row_far_away_does_not_disturb_a_long_column() -> None:
    """A column longer than a piece is put together again in order."""
    texts = [f"2019-12-31 10:{row // 60 % 60:02d}:{row % 60:02d}.{row % 1000:03d}" for row in range(10_000)]
    healthy = read_utc(pa.array(texts), 10_000)
    mixed = read_utc(pa.array([*texts[:5000], "junk", *texts[5001:]]), 10_000)
    rows = np.arange(10_000) != 5000
    np.testing.assert_array_equal(healthy.micros[rows], mixed.micros[rows])
    np.testing.assert_array_equal(mixed.is_read, rows)
