from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConfigurationError
from etl.lake.tables import EVENTS
from etl.liftoff.parameters import PARAMETERS, REQUIRED
from etl.liftoff.templates import TemplateError, parse_template, require_complete

BASE = "https://analytics.liftoff.io/v2/events"
COMPLETE = "&".join(f"{name}={{{name}}}" for name in (*REQUIRED, "user_id", "test_mode"))
HOSTILE = [
    "&test_mode=1",
    "#",
    "%26x=1",
    "a=b",
    "+",
    " ",
    "\n&x=1",
    "\r\nHost: x",
    "?",
    "ü",
    "\u2028",
    "💶",
    "\0",
]
VALUES = st.one_of(st.text(min_size=1), st.sampled_from(HOSTILE), st.text("&=#%+;\n\r\"'{}() ", min_size=1))


def read_query(url: str) -> list[tuple[str, str]]:
    """Read the parameters of a filled URL, in order."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)


def test_an_address_alone_gets_all_parameters() -> None:
    """Liftoff's address needs no query written by hand."""
    assert parse_template(BASE).macros == PARAMETERS


def test_what_has_no_value_is_left_out() -> None:
    """Neither an empty parameter nor the word None is ever sent: test_mode counts by its mere presence."""
    url = parse_template(f"{BASE}?a={{language}}&test_mode={{test_mode}}&b={{user_id}}").fill(
        {"language": "en", "user_id": ""}
    )
    assert url == f"{BASE}?a=en"


def test_values_are_encoded_as_rfc_3986_has_it() -> None:
    """A space is %20, never a plus; other scripts are UTF-8."""
    url = parse_template(f"{BASE}?ua={{user_agent}}&l={{language}}").fill(
        {"user_agent": "a b/c;é~", "language": "\n"}
    )
    assert url == f"{BASE}?ua=a%20b%2Fc%3B%C3%A9~&l=%0A"


def test_appsflyer_spellings_name_the_parameter_that_carries_the_field() -> None:
    """A template in AppsFlyer's notation sends what has passed mapping and gates, never the raw field."""
    template = parse_template(
        f"{BASE}?ip=(ip)&id=(advertiserId)&e=(event-name)&t=(event_time)&u=(appsflyer_id)"
    )
    assert template.macros == ("client_ip", "device_id", "event_name", "event_timestamp", "user_id")


@pytest.mark.parametrize("spelling", ["media_source", "media source", "media-source", "mediaSource", "pid"])
def test_a_field_that_no_parameter_carries_can_be_asked_for(spelling: str) -> None:
    """A partner who asks for one more field needs no change of code."""
    template = parse_template(f"{BASE}?{COMPLETE}&source=({spelling})")
    assert template.fields == ("media_source",)
    assert template.fill({"appsflyer:media_source": "a b"}) == f"{BASE}?source=a%20b"


@pytest.mark.parametrize(
    "spelling", ["event_value", "encode", "sha1-idfa", "android-id", "oaid", "city", "gp_referrer", "af_sub1"]
)
def test_personal_fields_never_leave(spelling: str) -> None:
    """A template cannot send what mapping and gates do not know."""
    with pytest.raises(TemplateError, match="never leaves"):
        parse_template(f"{BASE}?x=({spelling})")


def test_every_field_that_is_asked_for_is_a_column() -> None:
    """A macro that AppsFlyer computes is read from the column that it computes it from."""
    template = parse_template(f"{BASE}?a=(install-unix-ts)&b=(wifi)")
    assert template.fields == ("install_time", "wifi")
    assert set(template.fields) <= set(EVENTS.schema.names)


def test_text_around_a_macro_stays_and_goes_with_it() -> None:
    """A value may have fixed text in it; a fixed parameter is always there."""
    template = parse_template(f"{BASE}?v=v-{{app_version}}!&fixed=a+b%26")
    assert template.fill({"app_version": "1&2"}) == f"{BASE}?v=v-1%262%21&fixed=a%20b%26"
    assert template.fill({}) == f"{BASE}?fixed=a%20b%26"


@pytest.mark.parametrize("fixed", ["1", "0", ""])
def test_a_fixed_test_mode_is_the_macro(fixed: str) -> None:
    """Liftoff's published template has test_mode=1, which would make production a test."""
    template = parse_template(f"{BASE}?l={{language}}&test_mode={fixed}")
    assert template.fill({"language": "en"}) == f"{BASE}?l=en"
    assert template.fill({"language": "en", "test_mode": "1"}) == f"{BASE}?l=en&test_mode=1"


