"""Every rule of postbacks, over a real connection."""

import json
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection

import pytest
import requests

from etl.liftoff.sandbox.postback_rules import IDENTIFIERS, KNOWN, REQUIRED
from etl.liftoff.sandbox.process import SandboxProcess
from etl.liftoff.sandbox.rules import UNNAMED
from tests.liftoff.sandbox.asking import (
    ANDROID,
    BEARER,
    GAID,
    IDFA,
    POSTBACK,
    ZEROS,
    rules_of,
    send,
    send_query,
)

SOUND: Mapping[str, Mapping[str, object]] = {
    "everything": {},
    "android": ANDROID,
    "ipv4": {"client_ip": "203.0.113.9"},
    "one identifier": {"user_id": None, "idfv": None},
    "user_id alone": {"device_id": None, "idfv": None},
    "required alone": dict.fromkeys(KNOWN - set(REQUIRED) - {"idfv"}),
    "test mode": {"test_mode": "1"},
    "umlauts and signs": {"user_agent": "Ärger & Söhne/1.0 (+50%;=?)", "device_model": "小米::M2"},
    "not the first": {"is_first_event": "false"},
    "withdrawn currency": {"currency_code": "HRK"},
}
BROKEN: tuple[tuple[Mapping[str, object], str, str], ...] = (
    *(({name: None}, name, "missing") for name in REQUIRED),
    *(({name: ""}, name, "missing") for name in REQUIRED),
    (dict.fromkeys(IDENTIFIERS), "device_id", "identifier"),
    (dict.fromkeys(IDENTIFIERS, ""), "device_id", "identifier"),
    ({"idfv": ""}, "idfv", "empty"),
    ({"revenue": "", "currency_code": ""}, "revenue", "empty"),
    ({"campaign": "x"}, "campaign", "unknown"),
    ({"somebody@example.com": "x"}, UNNAMED, "unknown"),
    ({"event_name": ["install", "install"]}, "event_name", "repeated"),
    ({"user_agent": "line\nbreak"}, "user_agent", "control"),
    *(
        ({"event_timestamp": wrong}, "event_timestamp", "digits")
        for wrong in (
            "1764000000",
            "17640000001234",
            "1764000000.12",
            " 764000000123",
            "now",
            "١٢٣٤٥٦٧٨٩٠١٢٣",
        )
    ),
    ({"install_timestamp": "1763000000"}, "install_timestamp", "milliseconds"),
    *(({"language": wrong}, "language", "language") for wrong in ("EN", "eng", "en-US", "English", "xx")),
    *(({"platform": wrong}, "platform", "platform") for wrong in ("iOS", "Android", "web")),
    ({"device_id": IDFA.lower()}, "device_id", "upper"),
    ({**ANDROID, "device_id": GAID.upper()}, "device_id", "lower"),
    ({**ANDROID, "idfv": IDFA}, "idfv", "ios_only"),
    *(({"device_id": wrong}, "device_id", "zeros") for wrong in (ZEROS, "0")),
    ({"idfv": ZEROS}, "idfv", "zeros"),
    ({"user_id": "0"}, "user_id", "zeros"),
    *(
        ({"device_id": wrong}, "device_id", "uuid")
        for wrong in (IDFA.replace("-", ""), f"{{{IDFA}}}", IDFA[:-1], f"{IDFA} ")
    ),
    ({"idfv": "ABC"}, "idfv", "uuid"),
    *(({"test_mode": wrong}, "test_mode", "test_mode") for wrong in ("0", "true", "01")),
    ({"test_mode": ""}, "test_mode", "empty"),
    *(
        ({"revenue": wrong}, "revenue", "revenue")
        for wrong in ("0", "0.00", "-0", "1e3", "NaN", "inf", "1,50", "$5", "+1", ".5")
    ),
    *(({"currency_code": wrong}, "currency_code", "currency") for wrong in ("usd", "US", "ZZZ", "840")),
    ({"revenue": None}, "revenue", "with_currency"),
    ({"currency_code": None}, "currency_code", "with_currency"),
    *(({"is_first_event": wrong}, "is_first_event", "boolean") for wrong in ("True", "1", "yes")),
    *(
        ({"client_ip": wrong}, "client_ip", "ip")
        for wrong in ("1.2.3", "1.2.3.400", "01.2.3.4", "fe80::1%eth0", "localhost", "2001:db8::1/64")
    ),
    ({"user_id": "somebody@example.com"}, "user_id", "not_an_email"),
    ({"user_id": IDFA}, "user_id", "not_an_advertising_id"),
    ({"user_id": GAID}, "user_id", "not_an_advertising_id"),
    *(
        ({"event_name": wrong}, "event_name", "generated")
        for wrong in (f"order_{IDFA}", "mail somebody@example.com", "from 203.0.113.9", "id 123456789012345")
    ),
)


