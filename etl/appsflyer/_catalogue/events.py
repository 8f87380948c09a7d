"""The app, the event, its money and its clocks."""

from etl.appsflyer._catalogue.field import boolean, local_time, money, text, utc_time

APP_FIELDS = (
    text(
        "app_id",
        "App ID",
        "Id of the app in AppsFlyer: `id` and the App Store number on iOS, the package name on Android; "
        "always sent, and the lake's first partition.",
        low=True,
        macros=("app_id",),
    ),
    text(
        "app_name",
        "App Name",
        "Name that the advertiser gave the app in AppsFlyer.",
        low=True,
        macros=("app_name",),
    ),
    text(
        "app_version",
        "App Version",
        "Version of the app that reported the event, as its developer wrote it.",
        low=True,
        aliases=("app-version-name", "app_version_name"),
        macros=("app-version-name",),
    ),
    text(
        "bundle_id",
        "Bundle ID",
        "Bundle identifier of the app (iOS) or its package name (Android).",
        low=True,
    ),
    text(
        "platform",
        "Platform",
        "Operating system family of the device: `ios`, `android`, seldom another.",
        low=True,
        macros=("platform",),
    ),
    text(
        "sdk_version",
        "SDK Version",
        "Version of the AppsFlyer SDK inside the app; empty or older than the app's for server-to-server "
        "events.",
        low=True,
    ),
    text(
        "api_version",
        "API Version",
        "Version of the Push API message format; `2.0` in V2 messages, `pull` where a file of the Pull API "
        "told the event.",
        low=True,
    ),
    text(
        "install_app_store",
        "Install App Store",
        "Android store from which the app was downloaded, where the app or the store tells it.",
        low=True,
    ),
    text(
        "store_reinstall",
        "Store Reinstall",
        "The store's own word on whether this was a reinstall; text, because the vendor publishes no list "
        "of its values.",
        low=True,
    ),
)

EVENT_FIELDS = (
    text(
        "event_name",
        "Event Name",
        "Name of the in-app event as the app reported it, or of the conversion (`install`, `re-engagement`, "
        "`re-attribution`, `reinstall`); always sent. Most V1.0 messages send it beside `event_type`, which "
        "replaces it only where it is absent.",
        low=True,
        macros=("event_name", "event-name", "event"),
    ),
    text(
        "event_value",
        "Event Value",
        "Details of the in-app event, mostly JSON, exactly as the app wrote them. Personal because apps put "
        "anything there: order numbers, e-mail addresses, user ids.",
        personal=True,
        macros=("event_value", "event-value", "encode"),
    ),
    text(
        "event_source",
        "Event Source",
        "Where the event was reported from: the app's `SDK`, or a server (`S2S`).",
        low=True,
    ),
    utc_time(
        "event_time",
        "Event Time",
        "When the event happened, UTC; always sent. V1.0 sends it without milliseconds.",
        macros=("event_time",),
    ),
    local_time(
        "event_time_selected_timezone",
        "Event Time Selected Timezone",
        "`event_time` in the app's selected zone, with that instant's offset.",
        aliases=("event_time_selected_ timezone",),
    ),
    text(
        "conversion_type",
        "Conversion Type",
        "Kind of conversion that the event counts for: install, re-engagement or reinstall; with "
        "`campaign_type` it tells the message's topic.",
        low=True,
    ),
    text(
        "campaign_type",
        "Campaign Type",
        "Kind of campaign that won the event: `UA` (user acquisition), `Retargeting` or `Organic`.",
        low=True,
    ),
    text(
        "custom_data",
        "Custom Data",
        "Data that the app attached to every event through the SDK. Personal because apps put anything "
        "there.",
        personal=True,
    ),
    text(
        "custom_dimension",
        "Custom Dimension",
        "Value that the advertiser adds for breakdowns of their own; without a fixed meaning, and therefore "
        "treated as personal.",
        personal=True,
    ),
    boolean(
        "is_receipt_validated",
        "Is Receipt Validated",
        "Whether the store confirmed the purchase receipt; null where the app does not validate receipts.",
    ),
)

