import json

import pytest

from etl.appsflyer.fields import FIELDS, personal_fields
from etl.appsflyer.masking import mask_ids, mask_raw, mask_row, mask_value

SECRET = "Zq8xSecret"
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


@pytest.mark.parametrize("name", [field.name for field in FIELDS if not field.is_personal])
def test_other_fields_are_shown(name: str) -> None:
    """What says nothing of a person helps to understand."""
    assert mask_value(name, "plain value") == "plain value"
    assert '"plain value"' in mask_raw(json.dumps({name: "plain value"}).encode())


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
    for raw in (b"a" * 1_000_000, b'"x":[1' * 100_000, b"'" * 100_000, b"1." * 300_000, b"ab:" * 300_000):
        mask_raw(raw)
