"""The fields of a message, with slots where messages of its kind differ.

Follows "AppsFlyer: Push API V2.0": its names, and the shape of its sample message.
"""

from dataclasses import dataclass

from etl.sample.catalogue import ANDROID, CONTRIBUTORS, ORGANIC, SOURCES, App, Source
from etl.sample.feeds import Feed
from etl.sample.people import WITHHELD_IDS, ZERO_IDS
from etl.sample.roles import EVENT_NAMES, FIRST_IN_APP, Kind

Value = str | bool | None
Fields = dict[str, Value]

SLOT_MARK = "\x00"
ZEROS = "00000000-0000-0000-0000-000000000000"
TEST_APP_ID = "com.pds.pushapi2.v2.transparent.com"

_STORE = "https%3A%2F%2Fstore.example.net%2Fdetails%3Fhl%3Den%26gl%3Dus"
_CUSTOM_DATA = (
    '{"cohort":"2026-W36","experiment":"onboarding_b","variant":3,"consent":"v3","build":"release"}'
)
_CONVERSIONS = {
    Kind.INSTALL: ("Install", None),
    Kind.REINSTALL: ("Reinstall", None),
    Kind.RE_ENGAGEMENT: ("Re-engagement", "re-engagement"),
    Kind.RE_ATTRIBUTION: ("Reinstall", "re-attribution"),
    Kind.IN_APP: ("Install", None),
    Kind.RE_ENGAGEMENT_IN_APP: ("Re-engagement", "re-engagement"),
    Kind.RE_ATTRIBUTION_IN_APP: ("Reinstall", "re-attribution"),
    Kind.SECONDARY_IN_APP: ("Install", "re-engagement"),
}
_EVENT_TYPES = {
    Kind.INSTALL: "install",
    Kind.REINSTALL: "reinstall",
    Kind.RE_ENGAGEMENT: "re-engagement",
    Kind.RE_ATTRIBUTION: "re-attribution",
    Kind.IN_APP: "install-in-app-event",
    Kind.RE_ENGAGEMENT_IN_APP: "re-engagement-in-app-event",
    Kind.RE_ATTRIBUTION_IN_APP: "re-attribution-in-app-event",
    Kind.SECONDARY_IN_APP: "install-in-app-event",
}


@dataclass(frozen=True, slots=True)
class Model:
    """What messages with the same fixed text have in common."""

    app: App
    kind: Kind
    source: int
    ids: int
    has_money: bool

    @property
    def is_organic(self) -> bool:
        """Say whether nobody brought the person."""
        return self.source == ORGANIC

    @property
    def is_retargeting(self) -> bool:
        """Say whether the message comes from a retargeting campaign."""
        return _CONVERSIONS[self.kind][1] is not None


def mark_slot(slot: str) -> str:
    """Mark the place of a slot inside a text."""
    return f"{SLOT_MARK}{slot}{SLOT_MARK}"


def compose_message(model: Model, feed: Feed) -> Fields:
    """Compose the V2 fields of a message; fields without a value are None."""
    fields = (
        _compose_person(model)
        | _compose_device(model)
        | _compose_place()
        | _compose_times(model)
        | _compose_attribution(model, feed)
        | _compose_contributors(model)
        | _compose_event(model)
        | _compose_app(model)
    )
    if feed.has_newer_fields:
        fields |= _compose_newer_fields(model)
    return {name: value for name, value in fields.items() if name not in feed.unselected}


def compose_test_message() -> Fields:
    """Compose the message of "Send Test", the fields to tell it by: AppsFlyer: Push API V2.0."""
    at = "2019-12-31 00:07:14.961"
    fields: Fields = {
        "app_id": TEST_APP_ID,
        "app_name": TEST_APP_ID,
        "platform": "android",
        "event_name": "install",
        "event_source": "SDK",
        "api_version": "2.0",
        "appsflyer_id": "e126a3b3-3406-4196-a964-563c9ae44ff8",
        "advertising_id": "9173fe74-0578-4658-a461-ebb0b4fce6d6",
        "customer_user_id": "Customer User ID",
        "media_source": "pdsagency_int",
        "campaign": "pushapi_v2",
        "device_type": "Samsung::SH-220",
        "selected_currency": "EUR",
        "selected_timezone": "UTC",
        "is_retargeting": False,
        "wifi": False,
    }
    for name in ("event_time", "install_time", "device_download_time"):
        fields |= {name: at, f"{name}_selected_timezone": f"{at}+0000"}
    return fields


