"""Every rule of opt-outs, over a real connection."""

import hashlib
from collections.abc import Mapping

import pytest
import requests

from etl.liftoff.sandbox.credentials import TEST_PASSWORD, TEST_USER
from etl.liftoff.sandbox.opt_out_rules import LARGEST_BODY
from etl.liftoff.sandbox.process import SandboxProcess
from etl.liftoff.sandbox.rules import UNNAMED
from tests.liftoff.sandbox.asking import GAID, IDFA, OPT_OUT, ZEROS, change, post, rules_of

SHA1 = hashlib.sha1(IDFA.encode()).hexdigest()  # noqa: S324 - what the interface asks for
OTHER = "11C2332A-D699-4EE8-B5AE-DF5C3C6E9A3E"
SOUND: Mapping[str, Mapping[str, object]] = {
    "the document's example": {},
    "the least": {"ts": None, "device-id-type": None},
    "no test": {"test": False},
    "lower case": {"device-ids": [GAID], "device-id-type": "gaid"},
    "several": {"device-ids": [IDFA, OTHER]},
    "both kinds, inferred": {"device-ids": [IDFA, GAID], "device-id-type": None},
    "digest": {"device-id-sha1": SHA1},
    "apps": {"app-store-ids": ["1234567890", "com.acme.app"]},
}
BROKEN: tuple[tuple[Mapping[str, object], str, str], ...] = (
    ({"test": None}, "test", "missing"),
    *(({"test": wrong}, "test", "is_boolean") for wrong in ("true", 1, 0)),
    ({"device-ids": None}, "device-ids", "missing"),
    *(({"device-ids": wrong}, "device-ids", "is_list") for wrong in ([], IDFA, [IDFA, 7], {"id": IDFA})),
    *(({"device-ids": [wrong]}, "device-ids", "uuid") for wrong in ("x", IDFA.replace("-", ""), "0", "")),
    ({"device-ids": [IDFA, ZEROS]}, "device-ids", "zeros"),
    ({"device-ids": [IDFA[:18] + IDFA[18:].lower()]}, "device-ids", "mixed_case"),
    *(({"device-id-type": wrong}, "device-id-type", "id_type") for wrong in ("IDFA", "idfv", 1, ["idfa"])),
    ({"device-id-type": "gaid"}, "device-id-type", "casing"),
    ({"device-ids": [GAID]}, "device-id-type", "casing"),
    ({"device-ids": [IDFA, GAID]}, "device-id-type", "casing"),
    *(({"ts": wrong}, "ts", "is_seconds") for wrong in (1628721059000, "1628721059", 1628721059.5, True, -1)),
    ({"device-ids": [IDFA, OTHER], "device-id-sha1": SHA1}, "device-id-sha1", "one_id"),
    *(({"device-id-sha1": wrong}, "device-id-sha1", "sha1") for wrong in ("a" * 40, SHA1[:-1], [SHA1])),
    *(({"app-store-ids": wrong}, "app-store-ids", "is_list") for wrong in ([], "123", [123])),
    *(({"app-store-ids": [wrong]}, "app-store-ids", "store_id") for wrong in ("id1234567890", "", "a b")),
    ({"device_ids": [IDFA]}, "device_ids", "unknown"),
    ({"Somebody": 1}, UNNAMED, "unknown"),
)


@pytest.mark.parametrize("changes", SOUND.values(), ids=SOUND)
def test_what_the_document_allows_is_accepted(sandbox: SandboxProcess, changes: Mapping[str, object]) -> None:
    """200: accepted for processing."""
    answer = post(sandbox, change(OPT_OUT, **changes))

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(("changes", "parameter", "rule"), BROKEN, ids=str)
def test_a_broken_rule_is_named_and_no_value_is(
    sandbox: SandboxProcess, changes: Mapping[str, object], parameter: str, rule: str
) -> None:
    """400 with the key and the rule, and no id."""
    answer = post(sandbox, change(OPT_OUT, **changes))

    assert answer.status_code == 400
    assert (parameter, rule) in rules_of(answer)
    assert not {IDFA, GAID, OTHER, SHA1, "Somebody"} & set(answer.text.replace('"', " ").split())


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "body_missing"),
        (b" \n", "body_missing"),
        (b"{", "json"),
        (b"[]", "json"),
        (b"\xff", "json"),
        (b'{"test":true,"test":false,"device-ids":["%s"]}' % IDFA.encode(), "json"),
        (b'{"test":true,"ts":NaN}', "json"),
        (b"[" * 100_000, "json"),
        (b" " * LARGEST_BODY + b"{}", "body_large"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_is_one_object(sandbox: SandboxProcess, body: bytes, rule: str) -> None:
    """400 for a body that is missing, unreadable, ambiguous or too large."""
    answer = requests.post(
        sandbox.opt_out_url,
        data=body,
        auth=(TEST_USER, TEST_PASSWORD),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )

    assert (answer.status_code, rules_of(answer)) == (400, {("(body)", rule)})


def test_a_body_is_json_by_its_header(sandbox: SandboxProcess) -> None:
    """As in the document's example."""
    answer = requests.post(
        sandbox.opt_out_url,
        data=b'{"device-ids":["%s"],"test":true}' % IDFA.encode(),
        auth=(TEST_USER, TEST_PASSWORD),
        headers={"Content-Type": "text/plain"},
        timeout=30,
    )

    assert (answer.status_code, rules_of(answer)) == (400, {("(body)", "content_type")})


def test_nothing_but_zeros_is_accepted_and_not_processed(sandbox: SandboxProcess) -> None:
    """202, which is no success, and not counted as accepted."""
    answer = post(sandbox, change(OPT_OUT, **{"device-ids": [ZEROS, ZEROS]}))

    tally = sandbox.state()["opt_outs"]["test"]
    assert answer.status_code == 202
    assert (tally["received"], tally["accepted"], tally["answered"]) == (1, 0, {"202": 1})


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({}, "authorization_missing"),
        ({"Authorization": "Bearer x"}, "authorization_scheme"),
        ({"Authorization": "Basic no base64!"}, "authorization_wrong"),
        ({"Authorization": "Basic c2FuZGJveDp3cm9uZw=="}, "authorization_wrong"),
    ],
)
def test_without_credentials_nothing_is_accepted(
    sandbox: SandboxProcess, header: dict[str, str], rule: str
) -> None:
    """401 for what cannot be read and for what is not valid."""
    session = requests.Session()
    session.trust_env = False
    answer = session.post(sandbox.opt_out_url, json=OPT_OUT, headers=header, timeout=30)

    assert (answer.status_code, rules_of(answer)) == (401, {("authorization", rule)})
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_each_id_is_an_occurrence_of_its_apps(sandbox: SandboxProcess) -> None:
    """So that whoever splits a batch to find a bad id can still be held to once."""
    post(sandbox, change(OPT_OUT, **{"device-ids": [IDFA, OTHER]}))
    post(sandbox, change(OPT_OUT, **{"device-ids": [OTHER], "ts": None}))
    post(sandbox, change(OPT_OUT, **{"device-ids": [OTHER], "app-store-ids": ["1234567890"]}))

    seen = sorted((each["received"], each["accepted"]) for each in sandbox.occurrences())
    assert seen == [(1, 1), (1, 1), (2, 2)]
    assert sandbox.state()["opt_outs"]["test"]["accepted_twice"] == 1


def test_opt_outs_are_posts(sandbox: SandboxProcess) -> None:
    """405 names the method that is allowed."""
    answer = requests.get(sandbox.opt_out_url, auth=(TEST_USER, TEST_PASSWORD), timeout=30)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
