"""Partner-postback templates: which parameter of a landed GET holds which field.

An analytics partner chooses the names of the parameters, so a landed postback can be read only
through the template that AppsFlyer filled in: `http://host?pid=(media_source)&ip=(ip)&fixed=1`.
Vendor document followed: "AppsFlyer: Postbacks for analytics partners".
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

from etl.appsflyer.fields import BY_NAME, CANONICAL, FIELDS, V1_ONLY, Field, identifier_fields
from etl.errors import ConfigurationError

_MACRO = re.compile(r"\(([^()]*)\)")
_UNIX_SECONDS = re.compile(r"[0-9]{1,10}")
_ENCODED_JSON = re.compile(r"\s*%(?:7B|5B)", re.IGNORECASE)
# `&currency=` that went through HTML became the currency sign and `cy=`: as a character, as a lone
# latin-1 byte (a surrogate in text), as UTF-8 read as latin-1, as an entity, or percent-encoded.
_BROKEN_CURRENCY = re.compile("(?:\u00c2?[\u00a4\udca4]|&curren;|%(?:[Cc]2%)?[Aa]4)cy=")
_BROKEN_CURRENCY_BYTES = re.compile(rb"(?:(?:\xc3\x82)?\xc2?\xa4|&curren;|%(?:[Cc]2%)?[Aa]4)cy=")
_TOUCH_TYPES = {"0": "click", "1": "impression"}


class TemplateError(ConfigurationError, ValueError):
    """A partner-postback template cannot be used; the message names the parameter and the macro."""


class Transform(StrEnum):
    """What stands between a parameter's value and the field's text."""

    AS_IS = "as_is"
    TOUCH_TYPE = "touch_type"  # 1 is an impression, 0 a click
    UNIX_SECONDS = "unix_seconds"  # to `yyyy-mm-dd hh:mm:ss`, UTC
    SHA1 = "sha1"  # a hashed id: kept beside the fields, for erasure to match
    ENCODED = "encoded"  # an event value that is URL-encoded on its own and ends in a newline


@dataclass(frozen=True, slots=True)
class Macro:
    """One macro of the vendor: its spelling, where its value goes, and how it is read."""

    spelling: str
    target: str
    transform: Transform = Transform.AS_IS


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a template.

    `target` is a field's name, or else the key in `extra`. `macro` is the macro as the template
    spells it, or None where the template holds a fixed text, which is then in `literal`.
    """

    name: str
    target: str
    transform: Transform
    macro: str | None = None
    literal: str = ""

    @property
    def field(self) -> Field | None:
        """The field that the parameter fills, or None where its value goes to `extra`."""
        return BY_NAME.get(self.target)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; parameter names are unique."""

    parameters: tuple[Parameter, ...]
    by_name: dict[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the parameters by name."""
        object.__setattr__(self, "by_name", {parameter.name: parameter for parameter in self.parameters})

    @property
    def is_install(self) -> bool:
        """Whether the template is for installs: nothing in it names another event."""
        return not any(map(_names_an_event, self.parameters))


def parse_template(template: str) -> Template:
    """Read a template URL, or its query alone, into its parameters, in order.

    Macros may be spelled with underscores, hyphens, spaces or in camel case, in any casing, and
    percent-encoded. Every V2 field is accepted under its own name, beside the documented macros.
    A fixed parameter is read as the macro that its name spells, if any: `app_id=id123` is an app id.

    Raises:
        TemplateError: an unknown macro, a macro in the path or amid other text, a parameter named
            twice, or no macro at all.
    """
    head, mark, query = mend_currency(template.replace("&amp;", "&")).partition("?")
    if mark and (misplaced := _MACRO.search(unquote(head))):
        raise TemplateError(
            f"The template has the macro ({misplaced[1]}) in its path, where it cannot be read. "
            "Put every macro behind the question mark, as the value of a parameter."
        )
    pairs = parse_qsl((query if mark else head).partition("#")[0], keep_blank_values=True)
    parameters = tuple(_parse_parameter(name, value) for name, value in pairs)
    _require_usable(parameters)
    return Template(parameters)


