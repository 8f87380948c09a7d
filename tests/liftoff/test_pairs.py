from dataclasses import replace
from datetime import timedelta

import pytest

from etl.liftoff.payloads import decode_parameters
from etl.liftoff.preparing import prepare_postbacks
from tests.liftoff.event_rows import ANDROID, IPHONE, KEY, NOW, NOW_MS, POLICY, Row, make_rows

PRIMARY: Row = {**ANDROID, "event_id": "p", "is_primary_attribution": True, "media_source": "retar_network"}
OTHER: Row = {**ANDROID, "event_id": "a", "is_primary_attribution": False, "media_source": "ua_network"}
ALONE: Row = {**ANDROID, "event_id": "z", "occurrence_id": "o2"}


def codes_of(*rows: Row) -> list[str | None]:
    """Prepare rows, and give their codes."""
    codes: list[str | None] = prepare_postbacks(make_rows(*rows), POLICY, KEY, NOW_MS).codes.to_pylist()
    return codes


def test_the_primary_half_is_sent() -> None:
    """One thing a person did is told once, whatever the order of its halves."""
    assert codes_of(OTHER, ALONE, PRIMARY) == ["pair_other_half", None, None]
    assert codes_of(PRIMARY, OTHER) == [None, "pair_other_half"]


@pytest.mark.parametrize(
    ("hours", "code"), [(0, "pair_settling"), (23, "pair_settling"), (24, None), (500, None)]
)
def test_the_other_half_waits_for_the_primary(hours: int, code: str | None) -> None:
    """Alone it is sent only when the primary half would have arrived."""
    assert codes_of({**OTHER, "loaded_at": NOW - timedelta(hours=hours)}) == [code]


def test_what_says_nothing_of_attribution_does_not_wait() -> None:
    """Null is not false: outside retargeting there is no other half."""
    assert codes_of({**ANDROID, "is_primary_attribution": None, "loaded_at": NOW}) == [None]
    assert codes_of({**PRIMARY, "loaded_at": NOW}) == [None]


@pytest.mark.parametrize(
    "blocked", [{"media_source": "Facebook Ads"}, {"gdpr_applies": True}, {"is_test_message": True}]
)
@pytest.mark.parametrize("is_primary", [True, False])
def test_either_half_blocks_the_occurrence(blocked: Row, is_primary: bool) -> None:  # noqa: FBT001
    """What a source or a person forbids is not told in the other source's name."""
    rows = [{**PRIMARY, **blocked}, OTHER] if is_primary else [PRIMARY, {**OTHER, **blocked}]
    first, second = codes_of(*rows)
    assert first in {"restricted_media_source", "consent_gdpr_applies", "test_message"}
    assert second == "pair_other_half"


def test_the_other_half_is_sent_where_the_primary_cannot_be() -> None:
    """An endpoint that selects fewer fields does not cost the event."""
    assert codes_of({**PRIMARY, "language": None}, OTHER) == ["pair_other_half", None]


def test_an_occurrence_is_counted_once() -> None:
    """Where no half may leave, one says why."""
    assert codes_of({**PRIMARY, "language": None}, {**OTHER, "ip": None}) == [
        "missing_language",
        "pair_other_half",
    ]


@pytest.mark.parametrize("said", [{"is_lat": True}, {"ad_personalization_enabled": False}, {"att": "denied"}])
def test_the_strictest_consent_of_both_halves_counts(said: Row) -> None:
    """Fields are selected for each endpoint, so only one half may say it."""
    base = IPHONE if "att" in said else ANDROID
    ids = {
        name: base.get(name)
        for name in ("platform", "os_version", "advertising_id", "idfa", "idfv", "device_type")
    }
    prepared = prepare_postbacks(make_rows({**PRIMARY, **ids}, {**OTHER, **ids, **said}), POLICY, KEY, NOW_MS)
    assert "device_id" not in decode_parameters(prepared.payloads[0].as_py())


def test_an_ipv6_address_of_the_other_half_is_preferred() -> None:
    """Both halves are of one device."""
    rows = make_rows({**OTHER, "ip": "2a02:8108::1"}, PRIMARY, ALONE)
    payloads = prepare_postbacks(rows, POLICY, KEY, NOW_MS).payloads
    assert decode_parameters(payloads[1].as_py())["client_ip"] == "2a02:8108::1"
    assert decode_parameters(payloads[2].as_py())["client_ip"] == ANDROID["ip"]


def test_what_is_not_sent_has_no_payload() -> None:
    """Personal values are kept only of what is to be sent."""
    prepared = prepare_postbacks(make_rows(OTHER, PRIMARY), POLICY, KEY, NOW_MS)
    assert [payload is None for payload in prepared.payloads.to_pylist()] == [True, False]


def test_settling_can_be_switched_off() -> None:
    """With no settling time the other half goes at once."""
    policy = replace(POLICY, pair_settling_hours=0)
    prepared = prepare_postbacks(make_rows({**OTHER, "loaded_at": NOW}), policy, KEY, NOW_MS)
    assert prepared.codes.to_pylist() == [None]