@pytest.mark.parametrize("changes", SOUND.values(), ids=SOUND)
def test_what_the_document_allows_is_accepted(sandbox: SandboxProcess, changes: Mapping[str, object]) -> None:
    """200, and nothing said of errors."""
    answer = send(sandbox, **changes)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(("changes", "parameter", "rule"), BROKEN, ids=str)
def test_a_broken_rule_is_named_and_no_value_is(
    sandbox: SandboxProcess, changes: Mapping[str, object], parameter: str, rule: str
) -> None:
    """400 with the parameter and the rule, and not a value of those that came."""
    answer = send(sandbox, **changes)

    assert answer.status_code == 400
    assert (parameter, rule) in rules_of(answer)
    for value in {**POSTBACK, **changes}.values():
        assert not isinstance(value, str) or len(value) < 10 or value not in answer.text
    assert "somebody" not in answer.text
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize(
    "query", ["", "a", "a=1&&b=2", "user_agent=%", "user_agent=%zz", "user_agent=%FF", "event_name=%C3%28"]
)
def test_a_query_is_pairs_of_percent_encoded_utf8(sandbox: SandboxProcess, query: str) -> None:
    """What can be read in two ways is not read; an empty query is one with nothing in it."""
    # By no client that would mend it.
    connection = HTTPConnection(sandbox.address.removeprefix("http://"), timeout=30)
    with closing(connection):
        connection.request("GET", f"/v2/events?{query}", headers=BEARER)
        answer = connection.getresponse()
        errors = json.load(answer)["errors"]

    assert answer.status == 400
    assert query == "" or [each["rule"] for each in errors] == ["encoding"]
    assert sandbox.state()["received"] == 1


def test_a_timestamp_that_would_become_now_is_said_to(sandbox: SandboxProcess) -> None:
    """Liftoff itself takes the time of arrival without a word; a backfill must know."""
    answer = send(sandbox, event_timestamp="yesterday")

    assert "silently take the time of arrival" in answer.text


def test_every_broken_rule_is_named_at_once(sandbox: SandboxProcess) -> None:
    """Whoever mends a template sees all of it."""
    assert rules_of(send_query(sandbox, {"platform": "web", "x": "1"})) == {
        *((name, "missing") for name in REQUIRED if name != "platform"),
        ("platform", "platform"),
        ("device_id", "identifier"),
        ("x", "unknown"),
    }


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({}, "authorization_missing"),
        ({"Authorization": "Basic YTpi"}, "authorization_scheme"),
        ({"Authorization": "Bearer"}, "authorization_wrong"),
        ({"Authorization": "Bearer wrong"}, "authorization_wrong"),
        ({"Authorization": "sandbox-api-key"}, "authorization_scheme"),
    ],
)
def test_without_its_key_nothing_is_accepted(
    sandbox: SandboxProcess, header: dict[str, str], rule: str
) -> None:
    """401 whatever the parameters are, counted as received."""
    session = requests.Session()
    session.trust_env = False
    answer = session.get(sandbox.postback_url, params=POSTBACK, headers=header, timeout=30)

    assert (answer.status_code, rules_of(answer)) == (401, {("authorization", rule)})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert sandbox.state()["answered"] == {"401": 1}


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_postbacks_are_gets(sandbox: SandboxProcess, method: str) -> None:
    """405 names the method that is allowed."""
    answer = requests.request(method, sandbox.postback_url, params=POSTBACK, headers=BEARER, timeout=30)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "path", ["/v2/events/", "/v1/events", "/v2", "/opt_out/v3/", "/opt_out/v3/a/b", "/docs"]
)
def test_there_is_nothing_elsewhere(sandbox: SandboxProcess, path: str) -> None:
    """A wrong address is 404 and no redirect, which would carry the key along."""
    answer = requests.get(sandbox.address + path, headers=BEARER, timeout=30, allow_redirects=False)

    assert answer.status_code == 404
