"""Headers of the Pull API are fields of the authority; what it does not know is told."""

from __future__ import annotations

import pytest

from etl.appsflyer.fields import BY_NAME
from etl.appsflyer.pull.headers import NoPullFileError, read_form
from etl.appsflyer.pull.reports import REPORTS, find_days, find_report

# The columns that a raw-data report has by default, and the field of each ("AppsFlyer: Pull API raw data").
DEFAULT = {
    "Attributed Touch Type": "attributed_touch_type",
    "Attributed Touch Time": "attributed_touch_time",
    "Install Time": "install_time",
    "Event Time": "event_time",
    "Event Name": "event_name",
    "Event Value": "event_value",
    "Event Revenue": "event_revenue",
    "Event Revenue Currency": "event_revenue_currency",
    "Event Revenue USD": "event_revenue_usd",
    "Event Source": "event_source",
    "Is Receipt Validated": "is_receipt_validated",
    "Partner": "af_prt",
    "Media Source": "media_source",
    "Channel": "af_channel",
    "Keywords": "af_keywords",
    "Campaign": "campaign",
    "Campaign ID": "af_c_id",
    "Adset": "af_adset",
    "Adset ID": "af_adset_id",
    "Ad": "af_ad",
    "Ad ID": "af_ad_id",
    "Ad Type": "af_ad_type",
    "Site ID": "af_siteid",
    "Sub Site ID": "af_sub_siteid",
    "Sub Param 1": "af_sub1",
    "Cost Model": "af_cost_model",
    "Cost Value": "af_cost_value",
    "Cost Currency": "af_cost_currency",
    "Contributor 1 Partner": "contributor_1_af_prt",
    "Contributor 1 Media Source": "contributor_1_media_source",
    "Contributor 1 Campaign": "contributor_1_campaign",
    "Contributor 1 Touch Type": "contributor_1_touch_type",
    "Contributor 1 Touch Time": "contributor_1_touch_time",
    "Region": "region",
    "Country Code": "country_code",
    "State": "state",
    "City": "city",
    "Postal Code": "postal_code",
    "DMA": "dma",
    "IP": "ip",
    "WIFI": "wifi",
    "Operator": "operator",
    "Carrier": "carrier",
    "Language": "language",
    "AppsFlyer ID": "appsflyer_id",
    "Advertising ID": "advertising_id",
    "IDFA": "idfa",
    "Android ID": "android_id",
    "Customer User ID": "customer_user_id",
    "IMEI": "imei",
    "IDFV": "idfv",
    "Platform": "platform",
    "Device Type": "device_type",
    "OS Version": "os_version",
    "App Version": "app_version",
    "SDK Version": "sdk_version",
    "App ID": "app_id",
    "App Name": "app_name",
    "Bundle ID": "bundle_id",
    "Is Retargeting": "is_retargeting",
    "Retargeting Conversion Type": "retargeting_conversion_type",
    "Attribution Lookback": "af_attribution_lookback",
    "Reengagement Window": "af_reengagement_window",
    "Is Primary Attribution": "is_primary_attribution",
    "User Agent": "user_agent",
    "HTTP Referrer": "http_referrer",
    "Original URL": "original_url",
}
REPORT = REPORTS["in_app_events_report"]


def test_each_default_column_is_a_field() -> None:
    """Each header that a report has by default is the field that means the same."""
    form = read_form(",".join(DEFAULT).encode(), REPORT)
    assert dict(zip(DEFAULT, form.names, strict=True)) == DEFAULT
    assert form.unknown == ()
    assert set(DEFAULT.values()) <= BY_NAME.keys()


def test_unknown_headers_are_told_and_keep_their_own_name() -> None:
    """A header of next year is told, and its values are read under it."""
    form = read_form(b"App ID,Event Name,Event Time,Sound Level", REPORT)
    assert (form.names[-1], form.unknown) == ("Sound Level", ("Sound Level",))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_header_tells_what_parts_its_columns(mark: str) -> None:
    """The delimiter is the one that makes fields of the header; quotes, casing and a BOM change nothing."""
    form = read_form(b"\xef\xbb\xbf" + mark.join(['"App ID"', "EVENT NAME", "Event  Time"]).encode(), REPORT)
    assert (form.delimiter, form.names) == (mark, ("app_id", "event_name", "event_time"))


def test_columns_that_repeat_are_all_kept() -> None:
    """The second of two columns of one field has a name of its own: nothing is written over."""
    form = read_form(b"App ID,Event Name,Event Time,Campaign,Campaign", REPORT)
    assert len(set(form.names)) == form.width


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (b"App ID,Event Name", "event_time"),
        (b"Event Name,Event Time", "app_id"),
        ("App ID,Event Name,Event Time".encode("utf-16"), "UTF-16"),
        (b"App ID,Event Name,Event Time,\xff", "UTF-8"),
        (b"PK\x03\x04", "event_time"),
    ],
)
def test_what_is_no_report_is_refused(header: bytes, word: str) -> None:
    """A file without the columns that tell events apart, or in another encoding, is refused."""
    with pytest.raises(NoPullFileError, match=word):
        read_form(header, REPORT)


def test_the_app_can_be_said_of_a_file_without_its_column() -> None:
    """Where no column tells the app, a person does."""
    assert read_form(b"Event Name,Event Time", REPORT, app_id="com.example").app_id == "com.example"


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("id1_installs_report_2026-09-01_2026-09-02.csv", "installs_report"),
        ("shop-organic-installs.csv", "organic_installs_report"),
        ("shop-non-organic-in-app-events.csv.gz", "in_app_events_report"),
        ("in-app-events-retarget/2026.csv", "in_app_events_retarget"),
        ("organic_in_app_events_report.csv", "organic_in_app_events_report"),
        ("installs-retarget.csv", "installs_retarget"),
        ("reinstalls.csv", "reinstalls"),
    ],
)
def test_a_name_tells_the_report(name: str, report: str) -> None:
    """A file's name, or its folder's, says which report it is."""
    found = find_report(name)
    assert found is not None
    assert found.name == report


def test_a_name_that_tells_no_report_is_none() -> None:
    """Nothing is guessed."""
    assert find_report("export-17.csv") is None


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("a/x_2026-09-01_2026-09-03_UTC.csv", ("2026-09-01", "2026-09-03")),
        ("2026-09-01/x.csv", None),
        ("x_2026-09-03_2026-09-01.csv", None),
        ("x_2026-09-31_2026-10-01.csv", None),
    ],
)
def test_two_days_in_a_name_are_those_that_it_was_made_for(name: str, days: tuple[str, str] | None) -> None:
    """The first and last day stand in the file's own name; anything else tells none."""
    found = find_days(name)
    assert (found if found is None else tuple(map(str, found))) == days
