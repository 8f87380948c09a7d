"""The postback URL as configuration: a template with macros, filled for each postback.

`{client_ip}` is Liftoff's spelling of a parameter; `(ip)` is AppsFlyer's of a field. A macro in AppsFlyer's
spelling is the Liftoff parameter that carries this field, after mapping and gates, so that no template can
send what a gate withholds; a field that no parameter carries can be asked for unless it is personal.
Vendor documents followed: "Liftoff: Analytics S2S", "AppsFlyer: Postbacks for analytics partners".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address
from operator import add
from typing import Final
from urllib.parse import quote, unquote_plus, urlsplit

from etl.appsflyer.fields import BY_NAME, canonical_name
from etl.appsflyer.macros import squash_spelling
from etl.errors import ConfigurationError
from etl.liftoff.parameters import FIELD_PREFIX, IDENTIFIERS, PARAMETERS, REQUIRED

TEST_MODE: Final = "test_mode"
# AppsFlyer's macro for the install in seconds, where Liftoff's own parameter has milliseconds.
INSTALL_SECONDS: Final = "install_unix_ts"
# Which parameter carries a field of AppsFlyer's; every other personal field stays here.
CARRIED: Final[Mapping[str, str]] = {
    "ip": "client_ip",
    "event_name": "event_name",
    "event_time": "event_timestamp",
    "install_time": "install_timestamp",
    "language": "language",
    "device_type": "device_model",
    "device_model": "device_model",
    "platform": "platform",
    "appsflyer_id": "user_id",
    "customer_user_id": "user_id",
    "idfv": "idfv",
    "advertising_id": "device_id",
    "idfa": "device_id",
    "user_agent": "user_agent",
    "app_version": "app_version",
    "bundle_id": "bundle_id",
    "os_version": "os_version",
    "event_revenue": "revenue",
    "event_revenue_currency": "currency_code",
}
_MACRO = re.compile(r"\{([^{}()]*)\}|\(([^{}()]*)\)")
_MARKS = re.compile(r"[{}()]")
_LABEL: Final = "[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?"
_PLACE = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\s]")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.~\n-]")
_ESCAPES = {chr(byte): f"%{byte:02X}" for byte in range(128)}
_DEFAULT_QUERY = "&".join(f"{name}={{{name}}}" for name in PARAMETERS)


class TemplateError(ConfigurationError, ValueError):
    """The postback URL cannot be used; the message names the parameter and the macro."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a template: its encoded name with `=`, and encoded texts around its macros' keys.

    `texts` has one more than `macros`: text, macro, text, …
    """

    name: str
    texts: tuple[str, ...]
    macros: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template.

    `macros` are the keys of parameters that it fills, in order, each once; those of AppsFlyer's fields that
    no parameter carries start with `appsflyer:`.
    """

    address: str
    parameters: tuple[Parameter, ...]
    macros: tuple[str, ...] = field(init=False)
    _simple: tuple[tuple[str, str], ...] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Name the macros, and see whether each parameter is one macro, as they mostly are."""
        macros = tuple(dict.fromkeys(macro for each in self.parameters for macro in each.macros))
        object.__setattr__(self, "macros", macros)
        is_simple = all(each.texts == ("", "") for each in self.parameters)
        simple = tuple((f"{each.name}=", each.macros[0]) for each in self.parameters) if is_simple else None
        object.__setattr__(self, "_simple", simple)

    @property
    def asked(self) -> tuple[str, ...]:
        """What is asked for by AppsFlyer's macros and no parameter of Liftoff's carries, without prefix."""
        return tuple(
            macro.removeprefix(FIELD_PREFIX) for macro in self.macros if macro.startswith(FIELD_PREFIX)
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns of `events` that this is read from."""
        return tuple("install_time" if name == INSTALL_SECONDS else name for name in self.asked)

    def fill(self, parameters: Mapping[str, str]) -> str:
        """Give the URL with all values encoded (RFC 3986, UTF-8).

        A parameter any of whose macros has no value is left out. No value can add, remove or change another
        parameter.
        """
        if self._simple is None:
            return self.address + "&".join(_fill_each(self.parameters, parameters))
        names, values = [], []
        for name, macro in self._simple:
            if value := parameters.get(macro):
                names.append(name)
                values.append(value)
        return self.address + "&".join(map(add, names, _encode_all(values)))


@lru_cache(maxsize=64)
def parse_template(url: str) -> Template:
    """Read a postback URL; one without a query gets all of Liftoff's parameters.

    Macros may be percent-encoded; `&amp;` is `&`. A fixed `test_mode`, as in Liftoff's published template, is
    read as the macro: it counts by its mere presence, so it must be absent in production.

    Raises:
        TemplateError: a macro that is unknown or may not leave, half a macro, a macro in front of the query,
            a parameter twice, or a URL with a fragment, a password or white space.
    """
    address, mark, query = url.strip().replace("&amp;", "&").partition("?")
    _require_address(address, query)
    parameters = tuple(_parse_parameters(query if mark and query else _DEFAULT_QUERY))
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in seen:
            raise TemplateError(f"names the parameter {parameter.name!r} twice; give each a name of its own")
        seen.add(parameter.name)
    return Template(f"{address}?", parameters)


