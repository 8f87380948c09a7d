"""Fields whose types, spellings or numbers drift: every value lands in its column or is kept as text."""

from decimal import Decimal
from urllib.parse import quote

import pytest

from etl.appsflyer.normalize import TEST_APP_ID, TEST_APPSFLYER_ID
from tests.survival.landing import Lake, as_line, message, raw_of

TWENTY_DIGITS = "12345678901234567890"
UUID = "6b3c8a0e-5f3d-4c1b-9e0a-2f7d1c4b5a69"


def as_query(**changes: object) -> bytes:
    """Make a line of an access log of a GET message."""
    pairs = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in message(**changes).items())
    return f'1.2.3.4 - - [01/Sep/2026] "GET /push?{pairs} HTTP/1.1" 200 2\n'.encode()


def splice(line: bytes, members: str) -> bytes:
    """Add members to a line of JSON as they are written."""
    return line.rstrip(b"}\n") + b", " + members.encode() + b"}\n"


def each(name: str, values: list[object]) -> bytes:
    """Make a line for every value of a field."""
    return b"".join(
        as_line(event_name=f"{name}{place}", **{name: value}) for place, value in enumerate(values)
    )


FILES = {
    "wifi.json": each("wifi", [True, "true", 1, None, "false", 0, "", "maybe"]),
    "values.json": b"".join(
        [
            as_line(event_name="v0", event_value='{"b": 1.10, "a": "x"}'),
            as_line(event_name="v1", event_value={"b": 2, "a": "x"}),
            as_line(event_name="v2", event_value=5),
            as_line(event_name="v3", event_value='{"b": 1, "a'),
            as_line(event_name="v4", event_value=[1, {"a": 2}]),
            splice(
                as_line(event_name="v5"), '"event_value": {"price": 1.10, "order": 123456789012345678901}'
            ),
            as_line(event_name="v6", event_value="{af_price=5, list=[a, b]}"),
        ]
    ),
    "unknown.json": as_line(event_name="known")
    + as_line(**{f"new_field_{number}": f"v{number}" for number in range(500)})
    + as_line(event_name="behind", new_field_7=7),
    "numbers.json": splice(
        as_line(event_name="numbers"),
        f'"event_revenue": 1.10, "af_cost_value" : 1e5, "customer_user_id":{TWENTY_DIGITS},'
        ' "unknown":  1.500, "af_sub1": -0, "af_sub2":\t2.50',
    ),
    "nineteen.json": splice(as_line(event_name="nineteen"), '"event_revenue": 0.1234567890123456789')
    + as_line(event_name="nineteen_text", event_revenue="0.1234567890123456789"),
    "missing.json": b"".join(
        as_line(event_name="present", app_id="id1", **{name: ...})
        if name not in {"app_id", "event_name"}
        else as_line(**{name: ...})
        for name in ("app_id", "event_name", "event_time")
    ),
    "plus.log": as_query(
        event_name="plus", event_time_selected_timezone="2026-09-01 18:00:00.123+0800"
    ).replace(b"%2B0800", b"+0800"),
    "once.log": as_query(event_name="once", event_time_selected_timezone="2026-09-01 18:00:00.123+0800"),
    "names.json": splice(
        as_line(event_name="names"),
        '"Media-Source": "x_int", "revenue_in_selected_ currency": "5", "CITY": "Oslo"',
    ),
    "embedded.json": as_line(
        event_name="embedded", advertising_id=UUID.upper(), original_url=f"https://a.b/?advertiserId={UUID}"
    )
    + as_line(event_name="embedded2", original_url=f"https://a.b/?advertiserId={UUID}&x=1")
    + as_line(event_name="embedded3", unheard_of=f"device {UUID}"),
    "test_post.json": as_line(app_id=TEST_APP_ID, event_name="install", event_time="2019-12-31 23:59:00.000"),
    "test_get.log": as_query(
        event_name="install", appsflyer_id=TEST_APPSFLYER_ID, event_time="2019-12-31 23:59:00.000"
    ),
    "absent.json": as_line(event_name="absent", campaign=None)
    + as_line(event_name="absent", campaign="")
    + as_line(event_name="absent"),
    "names\n.json": as_line(event_name="line\nbreak", app_id="id1"),
}


def names_of(lake: Lake, key: str) -> list[str]:
    """Give the names of an object's events."""
    return [row["event_name"] for row in lake.events_of(key)]


def test_a_boolean_is_read_however_it_is_written(lake: Lake) -> None:
    """True, "true" and 1 are true, null and "" are null, and what is no boolean is kept as text."""
    rows = lake.events_of("wifi.json")
    assert [row["wifi"] for row in rows] == [True, True, True, None, False, False, None, None]
    assert rows[-1]["quality_flags"] == ["unparsable:wifi"]
    assert rows[-1]["extra"] == {"wifi": "maybe"}