def test_a_template_that_went_through_html_or_encoding_is_read() -> None:
    """What is copied from a page has `&amp;`, and macros may be percent-encoded."""
    template = parse_template(f"{BASE}?a=%7Blanguage%7D&amp;b=%28ip%29")
    assert template.macros == ("language", "client_ip")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("?x={languages}", r"did you mean \{language\}\?"),
        ("?x={foo}", "which is not known"),
        ("?x=(advertiser_idd)", r"did you mean"),
        ("?x=(foo)", "which is not known"),
        ("?x={language", "half a macro"),
        ("?x=language}", "half a macro"),
        ("?x={}", "not known"),
        ("?{language}=x", "macros are values"),
        ("?x={language}&x={user_id}", "twice"),
        ("/{event_name}?x=1", "in front of the question mark"),
        ("/%7Bevent_name%7D?x=1", "in front of the question mark"),
        ("?x={language}#y", "#"),
        ("/a b?x={language}", "no web address"),
    ],
)
def test_what_cannot_be_filled_is_an_error_at_start(query: str, problem: str) -> None:
    """An unknown macro, or a place where a value could do harm, is told before anything is sent."""
    with pytest.raises(TemplateError, match=problem) as refusal:
        parse_template(f"{BASE}{query}")
    assert isinstance(refusal.value, ConfigurationError)


@pytest.mark.parametrize(
    "url", ["ftp://host/?x={language}", "liftoff.io?x={language}", "//host?x={language}"]
)
def test_a_postback_goes_to_a_web_address(url: str) -> None:
    """Nothing but http and https is sent to."""
    with pytest.raises(TemplateError, match="no web address"):
        parse_template(url)


def test_credentials_are_not_part_of_a_url() -> None:
    """The key is sent in a header; in a URL it would stand in logs."""
    for place in ("user:secret@host", "good.example\\@evil.example", "@host"):
        with pytest.raises(TemplateError, match="header"):
            parse_template(f"https://{place}/?x={{language}}")


@pytest.mark.parametrize(
    "address",
    [
        *("https://", "https:///v2", "https://?", "https://.", "https://a..b/", "https://-", "https://x|y/"),
        *("https://h:99999/", "https://h:0/", "https://h:port/", "https://a%40b/", "https://x\\y/"),
        *("http://[::1", "http://[::1]x/", "http://[::1/", "http://[fe80::1%25lo]/", "http://[1:2]/"),
        f"https://{'a' * 64}.example/",
    ],
)
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    """What nobody could ever be asked at is told at start, not tried again for a day."""
    with pytest.raises(TemplateError, match="no host"):
        parse_template(f"{address}?x={{language}}")


@pytest.mark.parametrize("address", ["https://лифт.example/", "https://x.example/путь", "https://x\ud800/"])
def test_an_address_is_ascii(address: str) -> None:
    """HTTP has nothing else in its first line."""
    with pytest.raises(TemplateError, match="ASCII"):
        parse_template(f"{address}?x={{language}}")


@pytest.mark.parametrize(
    "address", ["http://[::1]:8000/x", "https://a_b.c-d.example.:443", "http://10.0.0.1", "http://sandbox:1/"]
)
def test_a_host_is_a_name_or_an_address(address: str) -> None:
    """Of either kind, with and without a port."""
    assert parse_template(f"{address}?x={{language}}").address == f"{address}?"


@pytest.mark.parametrize("name", [*REQUIRED, "test_mode"])
def test_what_liftoff_requires_must_be_in_the_template(name: str) -> None:
    """Without a required parameter every postback would be refused, or a test would count as real."""
    query = "&".join(piece for piece in COMPLETE.split("&") if not piece.startswith(f"{name}="))
    with pytest.raises(TemplateError, match=name):
        require_complete(parse_template(f"{BASE}?{query}"))
    require_complete(parse_template(f"{BASE}?{COMPLETE}"))


def test_a_template_names_somebody() -> None:
    """One of the three identifiers at least must be in it."""
    with pytest.raises(TemplateError, match="names nobody"):
        require_complete(parse_template(f"{BASE}?{COMPLETE.replace('&user_id={user_id}', '')}"))


@given(st.dictionaries(st.sampled_from(PARAMETERS), VALUES))
def test_a_filled_url_reads_back_as_what_was_filled_in(parameters: dict[str, str]) -> None:
    """No value adds, removes or changes a parameter, whatever is in it."""
    url = parse_template(BASE).fill(parameters)
    expected = [(name, parameters[name]) for name in PARAMETERS if name in parameters]
    assert (read_query(url) if expected else []) == expected
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url


@given(st.dictionaries(st.sampled_from(PARAMETERS), VALUES), VALUES)
def test_fixed_text_changes_nothing_of_that(parameters: dict[str, str], literal: str) -> None:
    """The slower way, for templates with fixed text, is as safe."""
    url = parse_template(f"{BASE}?fixed=1&a=-{{user_agent}}.&b={{language}}").fill(
        {**parameters, "language": literal}
    )
    agent = [("a", f"-{parameters['user_agent']}.")] if "user_agent" in parameters else []
    assert read_query(url) == [("fixed", "1"), *agent, ("b", literal)]
