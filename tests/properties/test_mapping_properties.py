"""Mapping by columns against a plain reading of the vendors' pages, row by row."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.liftoff.gates import judge_attempt, judge_events
from etl.liftoff.payloads import decode_parameters, encode_parameters
from etl.liftoff.policy import Mode, UserId
from etl.liftoff.postbacks import map_events
from etl.liftoff.templates import parse_template
from tests.liftoff.event_rows import KEY, NOW, NOW_MS, POLICY, make_rows

Row = dict[str, Any]

# Each text with what Liftoff is told of it.
LANGUAGES = {
    None: None,
    "English": "en",
    "en-US": "en",
    "русский": "ru",
    "Indonesia": "id",
    "&x=1": None,
    "xx": None,
}
ADDRESSES = {
    None: None,
    "20.1.2.3": "20.1.2.3",
    "10.0.0.1": None,
    "2A02::1": "2a02::1",
    "1.2.3": None,
    "": None,
    "20.1.2.3, 2a02::1": "2a02::1",
    "::ffff:20.1.2.3": "20.1.2.3",
    "20.1.2.3#": None,
}
CURRENCIES = {None: None, "USD": "USD", "eur": "EUR", "XXX": None, "Dollar": None}
MODELS = {
    None: None,
    "iPhone12,5": "iPhone12,5",
    "Samsung::SH-220": "SH-220",
    "A::": None,
    " ": None,
    "B::m&n=1": "m&n=1",
    "iPhone 5s": "iPhone 5s",
}
GAID = "9173fe74-0578-4658-a461-ebb0b4fce6d6"
ZEROS = "00000000-0000-0000-0000-000000000000"
IDS = st.sampled_from([None, "", "0", ZEROS, GAID, GAID.upper(), f" {GAID}", "123456789", "null"])
USERS = st.sampled_from(
    [None, "0", "17-4", "user&x=1", "ann@example.com", "+49 30 1234567", GAID, "guest", "ü "]
)
FREE = st.one_of(
    st.none(), st.text(max_size=8), st.sampled_from(["a\r\nb", '","test_mode":"1', "&test_mode=1", " "])
)
MONEY = st.sampled_from([None, *map(Decimal, ("0", "12.50", "-3", "0.0000000001", "1000000000000", "0.10"))])
BOOLEANS = st.sampled_from([None, True, False])
TIMES = st.one_of(
    st.none(),
    st.timedeltas(timedelta(days=-120), timedelta(hours=2)).map(lambda delta: NOW + delta),
    st.sampled_from([datetime(1970, 1, 1, tzinfo=UTC), datetime(1960, 1, 1, 0, 0, 0, 1, tzinfo=UTC)]),
)
ROWS = st.fixed_dictionaries(
    {
        "app_id": st.sampled_from(["com.acme.shop", "com.acme.shop-huawei", "id123", None]),
        "topic": st.sampled_from([None, "install", "install_in_app_event", "reinstall", "re_engagement"]),
        "event_name": st.sampled_from([None, "install", "af_purchase", "AF_purchase", "reinstall", "a&b=c"]),
        "event_time": TIMES,
        "install_time": TIMES,
        "platform": st.sampled_from([None, "iOS", "ios", "android", " Android ", "windows"]),
        "os_version": st.sampled_from([None, "13.7", "14", "iOS 17.4", "x"]),
        "ip": st.sampled_from(list(ADDRESSES)),
        "language": st.sampled_from(list(LANGUAGES)),
        "device_type": st.sampled_from(list(MODELS)),
        "device_model": st.sampled_from([None, "iPhone12,1", "Galaxy"]),
        "bundle_id": FREE,
        "user_agent": FREE,
        "app_version": FREE,
        "appsflyer_id": USERS,
        "customer_user_id": USERS,
        "advertising_id": IDS,
        "idfa": IDS,
        "idfv": IDS,
        "event_revenue": MONEY,
        "event_revenue_currency": st.sampled_from(list(CURRENCIES)),
        "revenue_in_selected_currency": MONEY,
        "selected_currency": st.sampled_from(list(CURRENCIES)),
        "is_lat": BOOLEANS,
        "att": st.sampled_from([None, "authorized", "denied", "?"]),
        "ad_personalization_enabled": BOOLEANS,
        "is_first_event": BOOLEANS,
    }
)
POLICIES = st.builds(
    lambda mode, user_id, bundle_id: replace(
        POLICY,
        mode=mode,
        user_id=user_id,
        bundle_id=bundle_id,
        events={"af_purchase": "purchase", "re_engagement": "return", "a&b=c": "odd & name"},
    ),
    st.sampled_from(Mode),
    st.sampled_from(UserId),
    st.sampled_from([None, "com.acme"]),
)


def trim(text: str | None) -> str | None:
    """Give a text without what stands around it; None where nothing is left."""
    return (text or "").strip() or None


def expect_name(row: Row) -> str | None:
    """Name the event: conversions by topic, others by their name."""
    match row["topic"], row["event_name"]:
        case "install", _:
            return "install"
        case "re_engagement", _:
            return "return"
        case "install_in_app_event", "af_purchase":
            return "purchase"
        case "install_in_app_event", "a&b=c":
            return "odd & name"
    return None


def expect_device_id(text: str | None, spell: Callable[[str], str]) -> str | None:
    """Give the one real id of those that are generated."""
    return spell(GAID) if (trim(text) or "").lower() == GAID else None


def expect_ids(row: Row, platform: str | None) -> dict[str, str | None]:
    """Tell the ids of the platform, the advertising id only of who did not withhold it."""
    if platform == "ios":
        version = {"13.7": 13, "14": 14, "iOS 17.4": 17}.get(row["os_version"])
        refuses_att = row["att"] in {"denied", "?"} and version != 13
        withholds = refuses_att or (row["is_lat"] is True and version in {13, None})
        told, idfv = expect_device_id(row["idfa"], str.upper), expect_device_id(row["idfv"], str.upper)
        idfv = None if idfv == told else idfv
    else:
        withholds, idfv = row["is_lat"] is True, None
        told = expect_device_id(row["advertising_id"], str.lower) if platform == "android" else None
    is_withheld = withholds or row["ad_personalization_enabled"] is False
    return {"device_id": None if is_withheld else told, "idfv": idfv}


def expect_user_id(row: Row, kind: UserId) -> str | None:
    """Tell the configured id; of those that are generated, these name a user of this app alone."""
    if kind is UserId.HASHED:
        text = trim(row["appsflyer_id"])
        message = f"{POLICY.app_id}\x1f{text}".encode()
        is_somebody = text not in {None, "0", "guest"}
        return hmac.new(KEY, message, hashlib.sha256).hexdigest()[:32] if is_somebody else None
    text = trim(row[kind.value])
    return text if text in {"17-4", "user&x=1", "ü"} else None


def expect_revenue(row: Row) -> tuple[str | None, str | None]:
    """Tell the app's own amount, else that in the selected currency, unless the first is zero."""
    pairs = [
        (row["event_revenue"], CURRENCIES[row["event_revenue_currency"]]),
        (row["revenue_in_selected_currency"], CURRENCIES[row["selected_currency"]]),
    ]
    for amount, currency in pairs:
        if amount and currency:
            text = f"{amount:f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text), currency
        if amount is not None and not amount:
            break
    return None, None