def test_an_event_value_is_kept_as_it_is_written(lake: Lake) -> None:
    """Text, object, number, list, broken JSON and other languages' maps are all text, digit by digit."""
    assert [row["event_value"] for row in lake.events_of("values.json")] == [
        '{"b": 1.10, "a": "x"}',
        '{"b": 2, "a": "x"}',
        "5",
        '{"b": 1, "a',
        '[1, {"a": 2}]',
        '{"price": 1.10, "order": 123456789012345678901}',
        "{af_price=5, list=[a, b]}",
    ]


def test_five_hundred_unknown_fields_are_all_kept(lake: Lake) -> None:
    """Fields that nobody has heard of lie in `extra`, in every row that has one."""
    rows = lake.events_of("unknown.json")
    assert rows[0]["extra"] is None
    assert rows[1]["extra"] == {f"new_field_{number}": f"v{number}" for number in range(500)}
    assert rows[2]["extra"] == {"new_field_7": "7"}


def test_numbers_keep_the_text_that_they_came_with(lake: Lake) -> None:
    """1.10 is not 1.1, and an id of 20 digits is no double."""
    row = lake.event_of("numbers.json")
    assert (row["event_revenue"], row["af_cost_value"]) == (Decimal("1.10"), Decimal(100000))
    assert (row["customer_user_id"], row["af_sub1"], row["af_sub2"]) == (TWENTY_DIGITS, "-0", "2.50")
    assert row["extra"] == {"unknown": "1.500"}


def test_nineteen_decimals_are_rounded_and_kept(lake: Lake) -> None:
    """An amount finer than its column is rounded, flagged, and kept as text. It has no currency either."""
    for row in lake.events_of("nineteen.json"):
        assert row["event_revenue"] == Decimal("0.1234567890")
        assert row["quality_flags"] == ["money_rounded", "revenue_without_currency"]
        assert row["extra"] == {"event_revenue": "0.1234567890123456789"}


def test_a_message_without_a_mandatory_field_is_set_aside(lake: Lake) -> None:
    """Without app, name or time there is no event; bytes and fields are kept, the reason names the field."""
    kept = lake.quarantine_of("missing.json")
    assert [(row["reason"], row["field"]) for row in kept] == [
        ("missing_app_id", "app_id"),
        ("missing_event_name", "event_name"),
        ("missing_event_time", "event_time"),
    ]
    assert b"".join(raw_of(row) + b"\n" for row in kept) == FILES["missing.json"]
    assert kept[1]["message"]["event_time"] == "2026-09-01 10:00:00.123"


@pytest.mark.parametrize("key", ["plus.log", "once.log"])
def test_a_plus_that_was_decoded_twice_is_still_an_offset(lake: Lake, key: str) -> None:
    """`+0800` that lost its plus to a second decoding is read as the offset that it was."""
    row = lake.event_of(key)
    assert (row["event_utc_offset_minutes"], row["clock_issues"]) == (480, None)


def test_names_are_forgiven_their_spelling(lake: Lake) -> None:
    """Casing, hyphens and stray spaces in a field's name do not make it another field."""
    row = lake.event_of("names.json")
    assert (row["city"], row["revenue_in_selected_currency"]) == ("Oslo", Decimal(5))
    assert (row["media_source"], row["extra"]) == ("network_int", {"Media-Source": "x_int"})


def test_ids_inside_other_fields_are_found(lake: Lake) -> None:
    """A device id in a URL or an unknown field is listed, unless the row's own column has it."""
    assert [row["embedded_ids"] for row in lake.events_of("embedded.json")] == [None, [UUID], [UUID]]


@pytest.mark.parametrize("key", ["test_post.json", "test_get.log"])
def test_the_vendors_test_message_is_told(lake: Lake, key: str) -> None:
    """What "Send Test" delivers is recognised in either form; nothing else is."""
    assert lake.event_of(key)["is_test_message"] is True
    assert lake.event_of("numbers.json")["is_test_message"] is False


def test_absent_null_and_empty_are_one(lake: Lake) -> None:
    """Three copies that differ in how they say nothing are one event."""
    load = lake.load_of("absent.json")
    assert (load["published"], load["duplicates"]) == (1, 2)
    assert lake.event_of("absent.json")["campaign"] is None


def test_a_key_and_a_name_may_hold_line_breaks(lake: Lake) -> None:
    """Odd characters in an object's key or an event's name change nothing."""
    assert names_of(lake, "names\n.json") == ["line\nbreak"]


@pytest.mark.parametrize("key", FILES)
def test_every_message_is_accounted_for(lake: Lake, key: str) -> None:
    """Messages = published + duplicates + quarantined, and the tables hold what the load says."""
    load = lake.load_of(key)
    assert load["messages"] == load["published"] + load["duplicates"] + load["quarantined"]
    assert load["published"] == len(lake.events_of(key))
    assert load["quarantined"] == len(lake.quarantine_of(key))
