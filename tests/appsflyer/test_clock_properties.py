from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.clocks import Clocks
from tests.appsflyer.clock_rows import LOCAL, ZONE, Row, describe, load_zone, read_rows

instants = st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zone_names = st.sampled_from(
    ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca")
)


def write_local(at: datetime, zone: str) -> str:
    """Write an instant as AppsFlyer writes it in a zone."""
    local = at.astimezone(load_zone(zone))
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"


def write_utc(at: datetime) -> str:
    """Write an instant as AppsFlyer writes it in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


@given(st.lists(st.tuples(instants, zone_names), max_size=8))
def test_what_appsflyer_writes_is_read_back(rows: list[tuple[datetime, str]]) -> None:
    """Twins written by the standard library agree, in any mix of zones, whichever of them is sent."""
    both = [{"event_time": write_utc(at), LOCAL: write_local(at, zone), ZONE: zone} for at, zone in rows]
    whole, alone = read_rows(*both), read_rows(*({**row, "event_time": None} for row in both))
    expected = [at.replace(microsecond=at.microsecond // 1000 * 1000) for at, _ in rows]
    offsets = [at.astimezone(load_zone(zone)).utcoffset() for at, zone in rows]
    assert whole.instants["event_time"].to_pylist() == alone.instants["event_time"].to_pylist() == expected
    assert whole.offsets["event_utc_offset_minutes"].to_pylist() == [
        offset and offset // timedelta(minutes=1) if offset else 0 for offset in offsets
    ]
    assert whole.event_date_local.to_pylist() == [at.astimezone(load_zone(zone)).date() for at, zone in rows]
    assert whole.clock_issues.null_count == len(rows)
    assert alone.clock_issues.to_pylist() == [["utc_recovered_from_local"]] * len(rows)


@given(instants, st.integers(-23 * 60, 23 * 60))
def test_any_offset_is_taken_off(at: datetime, minutes: int) -> None:
    """The instant is the local time less its offset, whatever the offset."""
    local = at.astimezone(timezone(timedelta(minutes=minutes)))
    text = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"
    assert describe(read_rows({"event_time": write_utc(at), LOCAL: text})) == (write_utc(at), minutes, [])


texts_of_utc = st.one_of(
    st.none(),
    instants.map(write_utc),
    instants.map(lambda at: write_utc(at)[:19]),
    st.sampled_from(
        ("", "junk", "2019-02-30 10:00:00", "2019-11-03 06:30:00", "1577787072", "0001-01-01 00:00:00")
    ),
)
texts_of_local = st.one_of(
    st.none(),
    st.tuples(instants, zone_names).map(lambda pair: write_local(*pair)),
    instants.map(write_utc),
    st.sampled_from(("2019-11-03 01:30:00.5", "2019-03-10 02:30:00", "2019-11-03 01:30:00.5 0500", "x", "")),
)
rows_of_texts = st.fixed_dictionaries(
    {
        "event_time": texts_of_utc,
        LOCAL: texts_of_local,
        "install_time": texts_of_utc,
        "install_time_selected_timezone": texts_of_local,
        ZONE: st.one_of(st.none(), zone_names, st.sampled_from(("", "Mars/Olympus", "us/pacific"))),
    }
)


def spell_out(clocks: Clocks, row: int) -> list[object]:
    """Give all that is said of a row."""
    columns = [
        *clocks.instants.values(),
        *clocks.offsets.values(),
        clocks.event_date,
        clocks.event_date_local,
    ]
    texts = [
        (left.field, text)
        for left in clocks.unparsed
        for at, text in zip(left.rows, left.texts, strict=True)
        if at == row
    ]
    values = [column[row].as_py() for column in (*columns, clocks.clock_issues)]
    return [*values, bool(clocks.is_second_precision[row]), [(field, str(text)) for field, text in texts]]


@given(st.lists(rows_of_texts, min_size=1, max_size=6))
def test_a_batch_of_one_settles_as_a_batch_of_many(rows: list[Row]) -> None:
    """No row's clocks depend on the rows beside it, however odd they are."""
    many = read_rows(*rows)
    for number, row in enumerate(rows):
        assert spell_out(read_rows(row), 0) == spell_out(many, number)


@given(st.lists(rows_of_texts, min_size=1, max_size=6))
def test_every_text_is_an_instant_or_is_handed_back(rows: list[Row]) -> None:
    """A row with a UTC text has its instant, or that text among the unparsed; an issue tells it then."""
    clocks = read_rows(*rows)
    for field in ("event_time", "install_time"):
        left = {int(row) for unparsed in clocks.unparsed if unparsed.field == field for row in unparsed.rows}
        named = {
            n for n in range(len(rows)) if f"unparsable:{field}" in (clocks.clock_issues[n].as_py() or [])
        }
        read = {n for n, at in enumerate(clocks.instants[field].to_pylist()) if at}
        assert left == named
        assert {n for n, row in enumerate(rows) if row[field]} <= left | read