def expect_model(row: Row) -> str | None:
    """Tell the machine rather than a name in shops."""
    model = MODELS[row["device_type"]]
    is_machine = model == "iPhone12,5"
    return (
        "iPhone12,1"
        if row["device_model"] == "iPhone12,1" and not is_machine
        else model or row["device_model"]
    )


def expect_bundle(row: Row, configured: str | None, platform: str | None) -> str | None:
    """Tell the configured bundle, else the row's, else Android's package."""
    is_package = platform == "android" and row["app_id"] == "com.acme.shop"
    return configured or trim(row["bundle_id"]) or (row["app_id"] if is_package else None)


def count_ms(instant: datetime | None) -> str | None:
    """Count whole milliseconds since the epoch."""
    return (
        None
        if instant is None
        else str((instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
    )


def expect(row: Row, policy: Any) -> dict[str, str]:  # noqa: ANN401 - any policy that is generated
    """Say what Liftoff is told of a row, in whatever order."""
    platform = {"ios": "ios", "android": "android"}.get((trim(row["platform"]) or "").lower())
    revenue, currency = expect_revenue(row)
    install = count_ms(row["install_time"])
    told = {
        "liftoff_app_id": "4f2a",
        "client_ip": ADDRESSES[row["ip"]],
        "event_name": expect_name(row),
        "event_timestamp": count_ms(row["event_time"]),
        "language": LANGUAGES[row["language"]],
        "device_model": expect_model(row),
        "platform": platform,
        "user_id": expect_user_id(row, policy.user_id),
        **expect_ids(row, platform),
        "user_agent": trim(row["user_agent"]),
        "app_version": trim(row["app_version"]),
        "os_version": row["os_version"],
        "bundle_id": expect_bundle(row, policy.bundle_id, platform),
        "revenue": revenue,
        "currency_code": currency,
        "is_first_event": None if row["is_first_event"] is None else str(row["is_first_event"]).lower(),
        "install_timestamp": install if install and len(install) == 13 and install.isdigit() else None,
        "test_mode": "1" if policy.mode == "test" else None,
    }
    return {name: value for name, value in told.items() if value is not None}


@settings(max_examples=100, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=8), POLICIES)
def test_columns_say_what_rows_say(rows: list[Row], policy: Any) -> None:  # noqa: ANN401 - as above
    """Mapped, encoded, decoded, filled into the URL and read from it, a row says what it says alone."""
    texts = encode_parameters(map_events(make_rows(*rows), policy, KEY)).to_pylist()
    expected = [expect(row, policy) for row in rows]
    assert [decode_parameters(text) for text in texts] == expected
    urls = [parse_template(policy.template).fill(decode_parameters(text)) for text in texts]
    assert [dict(parse_qsl(urlsplit(url).query, strict_parsing=True)) for url in urls] == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=8), POLICIES)
def test_nothing_passes_the_plan_that_an_attempt_refuses(rows: list[Row], policy: Any) -> None:  # noqa: ANN401 - as above
    """Of gates that both ask, plan and attempt say the same."""
    sound = [{**row, "app_id": policy.app_id} for row in rows]
    table = make_rows(*sound)
    mapped = map_events(table, policy, KEY)
    codes = judge_events(table, mapped, policy, NOW_MS).to_pylist()
    attempts = [
        judge_attempt(decode_parameters(text), policy, NOW_MS)
        for text in encode_parameters(mapped).to_pylist()
    ]
    assert attempts == codes
