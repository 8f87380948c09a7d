"""The one authority on row rules: what can be wrong with an event, and what follows from it.

The reasons of `quarantine` with their fields, the bits of `quality_flags` and `docs/quality.md` are derived
from it. A rule is data here, beside the fields that it looks at; who decides which rows break it is
`etl/quality`, normalizing and settling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from etl.appsflyer.fields import Kind, names


class RowSeverity(StrEnum):
    """What becomes of a row that breaks a rule: it is set aside, or kept and flagged."""

    QUARANTINE = "quarantine"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class RowRule:
    """One rule: a stable name, what it means that a row breaks it, and the fields that it looks at.

    A rule that `is_per_field` has a code a field, `name:field`; any other has its name as its code. A
    quarantined row blames the first of the fields.
    """

    name: str
    severity: RowSeverity
    fields: tuple[str, ...]
    meaning: str
    is_per_field: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Give the rule's codes, in the order of its fields."""
        return tuple(f"{self.name}:{field}" for field in self.fields) if self.is_per_field else (self.name,)


def _quarantine(name: str, field: str, meaning: str) -> RowRule:
    return RowRule(name, RowSeverity.QUARANTINE, (field,), meaning)


def _flag(name: str, fields: tuple[str, ...], meaning: str) -> RowRule:
    return RowRule(name, RowSeverity.FLAG, fields, meaning)


def _flag_each(name: str, fields: tuple[str, ...], meaning: str) -> RowRule:
    return RowRule(name, RowSeverity.FLAG, fields, meaning, is_per_field=True)


ADVERTISING_IDS = ("advertising_id", "idfa", "oaid", "amazon_aid")
DEVICE_IDS = ("advertising_id", "idfa", "idfv", "oaid", "amazon_aid", "android_id", "imei")
LINK_FIELDS = (
    "media_source",
    "campaign",
    "af_c_id",
    "af_adset",
    "af_adset_id",
    "af_ad",
    "af_ad_id",
    "af_channel",
    "af_siteid",
    "af_sub_siteid",
)