def require_complete(template: Template) -> None:
    """Raise TemplateError unless the template has every parameter that Liftoff requires.

    `test_mode` is among them: without it a test would count as real.
    """
    missing = [name for name in (*REQUIRED, TEST_MODE) if name not in template.macros]
    if missing:
        raise TemplateError(
            f"lacks {', '.join(f'{{{name}}}' for name in missing)}, which every postback needs; add "
            + "&".join(f"{name}={{{name}}}" for name in missing)
        )
    if not set(IDENTIFIERS) & set(template.macros):
        raise TemplateError(
            f"names nobody; add at least one of {', '.join(f'{name}={{{name}}}' for name in IDENTIFIERS)}"
        )


def _encode_all(values: list[str]) -> list[str]:
    """Encode values, all in one pass where they are ASCII without newlines, as they mostly are."""
    joined = "\n".join(values)
    if joined.isascii() and joined.count("\n") == len(values) - 1:
        return _UNSAFE.sub(_escape, joined).split("\n")
    return [quote(value, safe="") for value in values]


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]


def _fill_each(parameters: tuple[Parameter, ...], values: Mapping[str, str]) -> Iterator[str]:
    for parameter in parameters:
        filled = [values.get(macro) for macro in parameter.macros]
        if all(filled):
            encoded = [quote(value or "", safe="") for value in filled]
            pieces = zip(parameter.texts, [*encoded, ""], strict=True)
            yield f"{parameter.name}={''.join(text + value for text, value in pieces)}"


def _require_address(address: str, query: str) -> None:
    if _MARKS.search(unquote_plus(address)):
        raise TemplateError("has a macro in front of the question mark; make it the value of a parameter")
    if _FORBIDDEN.search(address) or not address.startswith(("http://", "https://")):
        raise TemplateError("is no web address; it starts with https:// and has no white space")
    if "#" in address or "#" in query:
        raise TemplateError("has a #, behind which nothing is sent; leave it out, or write %23")
    if not address.isascii():
        raise TemplateError("has other characters than ASCII in its address; write xn--… and %…")
    place = address.partition("//")[2].partition("/")[0]
    if "@" in place:
        raise TemplateError("has a user or a password in it; the key is sent in a header, never in the URL")
    if not _is_place(place):
        raise TemplateError("has no host, or one that cannot be, or no port from 1 to 65535")


def _is_place(place: str) -> bool:
    """Tell whether a text is a host, by name or address, and perhaps its port."""
    if _PLACE.fullmatch(place) is None:
        return False
    try:
        parts = urlsplit(f"//{place}")
        return parts.port != 0 and (":" not in (parts.hostname or "") or bool(IPv6Address(parts.hostname)))
    except ValueError:
        return False


def _parse_parameters(query: str) -> Iterator[Parameter]:
    for piece in filter(None, query.split("&")):
        name, _, value = piece.partition("=")
        name = unquote_plus(name)
        if _MARKS.search(name):
            raise TemplateError(f"has a macro in the name of the parameter {name!r}; macros are values")
        yield _parse_parameter(name, f"{{{TEST_MODE}}}" if _fixes_test_mode(name, value) else value)


def _fixes_test_mode(name: str, value: str) -> bool:
    return name == TEST_MODE and not _MARKS.search(unquote_plus(value))


def _parse_parameter(name: str, value: str) -> Parameter:
    text = unquote_plus(value)
    texts, macros, start = [], [], 0
    for found in _MACRO.finditer(text):
        texts.append(_encode_literal(name, text[start : found.start()]))
        macros.append(
            _resolve_liftoff(name, found[1]) if found[2] is None else _resolve_field(name, found[2])
        )
        start = found.end()
    texts.append(_encode_literal(name, text[start:]))
    return Parameter(quote(name, safe=""), tuple(texts), tuple(macros))


def _encode_literal(name: str, text: str) -> str:
    if _MARKS.search(text):
        raise TemplateError(f"has half a macro in the parameter {name!r}; write {{name}} or (name)")
    return quote(text, safe="")


def _resolve_liftoff(name: str, spelling: str) -> str:
    if spelling in PARAMETERS:
        return spelling
    near = difflib.get_close_matches(spelling, PARAMETERS, n=1)
    way_out = f"did you mean {{{near[0]}}}?" if near else f"Liftoff's are {', '.join(PARAMETERS)}"
    raise TemplateError(f"has the macro {{{spelling}}} in {name!r}, which is not known; {way_out}")


def _resolve_field(name: str, spelling: str) -> str:
    squashed = squash_spelling(spelling)
    known = _FIELDS.get(squashed) or canonical_name(spelling)
    if squashed.startswith("sha1"):
        raise TemplateError(
            f"has the macro ({spelling}) in {name!r}: a hashed id is personal and never leaves"
        )
    if known == INSTALL_SECONDS:
        return f"{FIELD_PREFIX}{known}"
    if known is None:
        near = difflib.get_close_matches(squashed, _FIELDS, n=1)
        way_out = f"did you mean ({_FIELDS[near[0]]})?" if near else "docs/fields.md lists AppsFlyer's"
        raise TemplateError(f"has the macro ({spelling}) in {name!r}, which is not known; {way_out}")
    if known in CARRIED:
        return CARRIED[known]
    if BY_NAME[known].is_personal:
        raise TemplateError(f"has the macro ({spelling}) in {name!r}: {known} is personal and never leaves")
    return f"{FIELD_PREFIX}{known}"


_FIELDS: Mapping[str, str] = {
    squash_spelling(spelling): known.name
    for known in BY_NAME.values()
    for spelling in (known.name, *known.aliases, *known.macros)
} | {
    "installunixts": INSTALL_SECONDS,
    "partnereventid": "event_name",
    "event": "event_name",
    "currency": "event_revenue_currency",
    "encode": "event_value",
}
