from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from etl.liftoff.identifiers import make_user_hasher
from etl.liftoff.policy import Mode, UserId
from etl.liftoff.postbacks import map_events
from tests.liftoff.event_rows import (
    ANDROID,
    EVENT_MS,
    GAID,
    IDFA,
    IDFV,
    IPHONE,
    KEY,
    POLICY,
    Row,
    make_rows,
    map_row,
)

ZEROS = "00000000-0000-0000-0000-000000000000"


def test_an_android_event_says_what_liftoff_asks_for() -> None:
    """Every parameter has the form that the page asks for, and nothing else is there."""
    assert map_row(
        {**ANDROID, "is_first_event": True, "user_agent": "Dalvik/1.6.0", "app_version": "1.2"}
    ) == {
        "liftoff_app_id": "4f2a",
        "client_ip": "203.0.113.7",
        "event_name": "purchase",
        "event_timestamp": EVENT_MS,
        "language": "en",
        "device_model": "SH-220",
        "platform": "android",
        "user_id": make_user_hasher(KEY, "com.acme.shop")(str(ANDROID["appsflyer_id"])),
        "device_id": GAID,
        "user_agent": "Dalvik/1.6.0",
        "app_version": "1.2",
        "bundle_id": "com.acme.shop",
        "os_version": "13",
        "revenue": "12.5",
        "currency_code": "EUR",
        "is_first_event": "true",
        "install_timestamp": "1773100800000",
    }


def test_an_iphone_has_its_own_ids() -> None:
    """IDFA and IDFV are told in capitals, and no id of Android's."""
    told = map_row({**IPHONE, "idfa": IDFA.lower(), "idfv": IDFV.lower(), "advertising_id": GAID})
    assert (told["device_id"], told["idfv"], told["platform"]) == (IDFA, IDFV, "ios")


def test_android_has_its_own_ids() -> None:
    """The GAID is told in lower case, and no id of Apple's."""
    told = map_row({**ANDROID, "advertising_id": GAID.upper(), "idfa": IDFA, "idfv": IDFV})
    assert (told["device_id"], told.get("idfv")) == (GAID, None)


@pytest.mark.parametrize("identifier", [ZEROS, "0", "", "null", "123456789", None])
@pytest.mark.parametrize(("row", "field"), [(ANDROID, "advertising_id"), (IPHONE, "idfa"), (IPHONE, "idfv")])
def test_zeros_and_what_is_no_id_are_dropped(row: Row, field: str, identifier: str | None) -> None:
    """A withheld id is `0` or zeros; all who have it would look like one."""
    told = map_row({**row, field: identifier})
    assert "idfv" not in told if field == "idfv" else "device_id" not in told


@pytest.mark.parametrize(
    ("platform", "name"), [("iOS", "ios"), ("Android", "android"), ("windows mobile", None), (None, None)]
)
def test_platforms_are_spelled_as_liftoff_does(platform: str | None, name: str | None) -> None:
    """Liftoff knows two platforms."""
    assert map_row({**ANDROID, "platform": platform}).get("platform") == name


@pytest.mark.parametrize(
    ("kind", "fields", "user_id"),
    [
        (UserId.APPSFLYER_ID, {}, ANDROID["appsflyer_id"]),
        (UserId.APPSFLYER_ID, {"appsflyer_id": GAID}, None),
        (UserId.CUSTOMER_USER_ID, {"customer_user_id": " user-7 "}, "user-7"),
        (UserId.CUSTOMER_USER_ID, {"customer_user_id": "ann@example.com"}, None),
        (UserId.CUSTOMER_USER_ID, {"customer_user_id": "+49 30 1234567"}, None),
        (UserId.CUSTOMER_USER_ID, {"customer_user_id": IDFA}, None),
        (UserId.CUSTOMER_USER_ID, {}, None),
        (UserId.HASHED, {"appsflyer_id": "0"}, None),
        (UserId.HASHED, {"appsflyer_id": None, "customer_user_id": "user-7"}, None),
    ],
)
def test_the_user_id_is_what_was_configured_and_no_other(
    kind: UserId, fields: Row, user_id: str | None
) -> None:
    """No id stands in for another, and none that would name the person in other apps is told."""
    assert map_row({**ANDROID, **fields}, replace(POLICY, user_id=kind)).get("user_id") == user_id