def read_postback(template: Template, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Turn the decoded parameters of one landed postback into a message with V2 names.

    Values are text. Empty values and macros that AppsFlyer left unfilled are dropped, as absent and
    empty mean the same. What the template fills by macro comes before fixed and undeclared
    parameters; a second, different value of one field is kept as `parameter:<name>`. An install
    template's message is named `install`, at its install time unless it has an event time.
    """
    sorted_pairs = sorted(
        ((resolve_parameter(template, name), value) for name, value in pairs),
        key=lambda pair: pair[0].macro is None,
    )
    message: dict[str, str] = {}
    for parameter, value in sorted_pairs:
        _put(message, parameter, translate(parameter, value))
    return _complete_install(message) if template.is_install else message


def resolve_parameter(template: Template, name: str) -> Parameter:
    """Give the template's parameter of a name, or what the name says where the template does not have it."""
    return template.by_name.get(name) or _interpret_fixed(name)


def translate(parameter: Parameter, value: str) -> str:
    """Turn a parameter's decoded value into the field's text; what does not fit stays as it came."""
    if (unfilled := _MACRO.fullmatch(value.strip())) and _find_macro(unfilled[1]):
        return ""
    match parameter.transform:
        case Transform.TOUCH_TYPE:
            return _TOUCH_TYPES.get(value.strip(), value)
        case Transform.UNIX_SECONDS:
            return _spell_instant(value)
        case Transform.ENCODED:
            return _decode_event_value(value)
        case _:
            return value


def mend_currency(query: str) -> str:
    """Restore `&currency=` where HTML made a currency sign of it, in a template or a landed query."""
    return _BROKEN_CURRENCY.sub("&currency=", query)


def mend_currency_bytes(query: bytes) -> bytes:
    """Do as `mend_currency` does, before the bytes are decoded."""
    return _BROKEN_CURRENCY_BYTES.sub(b"&currency=", query)


def squash_spelling(spelling: str) -> str:
    """Reduce a macro's spelling to what all its variants share: letters and digits, case-folded."""
    return "".join(filter(str.isalnum, spelling.casefold()))


def _parse_parameter(name: str, value: str) -> Parameter:
    if not (found := _MACRO.search(value)):
        return _interpret_fixed(name, value)
    spelling = found[1]
    if found[0] != value.strip():
        raise TemplateError(
            f"The template's parameter {name!r} mixes the macro ({spelling}) with other text. "
            "Give each macro a parameter of its own."
        )
    if not (macro := _find_macro(spelling)):
        raise TemplateError(_describe_unknown(name, spelling))
    return Parameter(name, macro.target, macro.transform, macro=spelling)


def _interpret_fixed(name: str, literal: str = "") -> Parameter:
    macro = _find_macro(name) or Macro(name, f"parameter:{name}" if name in V1_ONLY else name)
    return Parameter(name, macro.target, macro.transform, literal=literal)


def _names_an_event(parameter: Parameter) -> bool:
    if parameter.target != "event_name":
        return False
    return parameter.macro is not None or parameter.literal.strip().casefold() != "install"


def _require_usable(parameters: tuple[Parameter, ...]) -> None:
    if all(parameter.macro is None for parameter in parameters):
        raise TemplateError(
            "The template has no macro. Give the URL as it was agreed with AppsFlyer, "
            "for example http://example.com?advertising_id=(advertiserId)&event_name=(event-name)."
        )
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in seen:
            raise TemplateError(
                f"The template names the parameter {parameter.name!r} twice. "
                "Give each macro a parameter of its own."
            )
        seen.add(parameter.name)


def _describe_unknown(name: str, spelling: str) -> str:
    near = difflib.get_close_matches(squash_spelling(spelling), _VOCABULARY, n=3)
    known = " or ".join(f"({_VOCABULARY[key].spelling})" for key in near)
    way_out = f"Did you mean {known}?" if known else "docs/fields.md lists the macros that are known."
    return f"The template's parameter {name!r} has the macro ({spelling}), which is not known. {way_out}"


def _put(message: dict[str, str], parameter: Parameter, value: str) -> None:
    if not value:
        return
    if message.setdefault(parameter.target, value) != value:
        message[f"parameter:{parameter.name}"] = value


def _complete_install(message: dict[str, str]) -> dict[str, str]:
    message.setdefault("event_name", "install")
    if "install_time" in message:
        message.setdefault("event_time", message["install_time"])
    return message


def _spell_instant(value: str) -> str:
    if not _UNIX_SECONDS.fullmatch(value.strip()):
        return value
    return datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%d %H:%M:%S")


def _decode_event_value(value: str) -> str:
    decoded = unquote(value) if _ENCODED_JSON.match(value) else value
    return decoded.rstrip("\r\n")


def _find_macro(spelling: str) -> Macro | None:
    return _VOCABULARY.get(squash_spelling(spelling))


def _list_macros() -> Iterable[Macro]:
    yield from (Macro(wire, name) for wire, name in CANONICAL.items())
    for known in FIELDS:
        yield from (Macro(spelling, known.name) for spelling in reversed(known.macros))
    for identifier in identifier_fields():
        for spelling in (identifier.name, *identifier.macros):
            yield Macro(f"sha1-{spelling}", f"sha1_{identifier.name}", Transform.SHA1)
    yield Macro("partner_event_id", "partner_event_id")
    yield Macro("attributed_touch_type", "attributed_touch_type", Transform.TOUCH_TYPE)
    yield Macro("install_unix_ts", "install_time", Transform.UNIX_SECONDS)
    yield Macro("event-value", "event_value", Transform.ENCODED)
    yield Macro("encode", "event_value", Transform.ENCODED)


_VOCABULARY = {squash_spelling(macro.spelling): macro for macro in _list_macros()}