# A row is judged by the first that it breaks.
QUARANTINE_RULES = (
    _quarantine("missing_app_id", "app_id", "No app is named."),
    _quarantine(
        "unknown_app", "app_id", "The app has no entry in the configuration, which says `closed_apps`."
    ),
    _quarantine("missing_event_name", "event_name", "No event is named."),
    _quarantine(
        "missing_event_time", "event_time", "No time is given, neither in UTC nor in the app's zone."
    ),
    _quarantine("unusable_event_time", "event_time", "A time is given that cannot be read."),
    _quarantine(
        "event_time_before_2011",
        "event_time",
        "The event is older than AppsFlyer, which was founded in 2011: a broken clock.",
    ),
    _quarantine(
        "event_time_in_future",
        "event_time",
        "The event lies more than `ingest.future_tolerance_hours` after the moment when its object landed.",
    ),
)
# Appended, never reordered: the rows of a run on their way hold them as bits.
FLAG_RULES = (
    _flag(
        "weak_identity",
        (
            "appsflyer_id",
            "advertising_id",
            "idfa",
            "idfv",
            "oaid",
            "amazon_aid",
            "android_id",
            "customer_user_id",
        ),
        "The row names nobody, or only by a lesser id than other rows of its app.",
    ),
    _flag(
        "possible_twin",
        ("event_time",),
        "The time has no milliseconds, and the same event of the same person stands in the same second.",
    ),
    _flag(
        "money_rounded",
        names(Kind.MONEY),
        "An amount had more than ten decimals; its exact text is in `extra`.",
    ),
    _flag_each("unparsable", names(Kind.BOOLEAN), "The text is no boolean; it is in `extra`."),
    _flag_each("unparsable", names(Kind.MONEY), "The text is no amount; it is in `extra`."),
    _flag_each(
        "malformed",
        ("appsflyer_id", *DEVICE_IDS),
        "The id has not the shape of its kind: a UUID; digits, a hyphen and digits for `appsflyer_id` (or a"
        " UUID, as in the vendor's test message); up to 16 hexadecimal digits, leading zeros dropped or not,"
        " for `android_id`; a UUID or 16 to 64 hexadecimal digits for `oaid`; 14 to 16 digits, or a MEID, for"
        " `imei`.",
    ),
    _flag_each(
        "malformed",
        ("ip",),
        "The text is no IPv4 or IPv6 address; mapped addresses and zones are addresses.",
    ),
    _flag_each(
        "malformed",
        ("app_id",),
        "The app id has characters other than letters, digits, dots, hyphens and underscores.",
    ),
    _flag_each(
        "zero_id",
        DEVICE_IDS,
        "The id is all zeros. An advertising id may be so, and is not flagged, where its owner withholds it:"
        " `is_lat` is true, or `att` says anything but authorized.",
    ),
    _flag(
        "id_contradicts_platform",
        ("platform", *DEVICE_IDS),
        "The row has an id that only the other platform gives out: `idfa` or `idfv` on Android, any other"
        " device id on iOS.",
    ),
    _flag(
        "idfa_despite_refusal",
        ("idfa", "att"),
        "There is an IDFA although `att` says that its owner denied tracking.",
    ),
    _flag(
        "placeholder_user_id",
        ("customer_user_id",),
        "The user id is a word for nobody (`null`, `undefined`, `guest`, `0` …), so many people share it.",
    ),
    _flag(
        "email_as_user_id",
        ("customer_user_id",),
        "The user id is an e-mail address, which leads to a person.",
    ),
    _flag(
        "email_in_value",
        ("event_value", "custom_data"),
        "The app wrote an e-mail address into what should hold details of the event.",
    ),
    _flag(
        "private_ip",
        ("ip",),
        "The address is one of a private network, a link or the device itself, so the country it gave means"
        " nothing.",
    ),
    _flag(
        "install_after_event",
        ("install_time", "event_time"),
        "The install is more than a minute after the event.",
    ),
    _flag(
        "touch_after_install",
        ("attributed_touch_time", "install_time"),
        "The touch that won the install is more than a minute after it. Retargeting is left out: its touches"
        " come after the install.",
    ),
    _flag(
        "touch_after_event",
        ("attributed_touch_time", "event_time"),
        "The attributed touch is more than a minute after the event that it won.",
    ),
    _flag(
        "time_before_2011",
        ("install_time", "attributed_touch_time"),
        "A time is older than AppsFlyer, mostly 1970: a clock that was never set, or a zero for nothing.",
    ),
    _flag(
        "organic_with_touch",
        ("media_source", "attributed_touch_time"),
        "The event is organic and has an attributed touch all the same.",
    ),
    _flag(
        "revenue_without_currency",
        ("event_revenue", "event_revenue_currency"),
        "There is revenue, other than zero, and no currency.",
    ),
    _flag_each(
        "unknown_currency",
        ("event_revenue_currency", "af_cost_currency"),
        "The currency is no code of ISO 4217 in capitals; metals and test codes are, as are codes withdrawn"
        " since 2011.",
    ),
    _flag(
        "negative_revenue",
        ("event_revenue", "event_name"),
        "Revenue is below zero though the event's name tells of no refund, cancellation, return or reversal.",
    ),
    _flag(
        "implausible_revenue",
        ("event_revenue", "event_revenue_currency"),
        "One event has revenue of over a million dollars, euros or pounds, or a billion of any currency.",
    ),
    _flag(
        "unknown_country",
        ("country_code",),
        "The country is no code of ISO 3166 alpha-2 in capitals. `UK`, which AppsFlyer writes for `GB`, and"
        " `XK` (Kosovo) are let pass.",
    ),
    _flag(
        "unknown_platform", ("platform",), "The platform is none that AppsFlyer measures, in whatever casing."
    ),
    _flag(
        "platform_contradicts_app",
        ("platform", "app_id"),
        "An App Store id (`id` and digits) on Android, or a package name on iOS.",
    ),
    _flag(
        "topic_contradicted",
        (
            "event_type",
            "conversion_type",
            "campaign_type",
            "is_retargeting",
            "is_primary_attribution",
            "event_name",
        ),
        "The fields that tell the topic disagree: `event_type` with `conversion_type`, a retargeting topic"
        " with `is_retargeting` false, or `is_primary_attribution` false outside an install in-app event.",
    ),
    _flag(
        "generated_event_name",
        ("event_name",),
        "The event's name holds a UUID, a long number, a date, an e-mail address or a link: it names one"
        " occasion, not a kind of event.",
    ),
    _flag(
        "untidy_event_name",
        ("event_name",),
        "The event's name begins or ends with white space or holds a control character, so it will not group"
        " with its equals.",
    ),
    _flag(
        "campaign_name_too_long",
        ("campaign",),
        "`c_name_exceeded_max_length` stands for the campaign's name, which had over 100 characters.",
    ),
    _flag(
        "unreplaced_macro",
        LINK_FIELDS,
        "A network's macro (`{campaign}`, `__SITE__`, `%ad%`) came instead of what it stands for.",
    ),
    _flag(
        "malformed_window",
        ("af_attribution_lookback", "af_reengagement_window"),
        "The window is no number of minutes, hours, days or weeks, such as `7d`, nor `lifetime`.",
    ),
)
ROW_RULES = QUARANTINE_RULES + FLAG_RULES

FLAG_CODES: tuple[str, ...] = tuple(code for rule in FLAG_RULES for code in rule.codes)
FIELD_OF: Mapping[str, str] = MappingProxyType({rule.name: rule.fields[0] for rule in QUARANTINE_RULES})
