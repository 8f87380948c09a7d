"""A V2 message as V1 told it: "AppsFlyer: Migrating from Push API V1.0 to Push API V2.0"."""

from etl.sample.catalogue import ANDROID
from etl.sample.messages import Fields, Model, mark_slot
from etl.sample.roles import EVENT_NAMES, FIRST_IN_APP

SECONDS = "|seconds"

_RENAMED = {
    "af_prt": "agency",
    "af_attribution_lookback": "af_click_lookback",
    "retargeting_conversion_type": "re_targeting_conversion_type",
    "appsflyer_id": "appsflyer_device_id",
    "attributed_touch_time": "click_time",
    "attributed_touch_time_selected_timezone": "click_time_selected_timezone",
    "original_url": "click_url",
    "device_download_time": "download_time",
    "device_download_time_selected_timezone": "download_time_selected_timezone",
    "af_cost_value": "cost_per_install",
}
_FACEBOOK = {
    "af_ad": "fb_adgroup_name",
    "af_ad_id": "fb_adgroup_id",
    "af_adset": "fb_adset_name",
    "af_adset_id": "fb_adset_id",
    "af_c_id": "fb_campaign_id",
    "campaign": "fb_campaign_name",
}
_UNCHANGED = (
    *("advertising_id", "idfa", "idfv", "android_id", "imei", "customer_user_id", "is_lat", "ip", "platform"),
    *("os_version", "language", "wifi", "carrier", "operator", "sdk_version", "country_code", "city"),
    *("selected_timezone", "event_time", "event_time_selected_timezone", "install_time"),
    *("install_time_selected_timezone", "media_source", "campaign", "af_siteid", "af_channel", "af_keywords"),
    *(
        "af_sub1",
        "af_sub2",
        "af_sub3",
        "af_sub4",
        "af_sub5",
        "http_referrer",
        "event_value",
        "is_retargeting",
    ),
    *("app_id", "app_name", "app_version", "bundle_id", "selected_currency", "revenue_in_selected_currency"),
)
_UTC_TIMES = {
    "event_time": "event",
    "install_time": "install",
    "click_time": "touch",
    "download_time": "download",
}


def translate_to_v1(model: Model, fields: Fields) -> Fields:
    """Name and shape fields as V1 did: UTC without milliseconds, brand and model apart, no revenue fields."""
    translated = {name: fields[name] for name in _UNCHANGED}
    translated |= {v1: fields[v2] for v2, v1 in _RENAMED.items()}
    if fields["media_source"] == "Facebook Ads":
        translated |= {v1: fields[v2] for v2, v1 in _FACEBOOK.items()}
    for name, slot in _UTC_TIMES.items():
        if translated[name] is not None:
            translated[name] = mark_slot(f"{slot}_time{SECONDS}")
    if model.app.platform == ANDROID:
        translated |= {"device_brand": mark_slot("device_brand"), "device_model": mark_slot("device_model")}
    return translated | _name_event(model) | _name_attribution(model)


def _name_event(model: Model) -> Fields:
    if model.kind < FIRST_IN_APP:
        return {"event_type": EVENT_NAMES[model.kind]}
    return {
        "event_type": "in-app-event",
        "event_name": mark_slot("event_name"),
        "currency": mark_slot("currency") if model.has_money else None,
    }


def _name_attribution(model: Model) -> Fields:
    return {"attribution_type": "organic" if model.is_organic else "regular"}
