"""Rows for each code of the row rules: some that break its rule, and some that nearly do."""

from tests.appsflyer.text_rows import Row

GAID = "6b3c8a0e-5f3d-4c1b-9e0a-2f7d1c4b5a69"
ZEROS = "00000000-0000-0000-0000-000000000000"
AT, BEFORE, AFTER = "2026-09-01 10:00:00.123", "2026-08-30 10:00:00.000", "2026-09-02 10:00:00.000"
TOUCH = "attributed_touch_time"
PURCHASE: Row = {"event_name": "af_purchase", "event_revenue": "4.99", "event_revenue_currency": "USD"}
ANDROID: Row = {"platform": "android", "app_id": "com.example.game"}


def each(field: str, *texts: str) -> tuple[Row, ...]:
    """Make a row of each text of a field."""
    return tuple({field: text} for text in texts)


BROKEN: dict[str, tuple[Row, ...]] = {
    "malformed:appsflyer_id": (
        {"appsflyer_id": "1600000000000"},
        {"appsflyer_id": "0"},
        {"appsflyer_id": "a-1"},
    ),
    "malformed:advertising_id": each("advertising_id", GAID[:-1], GAID.replace("b", "g")),
    "malformed:idfa": each("idfa", GAID.replace("-", ""), f"{{{GAID}}}", "null"),
    "malformed:idfv": ({"idfv": "123456789"}, {"idfv": f" {GAID}"}, {"idfv": GAID[:8] + "x" + GAID[9:]}),
    "malformed:oaid": ({"oaid": "abcdef"}, {"oaid": "x" * 64}, {"oaid": "a" * 65}),
    "malformed:amazon_aid": ({"amazon_aid": "9173fe74"},),
    "malformed:android_id": (
        {"android_id": "3e06b4caebc1935"[:11]},
        {"android_id": "unknown"},
        {"android_id": "g" * 16},
    ),
    "malformed:imei": each("imei", "3568680000000", "35-686800-000041"),
    "malformed:ip": (
        {"ip": "256.1.1.1"},
        {"ip": "1.2.3"},
        {"ip": "2001:db8"},
        {"ip": "8.8.8.8, 9.9.9.9"},
        {"ip": "01.2.3.4"},
    ),
    "malformed:app_id": each("app_id", "com example", "{app_id}"),
    "zero_id:advertising_id": ({"advertising_id": ZEROS}, {"advertising_id": "0", "is_lat": "false"}),
    "zero_id:idfa": ({"idfa": ZEROS}, {"idfa": "0", "att": "authorized"}),
    "zero_id:idfv": ({"idfv": ZEROS, "is_lat": "true"},),
    "zero_id:oaid": ({"oaid": "0" * 64},),
    "zero_id:amazon_aid": ({"amazon_aid": ZEROS},),
    "zero_id:android_id": ({"android_id": "0" * 16},),
    "zero_id:imei": ({"imei": "0" * 15},),
    "id_contradicts_platform": (
        {**ANDROID, "idfa": GAID},
        {**ANDROID, "platform": "Android", "idfv": GAID},
        {"platform": "ios", "advertising_id": GAID},
        {"platform": "iOS", "android_id": "3e06b4caebc19356"},
    ),
    "idfa_despite_refusal": ({"idfa": GAID, "att": "denied"}, {"idfa": GAID, "att": "Restricted"}),
    "placeholder_user_id": each("customer_user_id", "null", "Undefined", "0", " guest ", "-1"),
    "email_as_user_id": (
        {"customer_user_id": "ann@example.com"},
        {"customer_user_id": " a.b+c@mail.example.co.uk"},
    ),
    "email_in_value": ({"event_value": '{"to":"ann@example.com"}'}, {"custom_data": "mail=ann@example.com"}),
    "private_ip": each(
        "ip", "10.0.0.1", "127.0.0.1", "192.168.1.20", "172.16.0.9", "172.31.0.9", "169.254.1.1", "0.1.2.3"
    )
    + each("ip", "::1", "fe80::1%eth0", "fd12:3456::1", "::ffff:10.1.2.3", "FC00::2"),
    "install_after_event": each("install_time", AFTER, "2026-09-01 10:01:00.124"),
    "touch_after_install": ({"install_time": BEFORE, TOUCH: "2026-08-30 10:01:00.001"},),
    "touch_after_event": ({TOUCH: AFTER}, {TOUCH: AFTER, "is_retargeting": "true"}),
    "time_before_2011": ({"install_time": "1970-01-01 00:00:00.000"}, {TOUCH: "2010-12-31 23:59:59.999"}),
    "organic_with_touch": (
        {"media_source": "organic", TOUCH: BEFORE},
        {"media_source": " Organic", TOUCH: BEFORE},
    ),
    "revenue_without_currency": (
        {"event_revenue": "4.99"},
        {"event_name": "refund", "event_revenue": "-0.01"},
    ),
    "unknown_currency:event_revenue_currency": each("event_revenue_currency", "usd", "US", "BTC", "$", "XYZ"),
    "unknown_currency:af_cost_currency": ({"af_cost_currency": "Euro"},),
    "negative_revenue": ({**PURCHASE, "event_revenue": "-4.99"},),
    "implausible_revenue": (
        {**PURCHASE, "event_revenue": "1000000.01"},
        {**PURCHASE, "event_revenue": "1000000000.01", "event_revenue_currency": "VND"},
        {"event_name": "refund", "event_revenue": "-4990000", "event_revenue_currency": "EUR"},
    ),
    "unknown_country": each("country_code", "us", "USA", "EU", "ZZ", "A1"),
    "unknown_platform": each("platform", "symbian", "null"),
    "platform_contradicts_app": ({"platform": "android"}, {"platform": "iOS", "app_id": "com.example.game"}),
    "topic_contradicted": (
        {"event_type": "install", "conversion_type": "Re-engagement", "event_name": "install"},
        {"event_type": "re-engagement-in-app-event", "conversion_type": "Install"},
        {"event_type": "re-engagement-in-app-event", "is_retargeting": "false"},
        {"event_type": "re-engagement-in-app-event", "is_primary_attribution": "false"},
    ),
    "generated_event_name": each(
        "event_name",
        f"open_{GAID}",
        "view 3e06b4caebc19356",
        "buy_1725184800",
        "day_2026-09-01",
        "day_20260901",
        "invite ann@example.com",
        "myapp://open",
    ),
    "untidy_event_name": each("event_name", " buy", "buy\n", "b\x00uy"),
    "campaign_name_too_long": ({"campaign": "c_name_exceeded_max_length"},),
    "unreplaced_macro": (
        {"campaign": "{campaign_name}"},
        {"af_adset": "{{adset.name}}"},
        {"af_c_id": "__CAMPAIGN_ID__"},
        {"af_ad": "%ad%"},
        {"af_siteid": "${SITE}"},
        {"af_sub_siteid": "{sub_publisher_id}"},
    ),
    "malformed_window": ({"af_attribution_lookback": "seven"}, {"af_reengagement_window": "-30d"}),
}
SOUND: dict[str, tuple[Row, ...]] = {
    "malformed:appsflyer_id": (
        {"appsflyer_id": "1600000000000-1234567890123456789"},
        {"appsflyer_id": "e126a3b3-3406-4196-a964-563c9ae44ff8"},
    ),
    "malformed:advertising_id": each("advertising_id", GAID, GAID.upper()),
    "malformed:idfa": ({"idfa": GAID.upper()},),
    "malformed:oaid": each("oaid", GAID, "a1" * 8, "A1" * 16, "a1" * 32),
    "malformed:android_id": each("android_id", "3e06b4caebc19356", "e06b4caebc1935", "A" * 16),
    "malformed:imei": each("imei", "356868000000415", "35686800000041", "A0000012345678"),
    "malformed:ip": each("ip", "20.168.174.166", "2001:db8::1", "::ffff:8.8.8.8", "fe80::1%25", "::", "1::"),
    "malformed:app_id": each("app_id", "id1234567890", "com.example.my_game-amazon", "B08XYZ"),
    "zero_id:advertising_id": (
        {"advertising_id": ZEROS, "is_lat": "true"},
        {"advertising_id": "0" * 7 + GAID[7:]},
    ),
    "zero_id:idfa": (
        {"idfa": "0", "is_lat": "true", "os_version": "13.7"},
        {"idfa": ZEROS, "att": "denied"},
        {"idfa": ZEROS, "att": "not_determined"},
    ),
    "id_contradicts_platform": (
        {**ANDROID, "advertising_id": GAID, "oaid": GAID},
        {"platform": "ios", "idfa": GAID, "idfv": GAID},
        {"platform": "roku", "advertising_id": GAID},
        {**ANDROID, "idfa": "0", "is_lat": "true"},
    ),
    "idfa_despite_refusal": ({"idfa": GAID, "att": "authorized"}, {"idfa": ZEROS, "att": "denied"}),
    "placeholder_user_id": each("customer_user_id", "1000", "nullable", "guest42", "00"),
    "email_as_user_id": each("customer_user_id", "ann@home", "user 7 (ann@example.com)"),
    "email_in_value": each("event_value", '{"handle":"@ann"}', '{"price":"2@5.00"}'),
    "private_ip": each(
        "ip", "11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.64.0.1", "2600::1", "::2"
    ),
    "install_after_event": (
        {"install_time": AT},
        {"install_time": "2026-09-01 10:01:00.123"},
        {"install_time": "soon"},
    ),
    "touch_after_install": (
        {"install_time": BEFORE, TOUCH: "2026-08-30 10:01:00.000"},
        {"install_time": BEFORE, TOUCH: "2026-08-31 10:00:00.000", "is_retargeting": "true"},
        {"install_time": BEFORE, TOUCH: "2026-08-31 10:00:00.000", "event_type": "re-engagement"},
        {
            "install_time": BEFORE,
            TOUCH: "2026-08-31 10:00:00.000",
            "retargeting_conversion_type": "re-engagement",
        },
    ),
    "touch_after_event": ({TOUCH: AT}, {TOUCH: "2026-09-01 10:01:00.123"}),
    "time_before_2011": (
        {"install_time": "2011-01-01 00:00:00.000"},
        {"gp_click_time": "1970-01-01 00:00:00.000"},
    ),
    "organic_with_touch": (
        {"media_source": "organic"},
        {"media_source": "organic_int", TOUCH: BEFORE},
        {TOUCH: BEFORE},
    ),
    "revenue_without_currency": ({"event_revenue": "0.00"}, PURCHASE, {"event_revenue": "much"}),
    "unknown_currency:event_revenue_currency": each(
        "event_revenue_currency", "USD", "XAU", "XTS", "XXX", "HRK", "ZWL"
    ),
    "negative_revenue": tuple(
        {**PURCHASE, "event_revenue": "-4.99", "event_name": text}
        for text in ("af_refund", "cancel_purchase", "Order Returned", "chargeback")
    ),
    "implausible_revenue": (
        {**PURCHASE, "event_revenue": "1000000"},
        {**PURCHASE, "event_revenue": "45000000", "event_revenue_currency": "VND"},
        {**PURCHASE, "event_revenue": "1000000000", "event_revenue_currency": "IDR"},
    ),
    "unknown_country": each("country_code", "US", "GB", "UK", "XK", "TW", "AQ"),
    "unknown_platform": tuple(
        {"platform": text, "app_id": "x"} for text in ("ios", "iOS", "Android", "windows", "roku")
    ),
    "platform_contradicts_app": (
        ANDROID,
        {"platform": "ios"},
        {"platform": "windows", "app_id": "com.example.game"},
        {"platform": "android", "app_id": "identity.app"},
        {"platform": "ios", "app_id": "game"},
    ),
    "topic_contradicted": (
        {"event_type": "install-in-app-event", "conversion_type": "Install"},
        {"event_type": "install-in-app-event", "conversion_type": "Reinstall", "campaign_type": "UA"},
        {
            "event_type": "re-attribution",
            "conversion_type": "Reinstall",
            "campaign_type": "Retargeting",
            "event_name": "re-attribution",
        },
        {"event_type": "in-app-event", "conversion_type": "Re-engagement"},
        {"event_type": "install-in-app-event", "is_primary_attribution": "false", "is_retargeting": "true"},
        {"is_retargeting": "false", "is_primary_attribution": "true"},
        {"event_type": "surprise", "conversion_type": "novelty", "is_retargeting": "false"},
    ),
    "generated_event_name": each(
        "event_name",
        "level_100",
        "spent_1000000",
        "af_content_view",
        "facade_added",
        "q3_2026",
        "v1.2.3",
        "buy 50%",
    ),
    "untidy_event_name": each("event_name", "af purchase", "購入"),
    "campaign_name_too_long": ({"campaign": "c_name"},),
    "unreplaced_macro": each("campaign", "US__BRAND__iOS", "50% off", "{sale} now", "[brand]", "_x_", "100%")
    + each("af_siteid", "100003", "_site"),
    "malformed_window": each(
        "af_attribution_lookback", "7d", "25d", "1h", "24 hours", "30", "lifetime", "2D"
    ),
}
