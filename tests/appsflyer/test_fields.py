import dataclasses
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.fields import (
    BY_NAME,
    CANONICAL,
    FIELDS,
    V1_ONLY,
    V1_SPECIAL,
    Field,
    Kind,
    canonical_name,
    identifier_fields,
    names,
    personal_fields,
    vary_spelling,
)

# The keys of the message that "Send Test" delivers (AppsFlyer: Push API V2.0).
TEST_MESSAGE_KEYS = set(
    re.findall(
        r"\w+",
        """
    advertising_id af_ad af_ad_id af_ad_type af_adset af_adset_id af_attribution_lookback af_c_id af_channel
    af_cost_currency af_cost_model af_cost_value af_keywords af_prt af_reengagement_window af_siteid
    af_sub1 af_sub2 af_sub3 af_sub4 af_sub5 af_sub_siteid amazon_aid android_id api_version app_id app_name
    app_version appsflyer_id attributed_touch_time attributed_touch_time_selected_timezone
    attributed_touch_type bundle_id campaign carrier city
    contributor_1_af_prt contributor_1_campaign contributor_1_match_type contributor_1_media_source
    contributor_1_touch_time contributor_1_touch_type
    contributor_2_af_prt contributor_2_campaign contributor_2_match_type contributor_2_media_source
    contributor_2_touch_time contributor_2_touch_type
    contributor_3_af_prt contributor_3_campaign contributor_3_match_type contributor_3_media_source
    contributor_3_touch_time contributor_3_touch_type
    cost_in_selected_currency country_code custom_data customer_user_id deeplink_url device_category
    device_download_time device_download_time_selected_timezone device_type dma event_name event_revenue
    event_revenue_currency event_revenue_usd event_source event_time event_time_selected_timezone event_value
    gp_broadcastreferrer gp_click_time gp_install_begin gp_referrer http_referrer idfa idfv imei
    install_app_store install_time install_time_selected_timezone ip is_lat is_primary_attribution
    is_receipt_validated is_retargeting keyword_id keyword_match_type language match_type media_source
    network_account_id oaid operator original_url os_version platform postal_code region
    retargeting_conversion_type revenue_in_selected_currency sdk_version selected_currency selected_timezone
    state store_reinstall user_agent wifi
    """,
    )
)
NOT_IN_TEST_MESSAGE = {
    "campaign_type",
    "conversion_type",
    "custom_dimension",
    "device_model",
    "gp_broadcast_referrer",
}
SIMPLE_V1_NAMES = {
    "fb_adgroup_name": "af_ad",
    "fb_adgroup_id": "af_ad_id",
    "fb_adset_name": "af_adset",
    "fb_adset_id": "af_adset_id",
    "fb_campaign_id": "af_c_id",
    "fb_campaign_name": "campaign",
    "click_time": "attributed_touch_time",
    "click_time_selected_timezone": "attributed_touch_time_selected_timezone",
    "cost_per_install": "af_cost_value",
    "agency": "af_prt",
    "af_click_lookback": "af_attribution_lookback",
    "re_targeting_conversion_type": "retargeting_conversion_type",
    "appsflyer_device_id": "appsflyer_id",
    "click_url": "original_url",
    "download_time": "device_download_time",
    "download_time_selected_timezone": "device_download_time_selected_timezone",
}
SPELLINGS_ON_THE_VENDORS_PAGES = {
    "revenue_in_selected_ currency": "revenue_in_selected_currency",
    "cost_in_selected_ currency": "cost_in_selected_currency",
    "device_download_time_selected_ timezone": "device_download_time_selected_timezone",
    "attributed_touch_time_ selected_timezone": "attributed_touch_time_selected_timezone",
    "install_time_selected_ timezone": "install_time_selected_timezone",
    "event_time_selected_ timezone": "event_time_selected_timezone",
    "is_primary_ attribution": "is_primary_attribution",
    "is_primary_attribtuion": "is_primary_attribution",
    "re_targeting conversion_type": "retargeting_conversion_type",
    "gp_broadcastreferrer": "gp_broadcast_referrer",
    "event_revenue_USD": "event_revenue_usd",
    "app-version-name": "app_version",
    "attributed_touch time": "attributed_touch_time",
    "af_subsite_id": "af_sub_siteid",
}


