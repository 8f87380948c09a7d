import pickle
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.macros import (
    Parameter,
    TemplateError,
    mend_currency,
    mend_currency_bytes,
    parse_template,
    read_postback,
    translate,
)
from etl.errors import ConfigurationError

IN_APP_TEMPLATE = (
    "http://example.com?pid=(media_source)&device_ip=(ip)&advertising_id=(advertiserId)"
    "&install_time=(install-unix-ts)&event_name=(event-name)¤cy=(currency)&json=(event-value)"
)
INSTALL_TEMPLATE = (
    "http://example.com?pid=(media source)&device_ip=(ip)&idfa=(idfa)&install_time=(install-unix-ts)"
)


def read(template: str, query: str) -> dict[str, str]:
    """Read a landed query through a template, as the parser does."""
    pairs = parse_qsl(mend_currency(query), keep_blank_values=True)
    return read_postback(parse_template(template), pairs)


def only_parameter(template: str) -> Parameter:
    """Parse a template of one parameter."""
    (parameter,) = parse_template(template).parameters
    return parameter


def test_parameter_names_are_the_partners() -> None:
    """The macro says what a value is: the vendor's own `country_code=(ip)` is an address."""
    assert read("http://example.com?country_code=(ip)&e=(event)", "country_code=192.0.2.1&e=a") == {
        "ip": "192.0.2.1",
        "event_name": "a",
    }


def test_parameters_keep_their_order() -> None:
    """A template's parameters come in the order of the URL, fixed ones with their text."""
    template = parse_template("http://example.com?b=(idfa)&fixed=1&a=(ip)")
    assert [(p.name, p.macro, p.literal) for p in template.parameters] == [
        ("b", "idfa", ""),
        ("fixed", None, "1"),
        ("a", "ip", ""),
    ]


@pytest.mark.parametrize(
    "template",
    [
        "https://example.com/p?e=(event)",
        "?e=(event)",
        "&e=(event)",
        "e=%28event%29",
        "http://example.com?e=(event)#(x)",
    ],
)
def test_forms_of_a_template(template: str) -> None:
    """A template is a URL or its query alone, encoded or not; what follows `#` is never sent."""
    assert only_parameter(template).target == "event_name"


def test_templates_copied_from_a_page() -> None:
    """Ampersands that a page escaped, and the currency sign that it made, are mended."""
    template = parse_template("http://example.com?e=(event)&amp;x=(ip)&curren;cy=(currency)")
    assert [p.name for p in template.parameters] == ["e", "x", "currency"]


@pytest.mark.parametrize(
    ("template", "is_install"),
    [
        (INSTALL_TEMPLATE, True),
        (IN_APP_TEMPLATE, False),
        ("e=(event)&j=(encode)", False),
        ("ip=(ip)&event_name=install", True),
        ("ip=(ip)&event_name=purchase", False),
    ],
)
def test_install_templates(template: str, is_install: bool) -> None:  # noqa: FBT001
    """A template is for installs where nothing in it names another event."""
    assert parse_template(template).is_install is is_install


def test_install_postback() -> None:
    """An install's message is named, and happens when the app was installed."""
    query = "pid=a_int&device_ip=192.0.2.1&idfa=&install_time=1451923560"
    assert read(INSTALL_TEMPLATE, query) == {
        "media_source": "a_int",
        "ip": "192.0.2.1",
        "install_time": "2016-01-04 16:06:00",
        "event_name": "install",
        "event_time": "2016-01-04 16:06:00",
    }


def test_install_with_an_event_time() -> None:
    """An install keeps the event time that it came with."""
    message = read("t=(event_time)&i=(install_unix_ts)", "t=2016-01-04+16:07:00.123&i=1451923560")
    assert message["event_time"] == "2016-01-04 16:07:00.123"


def test_in_app_postback() -> None:
    """The vendor's example is read whole: broken currency, encoded event value with its last newline."""
    query = (
        "pid=a_int&device_ip=192.0.2.1&install_time=1451923560&event_name=af_purchase¤cy=USD&revenue=120.00"
        "&json=%7B%22af_quantity%22%3A1%2C%22af_revenue%22%3A%22120.10%22%7D%0A"
    )
    assert read(IN_APP_TEMPLATE, query) == {
        "media_source": "a_int",
        "ip": "192.0.2.1",
        "install_time": "2016-01-04 16:06:00",
        "event_name": "af_purchase",
        "event_revenue_currency": "USD",
        "event_value": '{"af_quantity":1,"af_revenue":"120.10"}',
        "revenue": "120.00",
    }