def test_test_mode_counts_by_presence() -> None:
    """It is 1 in test and absent in production, never 0."""
    assert map_row(ANDROID, replace(POLICY, mode=Mode.TEST))["test_mode"] == "1"
    assert "test_mode" not in map_row(ANDROID)


@pytest.mark.parametrize(("flag", "text"), [(True, "true"), (False, "false"), (None, None)])
def test_the_first_event_is_told_where_it_is_known(flag: bool | None, text: str | None) -> None:  # noqa: FBT001
    """What history cannot tell is left out."""
    assert map_row({**ANDROID, "is_first_event": flag}).get("is_first_event") == text


@pytest.mark.parametrize(
    "install", [None, datetime(1970, 1, 2, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)]
)
def test_an_install_without_13_digits_is_left_out(install: datetime | None) -> None:
    """Liftoff wants milliseconds since the epoch; a clock that was never set says nothing."""
    assert "install_timestamp" not in map_row({**ANDROID, "install_time": install})


@pytest.mark.parametrize(
    ("fields", "configured", "bundle"),
    [
        ({}, "com.acme.ios", "com.acme.ios"),
        ({"bundle_id": "com.acme.other"}, "com.acme.ios", "com.acme.ios"),
        ({"bundle_id": "com.acme.other"}, None, "com.acme.other"),
        ({}, None, "com.acme.shop"),
        ({"app_id": "com.acme.shop-huawei"}, None, None),
        ({"app_id": "id123", "platform": "ios"}, None, None),
    ],
)
def test_the_bundle_is_the_configured_one_first(
    fields: Row, configured: str | None, bundle: str | None
) -> None:
    """An iOS app's id at AppsFlyer is its number in the store, which is no bundle."""
    assert map_row({**ANDROID, **fields}, replace(POLICY, bundle_id=configured)).get("bundle_id") == bundle


def test_columns_that_an_endpoint_did_not_select_are_nulls() -> None:
    """A table may have any of the columns of `events`, in any of Arrow's forms for text."""
    rows = pa.table(
        {
            "event_name": pa.array(["af_purchase"]).dictionary_encode(),
            "topic": pa.array(["install_in_app_event"], pa.large_string()),
            "language": pa.chunked_array([pa.array(["English"])]),
        }
    )
    mapped = map_events(rows, POLICY, KEY)
    told = {name: value for name, value in mapped.parameters.to_pylist()[0].items() if value is not None}
    assert told == {"liftoff_app_id": "4f2a", "event_name": "purchase", "language": "en"}


def test_no_rows_are_mapped_to_none() -> None:
    """An empty batch is a batch."""
    assert len(map_events(make_rows(), POLICY, KEY)) == 0


@pytest.mark.parametrize(
    ("macro", "field", "value", "text"),
    [
        ("media_source", "media_source", "vungle_int", "vungle_int"),
        ("wifi", "wifi", True, "true"),
        ("install_unix_ts", "install_time", datetime(2026, 3, 10, tzinfo=UTC), "1773100800"),
        ("event_revenue_usd", "event_revenue_usd", ANDROID["event_revenue"], "12.5"),
        (
            "attributed_touch_time",
            "attributed_touch_time",
            datetime(2026, 3, 9, 1, tzinfo=UTC),
            "2026-03-09 01:00:00.000",
        ),
    ],
)
def test_fields_that_the_template_asks_for_stand_beside(
    macro: str, field: str, value: object, text: str
) -> None:
    """Each is written as AppsFlyer writes it."""
    template = f"{POLICY.template}?x=({macro})"
    assert (
        map_row({**ANDROID, field: value}, replace(POLICY, template=template))[f"appsflyer:{macro}"] == text
    )