def test_official_v2_fields() -> None:
    """The V2 fields are the test message's keys, its misspelled one mended, and five that it lacks."""
    official = {field.name for field in FIELDS if field.source == "v2"}
    assert len(TEST_MESSAGE_KEYS) == 110
    assert official == TEST_MESSAGE_KEYS - {"gp_broadcastreferrer"} | NOT_IN_TEST_MESSAGE
    assert len(official) == 114


def test_newer_fields_come_last() -> None:
    """Fields that came without a change of version stand behind the official ones."""
    newer = ("event_type", "att", "gdpr_applies", "ad_user_data_enabled", "ad_personalization_enabled")
    assert tuple(field.name for field in FIELDS[114:]) == newer
    assert {field.source for field in FIELDS[114:]} == {"newer"}


def test_names_are_unique() -> None:
    """No two fields share a name, and no spelling leads to two fields."""
    assert len(BY_NAME) == len(FIELDS)
    spellings = [wire for field in FIELDS for wire in (field.name, *field.v1_names, *field.aliases)]
    assert len(spellings) == len(set(spellings)) == len(CANONICAL)


@pytest.mark.parametrize("wire", sorted(TEST_MESSAGE_KEYS))
def test_test_message_resolves(wire: str) -> None:
    """Every key of the vendor's test message leads to a field."""
    assert CANONICAL[wire] in BY_NAME


@pytest.mark.parametrize(("v1_name", "v2_name"), SIMPLE_V1_NAMES.items())
def test_simple_v1_names(v1_name: str, v2_name: str) -> None:
    """A V1.0 name that merely changed leads to its V2 name, and shows a V1.0 message."""
    assert CANONICAL[v1_name] == v2_name
    assert v1_name in V1_ONLY


@pytest.mark.parametrize(
    "v1_name", ["event_type", "attribution_type", "currency", "device_brand", "device_model"]
)
def test_special_v1_names(v1_name: str) -> None:
    """A V1.0 name that depends on the message is left to the normalizer, with the fields it may fill."""
    assert set(V1_SPECIAL[v1_name]) <= BY_NAME.keys()
    assert CANONICAL.get(v1_name, v1_name) == v1_name


def test_v1_only_names_are_no_fields() -> None:
    """No name that shows a V1.0 message is a V2 name, and newer payloads' `event_type` shows nothing."""
    assert V1_ONLY.isdisjoint(BY_NAME)
    assert SIMPLE_V1_NAMES.keys() | {"attribution_type", "currency", "device_brand"} == V1_ONLY


@pytest.mark.parametrize(("wire", "name"), SPELLINGS_ON_THE_VENDORS_PAGES.items())
def test_vendor_spellings(wire: str, name: str) -> None:
    """Each slip on the vendor's pages leads to its field, without a slow look-up."""
    assert CANONICAL[wire] == name
    assert canonical_name(wire) == name


@given(
    field=st.sampled_from(FIELDS),
    separator=st.sampled_from(["_", "-", " ", "_ ", " _", "__"]),
    change_case=st.sampled_from([str.upper, str.lower, str.title]),
    margin=st.sampled_from(["", " ", "\t"]),
)
def test_spelling_is_forgiven(
    field: Field, separator: str, change_case: Callable[[str], str], margin: str
) -> None:
    """Casing, spaces around words and hyphens do not hide a field."""
    respelled = change_case(field.name.replace("_", separator))
    assert canonical_name(margin + respelled + margin) == field.name


@given(st.text())
def test_any_key_has_an_answer(wire: str) -> None:
    """Any text leads to a field or to None."""
    assert canonical_name(wire) is None or canonical_name(wire) in BY_NAME


@pytest.mark.parametrize("wire", ["", "_", "c", "pid", "currency", "app_identity", "af_sub6"])
def test_unknown_keys(wire: str) -> None:
    """A key that no field has leads to None, and so do short macro names and V1.0's `currency`."""
    assert canonical_name(wire) is None