@pytest.mark.parametrize(
    ("macro", "value", "text"),
    [
        ("attributed_touch_type", "1", "impression"),
        ("attributed_touch_type", "0", "click"),
        ("attributed_touch_type", "tv", "tv"),
        ("install_unix_ts", "1451923560", "2016-01-04 16:06:00"),
        ("install_unix_ts", "1451923560000", "1451923560000"),
        ("install_unix_ts", "2016-01-04 16:06:00", "2016-01-04 16:06:00"),
        ("install_unix_ts", "\u0661", "\u0661"),
        ("install_time", "1451923560", "1451923560"),
        ("encode", '{"a":"100%25"}\n', '{"a":"100%25"}'),
        ("encode", "%7B%22a%22%3A1%7D%0A", '{"a":1}'),
        ("encode", "not json", "not json"),
        ("idfa", "(idfa)", ""),
        ("idfa", "(Gotham)", "(Gotham)"),
    ],
)
def test_values(macro: str, value: str, text: str) -> None:
    """A value is translated where the vendor says how, and empty where the macro stayed unfilled."""
    assert translate(only_parameter(f"x=({macro})"), value) == text


def test_fixed_parameters() -> None:
    """A fixed parameter is read by its own name where that names a macro, and kept as it is otherwise."""
    message = read("app_id=id1&token=t&device_brand=b&e=(event)", "app_id=id1&token=t&device_brand=b&e=a")
    assert message == {"app_id": "id1", "token": "t", "parameter:device_brand": "b", "event_name": "a"}


def test_macros_come_before_fixed_parameters() -> None:
    """What AppsFlyer filled in wins over what is fixed, and the other value is not lost."""
    message = read("campaign=fixed&e=(event)&name=(c)", "campaign=fixed&e=a&name=real")
    assert message == {"campaign": "real", "event_name": "a", "parameter:campaign": "fixed"}


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "z", "ip", "currency"]), st.text(st.characters(codec="utf-8")))
    )
)
def test_no_value_is_lost(pairs: list[tuple[str, str]]) -> None:
    """Whatever lands, each parameter's last value that is not empty is somewhere in the message."""
    template = parse_template("a=(idfa)&b=(ip)&e=(event)")
    message = read_postback(template, dict(pairs).items())
    kept = {translate(template.by_name[n], v) if n in template.by_name else v for n, v in dict(pairs).items()}
    assert {value for value in kept if value} - {"(ip)", "(idfa)"} <= set(message.values())


@pytest.mark.parametrize(
    ("template", "facts"),
    [
        ("http://example.com?id=(advertizer_id)", ("'id'", "(advertizer_id)", "(advertiserId)")),
        ("http://example.com?id=(media_sorce)", ("'id'", "(media_sorce)", "(media_source)")),
        ("http://example.com?id=(qqqqqqqq)", ("'id'", "(qqqqqqqq)", "docs/fields.md")),
        ("http://example.com?id=()", ("'id'", "()")),
        ("http://example.com?id=x-(idfa)", ("'id'", "(idfa)", "of its own")),
        ("http://example.com?id=(idfa)(ip)", ("'id'", "(idfa)", "of its own")),
        ("http://example.com/(app_id)?id=(idfa)", ("(app_id)", "path")),
        ("http://example.com?id=(idfa)&id=(advertiserId)", ("'id'", "twice")),
        ("http://example.com?id=1", ("no macro", "(advertiserId)")),
        ("", ("no macro",)),
    ],
)
def test_unusable_templates(template: str, facts: tuple[str, ...]) -> None:
    """A template that cannot be used is refused with the parameter, the macro and the way out."""
    with pytest.raises(TemplateError) as raised:
        parse_template(template)
    for fact in facts:
        assert fact in str(raised.value)


def test_template_errors_are_about_configuration() -> None:
    """An unusable template is a fault of the configuration, and a ValueError to validators."""
    assert issubclass(TemplateError, ConfigurationError)
    assert issubclass(TemplateError, ValueError)


BROKEN = ["a=1¤cy=USD", "a=1&curren;cy=USD", "a=1%C2%A4cy=USD", "a=1%c2%a4cy=USD", "a=1%A4cy=USD"]


@pytest.mark.parametrize("query", [*BROKEN, "a=1\udca4cy=USD", "a=1Â¤cy=USD", "a=1&currency=USD"])
def test_currency_is_mended(query: str) -> None:
    """However HTML broke `&currency=`, it is whole again, and a whole one stays."""
    assert mend_currency(query) == "a=1&currency=USD"


@pytest.mark.parametrize("query", [*map(str.encode, BROKEN), b"a=1\xa4cy=USD", "a=1Â¤cy=USD".encode()])
def test_currency_bytes_are_mended(query: bytes) -> None:
    """The same in bytes, where the sign may be a lone latin-1 byte."""
    assert mend_currency_bytes(query) == b"a=1&currency=USD"


@given(st.text(st.characters(codec="utf-8")))
def test_encoded_values_are_left_alone(value: str) -> None:
    """Mending changes no parameter's encoded value, even one that holds the broken text."""
    query = f"a={quote(value + '¤cy=', safe='')}&b=2"
    assert mend_currency(query) == query
    assert mend_currency_bytes(query.encode()) == query.encode()


def test_templates_travel_to_workers() -> None:
    """A parsed template survives the way to another process."""
    template = parse_template(IN_APP_TEMPLATE)
    travelled = pickle.loads(pickle.dumps(template))
    assert travelled == template
    assert travelled.by_name == template.by_name