MONEY_FIELDS = (
    money(
        "event_revenue",
        "Event Revenue",
        "Revenue of the event, in `event_revenue_currency`; negative for refunds. Sum it once per "
        "occurrence, since retargeting pairs repeat it.",
        macros=("event_revenue",),
    ),
    text(
        "event_revenue_currency",
        "Event Revenue Currency",
        "ISO 4217 code of `event_revenue` as the app reported it. In V1.0 in-app events the field "
        "`currency` tells it.",
        low=True,
        macros=("event_revenue_currency", "currency"),
    ),
    money(
        "event_revenue_usd",
        "Event Revenue USD",
        "`event_revenue` in US dollars, or in another preferred currency where the app's settings say so.",
        aliases=("event_revenue_USD",),
        macros=("event_revenue_USD", "event_revenue_usd"),
    ),
    money(
        "revenue_in_selected_currency",
        "Revenue In Selected Currency",
        "`event_revenue` converted into `selected_currency`.",
        aliases=("revenue_in_selected_ currency",),
    ),
    money(
        "cost_in_selected_currency",
        "Cost In Selected Currency",
        "`af_cost_value` converted into `selected_currency`.",
        aliases=("cost_in_selected_ currency",),
    ),
    text(
        "selected_currency",
        "Selected Currency",
        "Currency set for the app at the moment of the message; the setting can change over an app's life.",
        low=True,
    ),
    text(
        "af_cost_model", "Cost Model", "What the advertiser pays for, for example `CPI` or `CPC`.", low=True
    ),
    money(
        "af_cost_value",
        "Cost Value",
        "What the install or engagement cost, in `af_cost_currency`, as the attribution link or the network "
        "reported it.",
        v1_names=("cost_per_install",),
    ),
    text(
        "af_cost_currency",
        "Cost Currency",
        "ISO 4217 code of `af_cost_value`. V1.0's `currency` tells it too where the message has a cost.",
        low=True,
    ),
)

CLOCK_FIELDS = (
    text(
        "selected_timezone",
        "Selected Timezone",
        "IANA name of the zone set for the app at the moment of the message, or `UTC`; the setting can "
        "change over an app's life.",
        low=True,
    ),
    utc_time(
        "install_time",
        "Install Time",
        "First launch of the app after the install (or after the re-engagement or re-attribution), UTC.",
        macros=("install_time", "install_unix_ts", "install-unix-ts"),
    ),
    local_time(
        "install_time_selected_timezone",
        "Install Time Selected Timezone",
        "`install_time` in the app's selected zone; its offset can differ from that of other fields across "
        "a change of clocks.",
        aliases=("install_time_selected_ timezone",),
    ),
    utc_time(
        "device_download_time",
        "Device Download Time",
        "When the app was downloaded to the device, UTC, as the device or the store reported it.",
        v1_names=("download_time",),
    ),
    local_time(
        "device_download_time_selected_timezone",
        "Device Download Time Selected Timezone",
        "`device_download_time` in the app's selected zone, with that instant's offset.",
        v1_names=("download_time_selected_timezone",),
        aliases=("device_download_time_selected_ timezone",),
    ),
    utc_time(
        "attributed_touch_time",
        "Attributed Touch Time",
        "When the click or view that won the attribution happened, UTC; empty for organic.",
        v1_names=("click_time",),
        aliases=("attributed_touch time",),
        macros=("attributed_touch time",),
    ),
    local_time(
        "attributed_touch_time_selected_timezone",
        "Attributed Touch Time Selected Timezone",
        "`attributed_touch_time` in the app's selected zone, with that instant's offset.",
        v1_names=("click_time_selected_timezone",),
        aliases=("attributed_touch_time_ selected_timezone",),
    ),
)
