"""The field tables behind `etl.appsflyer.fields`, one module a subject; import them from there."""

from etl.appsflyer._catalogue import attribution, device, events

GROUPS = {
    "App": events.APP_FIELDS,
    "Event": events.EVENT_FIELDS,
    "Money": events.MONEY_FIELDS,
    "Clocks": events.CLOCK_FIELDS,
    "Attributed touch": attribution.TOUCH_FIELDS,
    "Campaign": attribution.CAMPAIGN_FIELDS,
    "Free parameters of the link": attribution.SUB_PARAMETER_FIELDS,
    "Contributing touches": attribution.CONTRIBUTOR_FIELDS,
    "Identifiers": device.IDENTIFIER_FIELDS,
    "Device": device.DEVICE_FIELDS,
    "Place": device.PLACE_FIELDS,
    "Google Play": device.GOOGLE_PLAY_FIELDS,
    "Newer than V2.0": device.NEWER_FIELDS,
}