def _compose_person(model: Model) -> Fields:
    is_android = model.app.platform == ANDROID
    device_id = {ZERO_IDS: ZEROS, WITHHELD_IDS: None}.get(model.ids, mark_slot("device_id"))
    is_oaid_only = is_android and model.ids == WITHHELD_IDS
    return {
        "appsflyer_id": mark_slot("appsflyer_id"),
        "advertising_id": device_id if is_android else None,
        "idfa": None if is_android else device_id,
        "idfv": None if is_android else mark_slot("idfv"),
        "android_id": mark_slot("android_id") if is_android else None,
        "oaid": mark_slot("device_id") if is_oaid_only else None,
        "amazon_aid": None,
        "imei": None,
        "customer_user_id": mark_slot("customer_user_id") if model.app.has_customer_ids else None,
        "is_lat": True if model.ids == ZERO_IDS else None,
        "ip": mark_slot("ip"),
    }


def _compose_device(model: Model) -> Fields:
    is_android = model.app.platform == ANDROID
    return {
        "platform": model.app.platform,
        "device_category": "phone",
        "device_type": mark_slot("device_type"),
        "os_version": mark_slot("os_version"),
        "user_agent": mark_slot("user_agent"),
        "language": mark_slot("language"),
        "wifi": mark_slot("wifi"),
        "carrier": mark_slot("carrier"),
        "operator": mark_slot("carrier") if is_android else None,
        "sdk_version": "v6.14.0" if is_android else "v6.15.1",
        "install_app_store": "google_play" if is_android else None,
    }


def _compose_place() -> Fields:
    slots = {"country_code": "country", "region": "region", "state": "state", "city": "city"}
    slots |= {"postal_code": "postal_code", "dma": "dma"}
    return {name: mark_slot(slot) for name, slot in slots.items()}


def _compose_times(model: Model) -> Fields:
    is_from_store = model.app.platform == ANDROID
    fields: Fields = {
        "gp_click_time": mark_slot("gp_click") if is_from_store else None,
        "gp_install_begin": mark_slot("gp_begin") if is_from_store else None,
        "selected_timezone": mark_slot("zone"),
    }
    for name, slot in (
        ("event_time", "event"),
        ("install_time", "install"),
        ("device_download_time", "download"),
    ):
        fields |= _compose_time(name, slot)
    touch = _compose_time("attributed_touch_time", "touch")
    return fields | (dict.fromkeys(touch) if model.is_organic else touch)


def _compose_time(name: str, slot: str) -> Fields:
    return {name: mark_slot(f"{slot}_time"), f"{name}_selected_timezone": mark_slot(f"{slot}_local")}


def _compose_attribution(model: Model, feed: Feed) -> Fields:
    source = SOURCES[model.source]
    slots = {"campaign": "campaign", "af_c_id": "campaign_id", "af_adset": "adset", "af_adset_id": "adset_id"}
    slots |= {"af_ad": "ad", "af_ad_id": "ad_id", "af_siteid": "siteid", "af_sub_siteid": "sub_siteid"}
    named: Fields = {name: mark_slot(slot) for name, slot in slots.items()}
    fields: Fields = named | {
        "af_channel": source.channel,
        "af_ad_type": "video",
        "af_keywords": "puzzle+game" if source.channel.endswith("Search") else None,
        "af_prt": source.agency,
        "af_cost_model": "CPI",
        "af_cost_value": "1.35",
        "af_cost_currency": "EUR",
        "cost_in_selected_currency": "1.485",
        "af_attribution_lookback": "7d",
        "af_reengagement_window": "30d" if model.is_retargeting else None,
        "attributed_touch_type": source.touch_type,
        "match_type": source.match_type,
        "original_url": _compose_url(model, source),
        "gp_referrer": _compose_referrer(source) if model.app.platform == ANDROID else None,
        "http_referrer": f"https://ads.example.net/{source.channel.lower()}/click?placement={mark_slot('siteid')}&r={mark_slot('click_id')}&u={_STORE}",
    }
    fields |= {f"af_sub{n}": f"sub{n}-{mark_slot('siteid')}" for n in range(1, 6)}
    fields |= {
        "gp_broadcastreferrer": None,
        "keyword_id": None,
        "keyword_match_type": None,
        "network_account_id": None,
    }
    if model.is_organic:
        fields = dict.fromkeys(fields)
    return fields | {"media_source": feed.organic if model.is_organic else source.name}


