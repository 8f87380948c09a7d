from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from etl.appsflyer.clock_issues import ISSUES, LOCAL_FIELDS, UTC_FIELDS
from etl.appsflyer.clocks import read_clocks
from tests.appsflyer.clock_rows import LOCAL, ZONE, describe, load_zone, read_rows

NEW_YORK = "America/New_York"


def settle(
    utc: str | None, local: str | None = None, zone: str | None = None
) -> tuple[str | None, int | None, list[str]]:
    """Settle one row's `event_time`."""
    return describe(read_rows({"event_time": utc, LOCAL: local, ZONE: zone}))


def test_twins_that_agree_raise_no_doubt() -> None:
    """UTC, local time and zone that fit together give an instant, an offset and no issue."""
    read = settle("2019-12-31 00:07:14.961", "2019-12-30 19:07:14.961-0500", NEW_YORK)
    assert read == ("2019-12-31 00:07:14.961", -300, [])


def test_utc_wins_a_disagreement_which_is_kept() -> None:
    """A local time of another instant is told, and its offset stays."""
    read = settle("2019-12-31 00:07:14.961", "2019-12-31 00:07:15.961+0900")
    assert read == ("2019-12-31 00:07:14.961", 540, ["local_disagrees"])


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2019-12-31 00:07:14.961", "2019-12-31 09:07:14+0900"),
        ("2019-12-31 00:07:14.961", "2019-12-31 09:07:14.961999+0900"),
        ("2019-12-31 00:07:14.9", "2019-12-31 09:07:14.961+0900"),
    ],
)
def test_twins_are_compared_at_the_coarser_precision(utc: str, local: str) -> None:
    """A twin that tells less does not disagree, and takes nothing from the other."""
    *_, issues = settle(utc, local)
    assert issues == []


def test_milliseconds_come_from_the_twin() -> None:
    """V1.0 sends UTC to the second: the local twin of that second has the milliseconds."""
    read = settle("2019-12-31 00:07:14", "2019-12-31 09:07:14.961+0900")
    assert read == ("2019-12-31 00:07:14.961", 540, ["milliseconds_recovered"])


def test_milliseconds_of_another_second_are_not_taken() -> None:
    """A twin that disagrees completes nothing."""
    read = settle("2019-12-31 00:07:14", "2019-12-31 09:07:15.961+0900")
    assert read == ("2019-12-31 00:07:14.000", 540, ["local_disagrees", "second_precision"])


@pytest.mark.parametrize("local", [None, "2019-12-31 09:07:14+0900"])
def test_a_second_without_milliseconds_is_second_precision(local: str | None) -> None:
    """Where nobody tells milliseconds, the event's identity is coarser, and that is said."""
    clocks = read_rows({"event_time": "2019-12-31 00:07:14", LOCAL: local})
    assert describe(clocks)[2] == ["second_precision"]
    assert clocks.is_second_precision.tolist() == [True]


def test_milliseconds_of_zero_are_milliseconds() -> None:
    """A fraction of `.000` counts as given, in UTC and in the twin."""
    assert settle("2019-12-31 00:07:14.000")[2] == []
    assert settle("2019-12-31 00:07:14", "2019-12-31 09:07:14.000+0900")[2] == ["milliseconds_recovered"]


def test_only_the_events_own_time_is_second_precision() -> None:
    """Another time to the second is no issue: it is no part of the identity."""
    clocks = read_rows({"event_time": "2019-12-31 00:07:14.961", "install_time": "2019-12-31 00:07:14"})
    assert clocks.clock_issues.to_pylist() == [None]
    assert clocks.is_second_precision.tolist() == [False]


@pytest.mark.parametrize(
    ("utc", "issues"), [(None, []), ("", []), ("2019-02-30 10:00:00.000", ["unparsable:event_time"])]
)
def test_utc_comes_from_a_local_time_with_its_offset(utc: str | None, issues: list[str]) -> None:
    """An absent or unreadable UTC time is the local one less its offset, and that is said."""
    read = settle(utc, "2019-12-31 09:07:14.961+0900")
    assert read == ("2019-12-31 00:07:14.961", 540, ["utc_recovered_from_local", *issues])


def test_a_recovered_second_is_second_precision_too() -> None:
    """A local time to the second gives UTC to the second."""
    assert settle(None, "2019-12-31 09:07:14+0900")[2] == ["utc_recovered_from_local", "second_precision"]


def test_utc_comes_from_a_local_time_by_its_zone() -> None:
    """Without an offset the zone decides, where it shows that reading exactly once."""
    read = settle(None, "2019-07-01 10:00:00.000", NEW_YORK)
    assert read == ("2019-07-01 14:00:00.000", -240, ["utc_recovered_from_local"])


