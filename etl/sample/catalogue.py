"""What the sample is about: apps, media sources, events, prices, devices and places. All made up."""

from dataclasses import dataclass

ANDROID = "android"
IOS = "ios"


@dataclass(frozen=True, slots=True)
class App:
    """An app as AppsFlyer knows it, and the zone and currency selected for it."""

    app_id: str
    name: str
    platform: str
    zone: str
    earlier_zone: str
    currency: str
    has_customer_ids: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A media source; the organic one has no name of its own."""

    name: str
    match_type: str
    touch_type: str
    agency: str | None
    channel: str
    is_retargeting: bool = False


@dataclass(frozen=True, slots=True)
class InAppEvent:
    """An in-app event; the pattern of its value takes a number, for money the price, currency and order."""

    name: str
    value: bytes
    has_money: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """What a purchase costs: exact text, and its worth in US dollars and in the app's currency."""

    text: bytes
    currency: bytes
    usd: bytes
    selected: bytes


@dataclass(frozen=True, slots=True)
class Device:
    """A device model with its system and user agent."""

    brand: str
    model: str
    os_version: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person is, and what the device speaks there."""

    country: str
    region: str
    state: str
    city: str
    postal_code: str
    dma: str
    carrier: str
    language: str


# The third app chose its zone only lately: messages before that used UTC.
APPS = (
    App(
        "com.northlight.tileworld",
        "Tile World",
        ANDROID,
        "America/New_York",
        "America/New_York",
        "USD",
        False,
    ),
    App("com.kitebazaar.shop", "Kite Bazaar", ANDROID, "Asia/Kolkata", "Asia/Kolkata", "INR", True),
    App("id1234567890", "Hoshi Diary", IOS, "Asia/Tokyo", "UTC", "JPY", False),
)
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Asia/Tokyo")

ORGANIC = 0
SOURCES = (
    Source("organic", "", "", None, ""),
    Source("googleadwords_int", "srn", "click", None, "ACI_Search"),
    Source("Facebook Ads", "srn", "impression", None, "Instagram"),
    Source("Apple Search Ads", "srn", "click", None, "Search"),
    Source("bytedanceglobal_int", "srn", "click", "mediaworks", "TikTok"),
    Source("unityads_int", "id_matching", "impression", None, "RewardedVideo"),
    Source("adnorth_int", "gp_referrer", "click", "mediaworks", "Banner"),
    Source("criteonew_int", "id_matching", "click", None, "Retargeting_Feed", is_retargeting=True),
    Source(
        "remerge_int", "probabilistic_modeling", "click", "brightpath", "Retargeting_App", is_retargeting=True
    ),
)
RETARGETING_SOURCES = (7, 8)
# One entry a sixteenth of the people of an app: a third come by themselves.
ACQUISITION_SOURCES = (
    (0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 4, 4, 5, 5, 6, 6),
    (0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 4, 4, 5, 6),
    (0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5),
)
CAMPAIGNS_PER_SOURCE = 6
CAMPAIGN_WORDS = ("Autumn", "Brand", "Lookalike", "Broad", "Payers", "Competitor")
ADSETS = ("18-24_all", "25-34_all", "35plus_all", "lal_1pct_payers")
ADS = ("video_15s_a", "video_30s_b", "static_square_03", "carousel_07", "playable_02")
CONTRIBUTORS = ("ironsource_int", "applovin_int", "vungle_int")

IN_APP_EVENTS = (
    InAppEvent("af_login", b'{"af_registration_method":"email","attempt":%d}'),
    InAppEvent("af_complete_registration", b'{"af_registration_method":"phone","step":%d}'),
    InAppEvent("af_level_achieved", b'{"af_level":"%d","af_score":"1200"}'),
    InAppEvent(
        "af_content_view", b'{"af_content_id":"%d","af_content_type":"item","af_content":"caf\xc3\xa9 set"}'
    ),
    InAppEvent("af_add_to_cart", b'{"af_content_id":"%d","af_quantity":1,"af_price":"9.90"}'),
    # Some bridges send another language's map syntax.
    InAppEvent("tutorial_done", b"{lesson=%d, success=true}"),
    InAppEvent(
        "af_purchase",
        b'{"af_revenue":"%b","af_currency":"%b","af_quantity":1,"af_content_type":"pack","af_order_id":"A-%d"}',
        has_money=True,
    ),
    InAppEvent(
        "af_subscribe", b'{"af_revenue":"%b","af_currency":"%b","plan":"monthly","af_order_id":"S-%d"}', True
    ),
)
LOGIN, REGISTRATION, PURCHASE = 0, 1, 6
# One entry a sixteenth of what people do.
EVENT_MIX = (0, 0, 0, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 6, 7)

PRICES = (
    (
        Price(b"4.99", b"USD", b"4.99", b"4.99"),
        Price(b"0.99", b"USD", b"0.99", b"0.99"),
        Price(b"19.90", b"EUR", b"21.89", b"21.89"),
        Price(b"99.99", b"USD", b"99.99", b"99.99"),
        Price(b"0.034965", b"USD", b"0.034965", b"0.034965"),
        Price(b"12.00", b"EUR", b"13.2", b"13.2"),
    ),
    (
        Price(b"249.00", b"INR", b"2.988", b"249"),
        Price(b"1499", b"INR", b"17.988", b"1499"),
        Price(b"89.50", b"INR", b"1.074", b"89.5"),
        Price(b"7.49", b"USD", b"7.49", b"624.1667"),
        Price(b"12999.95", b"INR", b"155.9994", b"12999.95"),
        Price(b"35.25", b"AED", b"9.5986", b"799.883"),
    ),
    (
        Price(b"120", b"JPY", b"0.804", b"120"),
        Price(b"980", b"JPY", b"6.566", b"980"),
        Price(b"12000", b"JPY", b"80.4", b"12000"),
        Price(b"2.99", b"USD", b"2.99", b"446.2687"),
        Price(b"1.990", b"EUR", b"2.189", b"326.7164"),
        Price(b"6000", b"JPY", b"40.2", b"6000"),
    ),
)
PRICES_PER_APP = 6

_WEBVIEW = (
    "Mozilla/5.0 (Linux; Android {os}; {model} Build/{build}; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36"
)
_DARWIN = "{app}/412 CFNetwork/{network} Darwin/{darwin}"


def _android(brand: str, model: str, os_version: str, build: str) -> Device:
    return Device(brand, model, os_version, _WEBVIEW.format(os=os_version, model=model, build=build))


def _iphone(model: str, os_version: str, network: str, darwin: str) -> Device:
    return Device("", model, os_version, _DARWIN.format(app="HoshiDiary", network=network, darwin=darwin))


ANDROID_DEVICES = (
    _android("samsung", "SM-S918B", "14", "UP1A.231005.007"),
    _android("samsung", "SM-A546E", "14", "UP1A.231005.007"),
    _android("Google", "Pixel 8", "15", "AP4A.250205.002"),
    _android("Google", "Pixel 6a", "14", "UQ1A.240105.004"),
    _android("Xiaomi", "23049PCD8G", "13", "TKQ1.221114.001"),
    _android("OPPO", "CPH2385", "12", "SP1A.210812.016"),
    _android("vivo", "V2250", "13", "TP1A.220624.014"),
    _android("HUAWEI", "ELE-L29", "10", "HUAWEIELE-L29"),
)
IOS_DEVICES = (
    _iphone("iPhone15,2", "17.5.1", "1496.0.7", "23.5.0"),
    _iphone("iPhone14,5", "17.4", "1494.0.7", "23.4.0"),
    _iphone("iPhone16,1", "18.1", "1568.200.51", "24.1.0"),
    _iphone("iPhone13,2", "16.7.8", "1410.1", "22.6.0"),
    _iphone("iPhone 12 mini", "17.6", "1498.700.2", "23.6.0"),
    _iphone("iPad13,4", "17.5", "1496.0.7", "23.5.0"),
    _iphone("iPhone12,1", "15.8.2", "1335.0.3.4", "21.6.0"),
    _iphone("iPhone17,3", "18.2", "1568.300.101", "24.2.0"),
)
PLACES = (
    (
        Place("US", "NA", "WA", "Redmond", "98052", "819", "T-Mobile", "English"),
        Place("US", "NA", "NY", "New York", "10001", "501", "Verizon", "en-US"),
        Place("US", "NA", "TX", "Austin", "73301", "635", "AT&T", "Spanish"),
        Place("CA", "NA", "QC", "Montréal", "H2X 1Y4", "", "Bell", "fr-CA"),
        Place("BR", "SA", "SP", "São Paulo", "01310-100", "", "Vivo", "português"),
        Place("DE", "EU", "BE", "Berlin", "10115", "", "Telekom.de", "Deutsch"),
    ),
    (
        Place("IN", "AS", "MH", "Mumbai", "400001", "", "Jio", "English"),
        Place("IN", "AS", "KA", "Bengaluru", "560001", "", "Airtel", "en-IN"),
        Place("IN", "AS", "DL", "New Delhi", "110001", "", "Vi India", "हिन्दी"),
        Place("IN", "AS", "TN", "Chennai", "600001", "", "Jio", "ta-IN"),
        Place("AE", "AS", "DU", "Dubai", "00000", "", "du", "ar-AE"),
        Place("IN", "AS", "WB", "Kolkata", "700001", "", "Airtel", "Bengali"),
    ),
    (
        Place("JP", "AS", "13", "東京", "100-0001", "", "NTT DOCOMO", "ja-JP"),
        Place("JP", "AS", "27", "Osaka", "530-0001", "", "SoftBank", "日本語"),
        Place("JP", "AS", "01", "Sapporo", "060-0001", "", "KDDI", "Japanese"),
        Place("US", "NA", "CA", "San Jose", "95110", "807", "Verizon", "en-US"),
        Place("TW", "AS", "TPE", "Taipei", "100", "", "Chunghwa", "zh-Hant-TW"),
        Place("KR", "AS", "11", "Seoul", "04524", "", "SKTelecom", "ko-KR"),
    ),
)