def test_kinds() -> None:
    """Booleans, money and clocks are exactly these; all else is text."""
    assert set(names(Kind.BOOLEAN)) == {
        "wifi",
        "is_retargeting",
        "is_primary_attribution",
        "is_receipt_validated",
        "is_lat",
        "gdpr_applies",
        "ad_user_data_enabled",
        "ad_personalization_enabled",
    }
    assert set(names(Kind.MONEY)) == {
        "af_cost_value",
        "event_revenue",
        "event_revenue_usd",
        "revenue_in_selected_currency",
        "cost_in_selected_currency",
    }
    assert set(names(Kind.UTC_TIME)) == {
        "event_time",
        "install_time",
        "attributed_touch_time",
        "device_download_time",
        "contributor_1_touch_time",
        "contributor_2_touch_time",
        "contributor_3_touch_time",
        "gp_click_time",
        "gp_install_begin",
    }
    assert len(names(Kind.TEXT)) == len(FIELDS) - 8 - 5 - 9 - 4


def test_local_times_have_an_instant() -> None:
    """Each time in the app's zone has a UTC twin of the same name."""
    local = names(Kind.LOCAL_TIME)
    assert len(local) == 4
    assert {name.removesuffix("_selected_timezone") for name in local} <= set(names(Kind.UTC_TIME))


def test_identifiers() -> None:
    """A person is found by exactly these fields, and each of them is personal."""
    found_by = {
        "appsflyer_id",
        "customer_user_id",
        "advertising_id",
        "idfa",
        "idfv",
        "oaid",
        "amazon_aid",
        "android_id",
        "imei",
        "ip",
    }
    assert {field.name for field in identifier_fields()} == found_by
    assert set(identifier_fields()) <= set(personal_fields())


def test_other_personal_fields() -> None:
    """Fields that may carry ids or single a person out are personal, and say why."""
    others = {field.name: field for field in personal_fields() if not field.is_identifier}
    assert others.keys() == {
        "original_url",
        "deeplink_url",
        "http_referrer",
        "gp_referrer",
        "gp_broadcast_referrer",
        "event_value",
        "custom_data",
        "custom_dimension",
        "user_agent",
        "city",
        "postal_code",
        "af_sub1",
        "af_sub2",
        "af_sub3",
        "af_sub4",
        "af_sub5",
    }
    assert all("ersonal" in field.meaning for field in others.values())


def test_dictionaries() -> None:
    """A dictionary is meant for few values: every boolean, and never an id, a time or an amount."""
    low = {field for field in FIELDS if field.is_low_cardinality}
    assert all(field in low for field in FIELDS if field.kind is Kind.BOOLEAN)
    assert {field.kind for field in low} == {Kind.BOOLEAN, Kind.TEXT}
    assert low.isdisjoint(identifier_fields())
    expected = {"country_code", "platform", "media_source", "campaign", "selected_timezone", "app_id"}
    assert expected <= {field.name for field in low}


def test_meanings_are_sentences() -> None:
    """Every field has a display name and a meaning of its own, which ends in a full stop."""
    assert len({field.meaning for field in FIELDS}) == len(FIELDS)
    assert len({field.display_name for field in FIELDS}) == len(FIELDS)
    assert all(field.meaning[0].isupper() or field.meaning[0] == "`" for field in FIELDS)
    assert all(field.meaning.endswith(".") and len(field.meaning.split()) >= 4 for field in FIELDS)


def test_fields_are_frozen() -> None:
    """A field can't be changed by what asks for it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        FIELDS[0].name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("spelling", "variants"),
    [
        ("ip", ("ip",)),
        ("event-name", ("event-name", "event_name", "event name", "eventName")),
        ("advertiserId", ("advertiserId", "advertiser_Id", "advertiser-Id", "advertiser Id")),
        (
            "event_revenue_USD",
            ("event_revenue_USD", "event-revenue-USD", "event revenue USD", "eventRevenueUSD"),
        ),
    ],
)
def test_macro_variants(spelling: str, variants: tuple[str, ...]) -> None:
    """A macro is spelled with underscores, hyphens, spaces and in camel case, as given first."""
    assert vary_spelling(spelling) == variants
