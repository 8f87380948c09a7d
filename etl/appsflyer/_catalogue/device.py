"""The person's ids, their device, their place, Google Play's account, and newer fields."""

from etl.appsflyer._catalogue.field import boolean, text, utc_time

IDENTIFIER_FIELDS = (
    text(
        "appsflyer_id",
        "AppsFlyer ID",
        "AppsFlyer's own id of one installation of the app; a reinstall has a new one. First choice for "
        "telling people apart.",
        identifier=True,
        v1_names=("appsflyer_device_id",),
        macros=("appsflyer_id",),
    ),
    text(
        "customer_user_id",
        "Customer User ID",
        "The advertiser's id of the user, set by the app; often an account number, sometimes an e-mail "
        "address.",
        identifier=True,
    ),
    text(
        "advertising_id",
        "Advertising ID",
        "Google advertising id (GAID) of an Android device, which its owner can reset; all zeros where they "
        "opted out.",
        identifier=True,
        macros=("advertising_id", "advertiserId"),
    ),
    text(
        "idfa",
        "IDFA",
        "Apple's id for advertisers, which needs the owner's consent from iOS 14.5 on; `0` or all zeros "
        "where withheld.",
        identifier=True,
        macros=("idfa",),
    ),
    text(
        "idfv",
        "IDFV",
        "Apple's id of a person's device for all apps of one vendor.",
        identifier=True,
        macros=("idfv",),
    ),
    text(
        "oaid",
        "OAID",
        "Open advertising id of Android devices without Google services; its owner can reset it.",
        identifier=True,
        macros=("oaid",),
    ),
    text("amazon_aid", "Amazon Fire ID", "Amazon's advertising id on Fire devices.", identifier=True),
    text(
        "android_id",
        "Android ID",
        "Id of an Android installation that outlives app reinstalls.",
        identifier=True,
        macros=("android-id",),
    ),
    text(
        "imei",
        "IMEI",
        "Serial number of the phone's radio, which nobody can reset; only where the app collects it.",
        identifier=True,
    ),
    text(
        "ip",
        "IP",
        "IPv4 or IPv6 address that the event came from. An identifier: it leads to a person or a household.",
        identifier=True,
        macros=("ip",),
    ),
)

DEVICE_FIELDS = (
    text(
        "device_type",
        "Device Type",
        "Device as one text: `Samsung::SH-220` (brand and model) on Android, `iPhone11,6` or `iPhone 5s` on "
        "iOS. V1.0's `device_brand` and `device_model` join into it.",
        low=True,
        macros=("device_type",),
    ),
    text(
        "device_model",
        "Device Model",
        "Commercial model of the device. V1.0 has a field of this name too (Android only), which is the "
        "second half of `device_type`.",
        low=True,
    ),
    text("device_category", "Device Category", "Kind of device: phone, tablet or other.", low=True),
    text(
        "os_version",
        "OS Version",
        "Version of the device's operating system.",
        low=True,
        macros=("os_version",),
    ),
    text(
        "user_agent",
        "User Agent",
        "User agent of the device's network calls. Personal because with other fields it can single a "
        "device out.",
        personal=True,
        low=True,
        macros=("user_agent",),
    ),
    text(
        "language",
        "Language",
        "Language set on the device: a name (`English`), in English or in itself, or a locale (`en-US`, "
        "`zh-Hans-CN`).",
        low=True,
        macros=("language",),
    ),
    text(
        "carrier",
        "Carrier",
        "Mobile network that the device is connected to, as its system names it.",
        low=True,
    ),
    text(
        "operator",
        "Operator",
        "Mobile operator of the device's SIM card; differs from `carrier` when roaming.",
        low=True,
    ),
    boolean(
        "wifi",
        "WIFI",
        "Whether the device was on Wi-Fi when the event happened (for postbacks: at the conversion).",
        macros=("wifi",),
    ),
    boolean(
        "is_lat",
        "Is LAT",
        "Whether the owner limits ad tracking: on Android the opt-out of personalised ads, on iOS "
        "meaningful before iOS 14 only.",
        macros=("is_lat",),
    ),
)

PLACE_FIELDS = (
    text(
        "country_code",
        "Country Code",
        "ISO 3166 two-letter country, from the IP address.",
        low=True,
        macros=("country_code",),
    ),
    text("region", "Region", "Part of the world, from the IP address, for example `NA` or `EU`.", low=True),
    text("state", "State", "State or province, from the IP address.", low=True),
    text(
        "city",
        "City",
        "City, from the IP address. Personal because in small places it singles people out.",
        personal=True,
        low=True,
    ),
    text(
        "postal_code",
        "Postal Code",
        "Postal code, from the IP address. Personal because it narrows a person down to a neighbourhood.",
        personal=True,
    ),
    text(
        "dma", "DMA", "Nielsen's designated market area, a television region of the United States.", low=True
    ),
)

GOOGLE_PLAY_FIELDS = (
    utc_time(
        "gp_click_time",
        "Google Play Click Time",
        "When the store page opened after the click on the ad, UTC, by Google's clock.",
    ),
    utc_time(
        "gp_install_begin",
        "Google Play Install Begin Time",
        "When the installation began, UTC by name but by the device's clock, so it can be wrong by as much "
        "as that clock.",
    ),
    text(
        "gp_referrer",
        "Google Play Referrer",
        "Referrer that Google Play handed to the app. Personal because it can carry click ids.",
        personal=True,
    ),
    text(
        "gp_broadcast_referrer",
        "GP Broadcast Referrer",
        "Referrer from Google Play's older broadcast. Personal because it can carry click ids. The vendor's "
        "test message misspells its name.",
        personal=True,
        aliases=("gp_broadcastreferrer",),
    ),
)

NEWER_FIELDS = (
    text(
        "event_type",
        "Event Type",
        "Topic of the message in newer payloads, for example `install`, `organic-install`, "
        "`install-in-app-event`, `re-engagement`. V1.0 had a field of this name with another meaning "
        "(`install` or `in-app-event`), which stands in for `event_name` where that is absent.",
        low=True,
        source="newer",
    ),
    text(
        "att",
        "ATT",
        "Answer to Apple's App Tracking Transparency prompt on iOS 14 and later, for example `authorized` "
        "or `denied`.",
        low=True,
        source="newer",
    ),
    boolean(
        "gdpr_applies",
        "GDPR Applies",
        "Whether the app declared that the person is protected by the GDPR (or the Digital Markets Act).",
        source="newer",
    ),
    boolean(
        "ad_user_data_enabled",
        "Ad User Data Enabled",
        "Whether the person consented to sending their data to ad platforms.",
        source="newer",
    ),
    boolean(
        "ad_personalization_enabled",
        "Ad Personalization Enabled",
        "Whether the person consented to personalised advertising.",
        source="newer",
    ),
)
