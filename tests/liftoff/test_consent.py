from dataclasses import replace

import pytest

from etl.liftoff.policy import ConsentPolicy, Refusal
from tests.liftoff.event_rows import ANDROID, IDFA, IPHONE, POLICY, Row, judge_row, map_row


def sends_advertising_id(row: Row, consent: ConsentPolicy | None = None) -> bool:
    """Tell whether a row's postback has the advertising id."""
    policy = replace(POLICY, consent=consent or ConsentPolicy())
    assert judge_row(row, policy) is None
    return "device_id" in map_row(row, policy)


@pytest.mark.parametrize(
    ("platform", "os_version", "counts"),
    [
        (ANDROID, "13", True),
        (IPHONE, "13.7", True),
        (IPHONE, "14", False),
        (IPHONE, "iOS 17.4", False),
        (IPHONE, "9.3", True),
        (IPHONE, None, True),
        (IPHONE, "unknown", True),
    ],
)
def test_is_lat_counts_but_not_from_ios_14_on(platform: Row, os_version: str | None, counts: bool) -> None:  # noqa: FBT001
    """Apple deprecated it there; where the version is not known, the person has the benefit of the doubt."""
    row = {**platform, "os_version": os_version, "is_lat": True}
    assert sends_advertising_id(row) is not counts


@pytest.mark.parametrize(
    ("att", "os_version", "sends"),
    [
        ("authorized", "17", True),
        ("af_authorized", "14.5", True),
        ("Authorized", "17", True),
        ("denied", "17", False),
        ("not_determined", "17", False),
        ("restricted", None, False),
        ("something new", "17", False),
        ("unavailable", "13.7", True),
        (None, "17", True),
    ],
)
def test_only_a_yes_to_tracking_is_a_yes(att: str | None, os_version: str | None, sends: bool) -> None:  # noqa: FBT001
    """From iOS 14 on an answer that is not yes is no; before it there was no question."""
    assert sends_advertising_id({**IPHONE, "att": att, "os_version": os_version}) is sends


def test_there_is_no_att_on_android() -> None:
    """The question is Apple's."""
    assert sends_advertising_id({**ANDROID, "att": "denied"})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"gdpr_applies": True}, "consent_gdpr_applies"),
        ({"gdpr_applies": True, "ad_user_data_enabled": True}, None),
        ({"gdpr_applies": True, "ad_user_data_enabled": False}, "consent_gdpr_applies"),
        ({"gdpr_applies": False}, None),
        ({"gdpr_applies": False, "ad_user_data_enabled": False}, "consent_ad_user_data_enabled"),
        ({"ad_user_data_enabled": True}, None),
    ],
)
def test_under_the_gdpr_silence_is_no_consent(fields: Row, code: str | None) -> None:
    """Where it applies, a person must have said yes; elsewhere, they must not have said no."""
    assert judge_row({**ANDROID, **fields}) == code


def test_the_advertising_id_is_withheld_without_personalized_ads() -> None:
    """The event may leave, the id by which ads are personalized may not."""
    assert not sends_advertising_id({**ANDROID, "ad_personalization_enabled": False})
    assert sends_advertising_id({**ANDROID, "ad_personalization_enabled": True})


@pytest.mark.parametrize(
    ("field", "value", "row"),
    [
        ("is_lat", True, ANDROID),
        ("att", "denied", IPHONE),
        ("gdpr_applies", True, ANDROID),
        ("ad_user_data_enabled", False, ANDROID),
        ("ad_personalization_enabled", False, ANDROID),
    ],
)
def test_the_policy_decides_what_follows(field: str, value: object, row: Row) -> None:
    """Each field of consent can pass, withhold the advertising id, or refuse the event."""
    all_pass = ConsentPolicy(*[Refusal.SEND] * 5)
    said = {**row, field: value}
    assert sends_advertising_id(said, all_pass)
    assert not sends_advertising_id(said, replace(all_pass, **{field: Refusal.WITHHOLD}))
    refusing = replace(POLICY, consent=replace(all_pass, **{field: Refusal.REFUSE}))
    assert judge_row(said, refusing) == f"consent_{field}"


def test_a_withheld_id_does_not_leave_as_another() -> None:
    """An app that gives its IDFA as IDFV as well would tell it in spite of the person."""
    told = map_row({**IPHONE, "att": "denied", "idfv": IDFA.lower()})
    assert IDFA not in told.values()
    assert "idfv" not in told