def _compose_referrer(source: Source) -> str:
    return f"af_tranid={mark_slot('click_id')}&pid={source.name}&c={mark_slot('campaign')}"


def _compose_url(model: Model, source: Source) -> str:
    """Compose the link that was clicked, which carries device ids too."""
    is_android = model.app.platform == ANDROID
    device_id = ZEROS if model.ids else mark_slot("device_id")
    ids = (
        f"advertiserId={device_id}&android_id={mark_slot('android_id')}"
        if is_android
        else f"idfa={device_id}"
    )
    campaign, c_id, adset, adset_id = (mark_slot(s) for s in ("campaign", "campaign_id", "adset", "adset_id"))
    site, sub_site, ad, ad_id = (mark_slot(s) for s in ("siteid", "sub_siteid", "ad", "ad_id"))
    return (
        f"https://app.appsflyer.com/{model.app.app_id}?pid={source.name.replace(' ', '%20')}&c={campaign}"
        f"&clickid={mark_slot('click_id')}&{ids}&af_siteid={site}&af_sub_siteid={sub_site}&af_c_id={c_id}"
        f"&af_adset={adset}&af_adset_id={adset_id}&af_ad={ad}&af_ad_id={ad_id}&af_channel={source.channel}"
        f"&af_dp=shop%3A%2F%2Fopen&af_cost_model=CPI&af_cost_value=1.35&af_cost_currency=EUR"
        f"&af_click_lookback=7d&af_viewthrough_lookback=24h&af_prt={source.agency or ''}"
    )


def _compose_contributors(model: Model) -> Fields:
    fields: Fields = {}
    for n, name in enumerate(CONTRIBUTORS, 1):
        fields |= {
            f"contributor_{n}_media_source": name,
            f"contributor_{n}_campaign": f"{name}_prospecting",
            f"contributor_{n}_touch_type": "click",
            f"contributor_{n}_touch_time": mark_slot(f"contributor_{n}_time"),
            f"contributor_{n}_match_type": "id_matching",
            f"contributor_{n}_af_prt": None,
        }
    return dict.fromkeys(fields) if model.is_organic else fields


def _compose_event(model: Model) -> Fields:
    is_in_app = model.kind >= FIRST_IN_APP
    money = {
        "event_revenue": "price",
        "event_revenue_currency": "currency",
        "event_revenue_usd": "price_usd",
        "revenue_in_selected_currency": "price_selected",
    }
    return {
        "event_name": mark_slot("event_name") if is_in_app else EVENT_NAMES[model.kind],
        "event_value": mark_slot("event_value") if is_in_app else None,
        **{name: mark_slot(slot) if model.has_money else None for name, slot in money.items()},
        "event_source": "SDK",
        "is_receipt_validated": True if model.has_money else None,
        "is_retargeting": model.is_retargeting,
        "retargeting_conversion_type": _CONVERSIONS[model.kind][1],
        "is_primary_attribution": model.kind != Kind.SECONDARY_IN_APP if model.is_retargeting else None,
        "store_reinstall": True if model.kind == Kind.REINSTALL else None,
        "deeplink_url": "shop://open?item=42" if model.kind == Kind.RE_ENGAGEMENT else None,
        "custom_data": _CUSTOM_DATA,
    }


def _compose_app(model: Model) -> Fields:
    is_android = model.app.platform == ANDROID
    return {
        "app_id": model.app.app_id,
        "app_name": model.app.name,
        "app_version": "4.12.0",
        "bundle_id": model.app.app_id if is_android else "jp.hoshi.diary",
        "selected_currency": model.app.currency,
        "api_version": "2.0",
    }


def _compose_newer_fields(model: Model) -> Fields:
    """Compose fields that came without a version change, the last two known to nobody yet."""
    campaign_type = "Organic" if model.is_organic else "UA"
    att = None if model.app.platform == ANDROID else "denied" if model.ids else "authorized"
    return {
        "event_type": _EVENT_TYPES[model.kind],
        "conversion_type": _CONVERSIONS[model.kind][0],
        "campaign_type": "Retargeting" if SOURCES[model.source].is_retargeting else campaign_type,
        "att": att,
        "gdpr_applies": False,
        "ad_user_data_enabled": True,
        "ad_personalization_enabled": model.ids == 0,
        "store_product_page": "default",
        "engagement_score": "0.73",
    }
