import json

import pytest

from etl.appsflyer.fields import FIELDS, Field, Kind, personal_fields
from etl.appsflyer.masking import mask_ids, mask_raw, mask_row, mask_value

SECRET = "Zq8xSecret"
SAMPLES = {
    Kind.TEXT: "plain value",
    Kind.BOOLEAN: "true",
    Kind.MONEY: "-12.5",
    Kind.UTC_TIME: "2026-01-15 12:00:00.123",
    Kind.LOCAL_TIME: "2026-01-15 20:00:00.123+08:00",
}
IDS = [
    "38400000-8cf0-11bd-b23e-10b96e40000d",
    "38400000%2D8cf0%2D11bd%2Db23e%2D10b96e40000d",
    "1735732800123-1234567890123456789",
    "9774d56d682e549c",
    "d41d8cd98f00b204e9800998ecf8427e",
    "355402092374478",
    "someone@example.org",
    "someone%40example.org",
    "198.51.100.15",
    "2001:db8:4:4eb5::4457",
]


@pytest.mark.parametrize("name", [field.name for field in personal_fields()])
def test_a_personal_field_is_masked_in_every_packing(name: str) -> None:
    """As a column, as a JSON member and as a pair of a query; only its length is told."""
    assert mask_value(name, SECRET) == "<masked:10>"
    assert mask_row({name: SECRET}) == {name: "<masked:10>"}
    assert SECRET not in mask_raw(json.dumps({name: SECRET, "app_id": "id1"}).encode())
    assert SECRET not in mask_raw(f"GET /push?app_id=id1&{name}={SECRET}&x=1 HTTP/1.1".encode())


@pytest.mark.parametrize("field", [field for field in FIELDS if not field.is_personal], ids=lambda f: f.name)
def test_other_fields_are_shown(field: Field) -> None:
    """What says nothing of a person helps to understand."""
    value = SAMPLES[field.kind]
    assert mask_value(field.name, value) == value
    assert f'"{value}"' in mask_raw(json.dumps({field.name: value}).encode())


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.kind is not Kind.TEXT], ids=lambda f: f.name
)
def test_what_is_no_value_of_a_typed_field_is_masked(field: Field) -> None:
    """Columns get shifted, and an account's name in `wifi` is a person's all the same."""
    assert mask_value(field.name, SECRET) == "<masked:10>"
    assert mask_row({"extra": {field.name: SECRET}}) == {"extra": {field.name: "<masked:10>"}}
    assert SECRET not in mask_raw(json.dumps({field.name: SECRET}).encode())
    assert mask_row({field.name: SECRET}) == {field.name: "<masked:10>"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("event_time", "2026-02-30T25:00:61.123Z"),
        ("event_time_selected_timezone", "2026-01-15%2012%3A00%3A00.123%2B0800"),
        ("event_revenue", "1,234.56e+3"),
        ("wifi", "TRUE"),
        ("wifi", "null"),
    ],
)
def test_a_value_that_is_nearly_one_is_shown(name: str, text: str) -> None:
    """It is what somebody has to see who asks why it could not be read."""
    assert mask_value(name, text) == text


def test_a_field_that_nobody_knows_is_masked() -> None:
    """It may be personal: numbers too, but not what is true, false or null."""
    shown = mask_raw(b'{"brand_new": "x1", "counter": 17, "flag": true, "none": null}')

    assert shown == '{"brand_new": "<masked:2>", "counter": <masked:2>, "flag": true, "none": null}'
    assert mask_row({"extra": {"brand_new": "x1"}}) == {"extra": {"brand_new": "<masked:2>"}}


@pytest.mark.parametrize("text", IDS)
def test_what_is_shaped_like_an_id_is_masked_anywhere(text: str) -> None:
    """In a field that is not personal, and in text that is no message."""
    assert text not in mask_value("campaign", f"camp {text}")
    assert text not in mask_raw(f"<html>gone: {text}</html>".encode())
    assert text not in mask_raw(json.dumps({"event_name": f"buy {text}"}).encode())


def test_times_and_versions_are_no_ids() -> None:
    """A clock has colons as an IPv6 address has, and stays."""
    text = "2026-09-01 10:20:30.123 v6.14.0 +00:00"
    assert mask_ids(text) == text


def test_an_event_value_is_masked_whole() -> None:
    """As text, as an object with whatever brackets in its strings, and as a list."""
    nested = b'{"event_value": {"a": ["x", "}"], "b": {"c": 1}}, "custom_data": ["u1"], "event_name": "buy"}'

    shown = mask_raw(nested)

    assert shown == '{"event_value": <masked:32>, "custom_data": <masked:6>, "event_name": "buy"}'


def test_an_envelope_is_opened() -> None:
    """Objects under unknown names are looked into; lists of plain values under them are not shown."""
    shown = mask_raw(b'{"body": {"app_id": "id1", "customer_user_id": 55}, "ids": ["u1", "u2"]}')

    assert shown == '{"body": {"app_id": "id1", "customer_user_id": <masked:2>}, "ids": <masked:12>}'


@pytest.mark.parametrize(
    "raw",
    [
        b'{"app_id":"id1","customer_user_id":"Zq8xSecret',
        b'{"app_id":"id1","event_value":{"a":"Zq8xSecret',
        b'Zq8xSecret","city":"x","app_id":"id1"}',
        b"{'app_id': 'id1', 'customer_user_id': 'Zq8xSecret'}",
        rb"message={\"app_id\":\"id1\",\"customer_user_id\":\"Zq8xSecret\"}",
        rb'{"message":"{\"app_id\":\"id1\",\"customer_user_id\":\"Zq8xSecret\"}"}',
        b'{"customer\\u005fuser_id":"Zq8xSecret"}',
        b'\xff\xfe{"customer_user_id":"Zq8xSecret"}',
        b"customer_user_id=Zq8xSecret",
        b'1.2.3.4 - - "GET /?app_id=id1&Customer-User-Id=Zq8xSecret HTTP/1.1" 200',
        b"app_id=id1&partner_click=Zq8xSecret",
        b"{customer_user_id=Zq8xSecret, app_id=id1}",
        b"customer_user_id: Zq8xSecret\tapp_id: id1",
        b"Customer User ID => Zq8xSecret",
        b'["id1", "Zq8xSecret", "https://x.example/?a=Zq8xSecret"]',
        b'"id1","Zq8xSecret","{\\"a\\": 1}"',
        b'"Zq8xSecret"',
    ],
)
def test_broken_messages_are_masked_too(raw: bytes) -> None:
    """Cut at either end, in other or nested quotes, of invalid bytes, or under names of a partner."""
    assert SECRET not in mask_raw(raw)


def test_what_was_computed_stays() -> None:
    """Event ids have the shape of device ids, and are none; null stays null."""
    row = {
        "event_id": "d41d8cd98f00b204e9800998ecf8427e",
        "idfa": None,
        "embedded_ids": ["abc"],
        "event_date": 1,
    }

    assert mask_row(row) == {**row, "embedded_ids": ["<masked:3>"]}


def test_long_texts_are_masked_in_no_time() -> None:
    """The expressions do not go back over what they have read: a quadratic one would run for hours."""
    for raw in (
        b"a" * 1_000_000,
        b'"x":[1' * 100_000,
        b"'" * 100_000,
        b"1." * 300_000,
        b"ab:" * 300_000,
        b',"a' * 300_000,
        b"ip: " * 300_000,
    ):
        mask_raw(raw)