@pytest.mark.parametrize("local", ["2019-03-10 02:30:00.000", "2019-11-03 01:30:00.000"])
def test_a_reading_in_a_gap_or_an_overlap_stays_unknown(local: str) -> None:
    """What a zone never showed, or showed twice, is no instant: nothing is guessed, the text is kept."""
    clocks = read_rows({LOCAL: local, ZONE: NEW_YORK})
    assert describe(clocks) == (None, None, [f"unparsable:{LOCAL}"])
    assert [(left.field, left.rows.tolist(), left.texts.to_pylist()) for left in clocks.unparsed] == [
        (LOCAL, [0], [local])
    ]


def test_utc_tells_which_side_of_an_overlap_a_reading_is_on() -> None:
    """Beside a UTC time, a reading without an offset takes the zone's offset at that instant."""
    first = settle("2019-11-03 05:30:00.000", "2019-11-03 01:30:00.000", NEW_YORK)
    second = settle("2019-11-03 06:30:00", "2019-11-03 01:30:00.250", NEW_YORK)
    assert first == ("2019-11-03 05:30:00.000", -240, [])
    assert second == ("2019-11-03 06:30:00.250", -300, ["milliseconds_recovered"])


def test_a_reading_can_disagree_with_utc_by_its_zone() -> None:
    """A reading without an offset is checked through the zone."""
    read = settle("2019-07-01 14:00:00.000", "2019-07-01 10:00:01.000", NEW_YORK)
    assert read == ("2019-07-01 14:00:00.000", -240, ["local_disagrees"])


@pytest.mark.parametrize("zone", [None, "Mars/Olympus"])
def test_a_reading_without_offset_and_zone_is_kept_as_text(zone: str | None) -> None:
    """With nothing to place it by, a local time is unparsable, beside a UTC time too."""
    for utc in (None, "2019-07-01 14:00:00.000"):
        clocks = read_rows({"event_time": utc, LOCAL: "2019-07-01 10:00:00.000", ZONE: zone})
        at, offset, issues = describe(clocks)
        assert (at is None, offset) == (utc is None, None)
        assert issues == (["zone_unknown"] if zone else []) + [f"unparsable:{LOCAL}"]


def test_the_zone_gives_the_offset_where_no_local_time_came() -> None:
    """UTC and a zone are enough for an offset, and no issue; also beside an unreadable local text."""
    assert settle("2019-07-01 14:00:00.000", None, NEW_YORK) == ("2019-07-01 14:00:00.000", -240, [])
    assert settle("2019-12-01 14:00:00.000", "junk", NEW_YORK) == (
        "2019-12-01 14:00:00.000",
        -300,
        [f"unparsable:{LOCAL}"],
    )


def test_nothing_known_is_no_offset() -> None:
    """Without local time and zone the offset is null, not 0, and so is the local date."""
    clocks = read_rows({"event_time": "2019-07-01 14:00:00.000"})
    assert describe(clocks)[1] is None
    assert clocks.event_date.to_pylist() == [date(2019, 7, 1)]
    assert clocks.event_date_local.to_pylist() == [None]


def test_an_offset_must_be_the_zones_at_that_instant() -> None:
    """Summer's offset in winter is told; the offset stays as the text says it."""
    read = settle("2019-12-31 00:07:14.961", "2019-12-30 20:07:14.961-0400", NEW_YORK)
    assert read == ("2019-12-31 00:07:14.961", -240, ["offset_disagrees_with_zone"])


