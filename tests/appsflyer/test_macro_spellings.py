import pytest

from etl.appsflyer.fields import BY_NAME, FIELDS, Field, identifier_fields
from etl.appsflyer.macros import Parameter, Transform, parse_template, squash_spelling, translate

# Every macro in the table and the examples of "AppsFlyer: Postbacks for analytics partners".
VENDOR_MACROS = {
    "advertising_id": "advertising_id",
    "advertiserId": "advertising_id",
    "sha1-advertiserId": "sha1_advertising_id",
    "event_name": "event_name",
    "event-name": "event_name",
    "event": "event_name",
    "event_revenue_USD": "event_revenue_usd",
    "event_revenue": "event_revenue",
    "event_revenue_currency": "event_revenue_currency",
    "currency": "event_revenue_currency",
    "event_time": "event_time",
    "event_value": "event_value",
    "event-value": "event_value",
    "encode": "event_value",
    "partner_event_id": "partner_event_id",
    "app_name": "app_name",
    "appsflyer_id": "appsflyer_id",
    "attributed_touch_type": "attributed_touch_type",
    "country_code": "country_code",
    "idfa": "idfa",
    "sha1-idfa": "sha1_idfa",
    "idfv": "idfv",
    "install_time": "install_time",
    "install_unix_ts": "install_time",
    "install-unix-ts": "install_time",
    "is_lat": "is_lat",
    "language": "language",
    "app_id": "app_id",
    "app-version-name": "app_version",
    "attributed_touch time": "attributed_touch_time",
    "device_type": "device_type",
    "ip": "ip",
    "match_type": "match_type",
    "os_version": "os_version",
    "user_agent": "user_agent",
    "wifi": "wifi",
    "oaid": "oaid",
    "platform": "platform",
    "retargeting_conversion_type": "retargeting_conversion_type",
    "pid": "media_source",
    "media_source": "media_source",
    "media source": "media_source",
    "android-id": "android_id",
    "af_ad": "af_ad",
    "af_ad_id": "af_ad_id",
    "af_adset": "af_adset",
    "af_adset_id": "af_adset_id",
    "c": "campaign",
    "af_c_id": "af_c_id",
    "af_siteid": "af_siteid",
    "af_subsite_id": "af_sub_siteid",
    "af_ad_type": "af_ad_type",
}


def only_parameter(template: str) -> Parameter:
    """Parse a template of one parameter."""
    (parameter,) = parse_template(template).parameters
    return parameter


@pytest.mark.parametrize(("macro", "target"), VENDOR_MACROS.items())
def test_vendor_macros(macro: str, target: str) -> None:
    """Every macro that the vendor's page spells leads to its field, or to its key in `extra`."""
    parameter = only_parameter(f"http://example.com?x=({macro})")
    assert parameter.target == target
    assert (parameter.field is None) == (target not in BY_NAME)


@pytest.mark.parametrize("macro", VENDOR_MACROS)
@pytest.mark.parametrize("separator", ["_", "-", " ", "+", "%20"])
def test_macro_spelling_is_forgiven(macro: str, separator: str) -> None:
    """Underscores, hyphens and spaces, encoded or not, and casing do not matter inside a macro."""
    respelled = macro.replace("-", "_").replace(" ", "_").replace("_", separator)
    for spelling in (respelled, respelled.upper()):
        assert only_parameter(f"http://example.com?x=({spelling})").target == VENDOR_MACROS[macro]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_fields_answer_to_their_names_and_macros(field: Field) -> None:
    """Every field is reached by its own name and by every spelling that the authority lists."""
    for spelling in (field.name, *field.macros):
        assert only_parameter(f"x=({spelling})").target == field.name


def test_macros_lead_to_one_field() -> None:
    """No macro, however it is spelled, is listed by two fields."""
    owners = {(squash_spelling(macro), field.name) for field in FIELDS for macro in field.macros}
    assert len({spelling for spelling, _ in owners}) == len(owners)


@pytest.mark.parametrize("field", identifier_fields(), ids=lambda field: field.name)
def test_hashed_identifiers(field: Field) -> None:
    """A `sha1-` macro of any identifier is kept hashed, beside the fields, as it came."""
    parameter = only_parameter(f"x=(sha1-{field.name})")
    assert (parameter.target, parameter.transform) == (f"sha1_{field.name}", Transform.SHA1)
    assert parameter.field is None
    assert translate(parameter, "A" * 40) == "A" * 40