def test_one_message_can_have_two_offsets() -> None:
    """Times on both sides of a change of the clock each have the offset of their own instant."""
    row = {
        "event_time": "2019-03-10 08:00:00.000",
        LOCAL: "2019-03-10 04:00:00.000-0400",
        "install_time": "2019-03-10 06:00:00.000",
        "install_time_selected_timezone": "2019-03-10 01:00:00.000-0500",
        ZONE: NEW_YORK,
    }
    clocks = read_rows(row)
    assert describe(clocks)[1:] == (-240, [])
    assert describe(clocks, field="install_time")[1] == -300


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "EST5EDT", "Etc/GMT+5", "US/Pacific", "UTC", "asia/tokyo"])
def test_old_zone_names_are_zones(zone: str) -> None:
    """Aliases of the IANA database, `UTC` and other casings give their offsets."""
    known = {"asia/tokyo": "Asia/Tokyo"}.get(zone, zone)
    offset = datetime(2019, 7, 1, tzinfo=UTC).astimezone(load_zone(known)).utcoffset()
    assert offset is not None
    assert settle("2019-07-01 00:00:00.000", None, zone)[1:] == (offset // timedelta(minutes=1), [])


def test_an_unknown_zone_is_told_once() -> None:
    """The whole row has one zone, so its issue stands once and plain; offsets told stay."""
    row = {
        "event_time": "2019-12-31 00:07:14.961",
        LOCAL: "2019-12-31 09:07:14.961+0900",
        "install_time": "2019-12-31 00:07:14.961",
        ZONE: "Mars/Olympus",
    }
    clocks = read_rows(row)
    assert describe(clocks)[1:] == (540, ["zone_unknown"])
    assert describe(clocks, field="install_time")[1] is None


def test_issues_of_other_times_name_their_field() -> None:
    """Only `event_time` has plain issues; each other pair's are followed by its name."""
    row = {
        "event_time": "2019-12-31 00:07:14.961",
        "install_time": "2019-12-31 00:07:14",
        "install_time_selected_timezone": "2019-12-31 09:07:14.961+0900",
        "attributed_touch_time_selected_timezone": "2019-12-31 09:07:14.961+0900",
        "device_download_time": "2019-12-31 00:07:14.961",
        "device_download_time_selected_timezone": "2019-12-31 09:07:15.961+0900",
        "gp_click_time": "soon",
        ZONE: "UTC",
    }
    issues = read_rows(row).clock_issues[0].as_py()
    assert set(issues) == {
        "milliseconds_recovered:install_time",
        "utc_recovered_from_local:attributed_touch_time",
        "local_disagrees:device_download_time",
        *(f"offset_disagrees_with_zone:{field}" for field in LOCAL_FIELDS if field != "event_time"),
        "unparsable:gp_click_time",
    }
    assert issues == sorted(issues, key=ISSUES.index)


@pytest.mark.parametrize("field", [*UTC_FIELDS, *LOCAL_FIELDS.values()])
def test_what_cannot_be_read_is_null_named_and_handed_back(field: str) -> None:
    """Every field's unreadable text stays with the caller, by row."""
    clocks = read_rows({}, {field: "2019-02-30 10:00:00.000"}, {field: None}, {field: "2019-12-31 25:00:00"})
    issue = [f"unparsable:{field}"]
    assert clocks.clock_issues.to_pylist() == [None, issue, None, issue]
    (left,) = clocks.unparsed
    assert (left.field, left.rows.tolist()) == (field, [1, 3])
    assert left.texts.to_pylist() == ["2019-02-30 10:00:00.000", "2019-12-31 25:00:00"]
    assert all(column.null_count == 4 for column in clocks.instants.values())


def test_dates_are_of_utc_and_of_the_zone() -> None:
    """The partition is the day in UTC, the local day is where AppsFlyer's dashboards show it."""
    clocks = read_rows(
        {"event_time": "2019-12-31 23:30:00.000", LOCAL: "2020-01-01 08:30:00.000+0900"},
        {"event_time": "1969-12-31 23:30:00.000", ZONE: "Etc/GMT+5"},
        {},
    )
    assert clocks.event_date.to_pylist() == [date(2019, 12, 31), date(1969, 12, 31), None]
    assert clocks.event_date_local.to_pylist() == [date(2020, 1, 1), date(1969, 12, 31), None]


def test_a_local_day_beyond_the_calendar_is_null() -> None:
    """The last evening of 9999 is tomorrow in Tokyo, which no reader's date can hold."""
    clocks = read_rows({"event_time": "9999-12-31 20:00:00.000", ZONE: "Asia/Tokyo"})
    assert describe(clocks)[:2] == ("9999-12-31 20:00:00.000", 540)
    assert clocks.event_date_local.to_pylist() == [None]


def test_an_offset_of_odd_seconds_is_none_of_minutes() -> None:
    """Before standard time a zone was off by seconds: minutes cannot say it, and a text may round it."""
    assert settle("1850-01-01 00:00:00.000", None, NEW_YORK)[1:] == (None, [])
    assert settle("1850-01-01 00:00:00.000", "1849-12-31 19:04:00.000-0456", NEW_YORK)[1:] == (-296, [])


def test_columns_have_their_types() -> None:
    """Every time has its columns, of the types of the table, also when no message has any."""
    for rows in (0, 3):
        clocks = read_clocks({}, rows)
        assert {column.type for column in clocks.instants.values()} == {pa.timestamp("us", "UTC")}
        assert tuple(clocks.instants) == UTC_FIELDS
        assert sorted(clocks.offsets) == [
            "attributed_touch_utc_offset_minutes",
            "device_download_utc_offset_minutes",
            "event_utc_offset_minutes",
            "install_utc_offset_minutes",
        ]
        assert {column.type for column in clocks.offsets.values()} == {pa.int16()}
        assert clocks.clock_issues.type == pa.list_(pa.string())
        assert (clocks.event_date.type, clocks.event_date_local.type) == (pa.date32(), pa.date32())
        assert len(clocks.event_date) == len(clocks.is_second_precision) == rows
