"""Masking of personal data for people's eyes: what a value says of a person goes, its length stays.

It fails closed: a field that the authority does not know is masked like a personal one, and whatever is
shaped like an id is masked wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from etl.appsflyer.fields import BY_NAME, V1_SPECIAL, Kind, canonical_name

_UUID: Final = r"[0-9a-f]{8}(?:(?:-|%(?:25)*2d)[0-9a-f]{4}){3}(?:-|%(?:25)*2d)[0-9a-f]{12}"
_SHAPES: Final = (
    _UUID,
    # An AppsFlyer ID: an instant and a random number.
    r"(?<![0-9a-z])\d{10,13}(?:-|%(?:25)*2d)\d{5,20}(?![0-9a-z])",
    r"(?<![0-9a-z])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}|\d{15})(?![0-9a-z])",
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%(?:25)*40)[\w-]{1,63}(?:\.[\w-]{1,63})+",
    r"(?<![0-9.])\d{1,3}(?:\.\d{1,3}){3}(?![0-9.])",
    r"(?<![0-9a-z:])(?=:{0,2}[0-9a-f])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![0-9a-z:])",
)
_ID: Final = re.compile("|".join(_SHAPES), re.IGNORECASE)
_CLOCK: Final = re.compile(r"\d{1,2}(?::\d{2}){1,2}")

# A member's name, with its colon: in double or single quotes, or in quotes escaped inside a string.
_NAME: Final = re.compile(
    r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|\\+"((?:(?!\\+").)*)\\+")\s*:\s*""", re.DOTALL
)
_STRING: Final = re.compile(
    r"""\\+"(?:(?!\\+").)*(?:\\+"|\Z)|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)""", re.DOTALL
)
_SCALAR: Final = re.compile(r"[^\s,}\]]+")
_CONTAINER: Final = re.compile(r"[\[{]")
_SCALARS_ONLY: Final = re.compile(r"\[\s*[^{\s\]]")
_PLAIN: Final = frozenset({"true", "false", "null"})
# A string that is an element of a list, or of a row of comma-separated values.
_ELEMENT: Final = re.compile(r"""(?:\A|(?<=[\[,]))\s*("(?:[^"\\]|\\.)*")(?=\s*(?:[,\]]|\Z))""", re.DOTALL)
# What a value of a field with a type consists of, readable or not, percent-encoded or not.
_TYPED: Final = re.compile(
    r"(?:[-+0-9.,:\seTZ]|%(?:25)*(?:20|2b|2c|3a))*(?:UTC)?|true|false|yes|no|t|f|null", re.IGNORECASE
)
# A value behind a name and a colon, an arrow or a tab, in text that is no JSON.
_LOOSE: Final = re.compile(
    r"(?<![\w.%-])([a-z][\w -]{0,60}?)(\s{0,3}(?::|=>|\t)\s{0,3})([^\s,;\"'{}<>]+)", re.IGNORECASE
)
_PAIR: Final = re.compile(r"""(?<![^\s?&;"'|,({[])([\w.%\[\]-]+)=([^&\s"'<>;]*)""")


def mask_text(text: str) -> str:
    """Mask a whole text; an empty one says nothing and stays."""
    return f"<masked:{len(text)}>" if text else text


def mask_ids(text: str) -> str:
    """Mask what is shaped like an id: device and AppsFlyer ids, their hashes, IP and e-mail addresses."""
    return _ID.sub(_mask_match, text)


def mask_value(field: str, text: str) -> str:
    """Mask one value by its field's name, as it came or as V2 spells it.

    It is masked whole, too, if it is no value of the field's type.
    """
    return mask_text(text) if is_masked(field) or _is_strange(field, text) else mask_ids(text)


def is_masked(field: str) -> bool:
    """Tell whether a field's values are masked whole: it is personal, or nobody knows that it is not."""
    name = canonical_name(field)
    return BY_NAME[name].is_personal if name is not None else field not in V1_SPECIAL


def _is_strange(field: str, text: str) -> bool:
    """Tell whether a text is nothing like a value of its field's type: it got there by mistake."""
    name = canonical_name(field)
    is_typed = name is not None and BY_NAME[name].kind is not Kind.TEXT
    return is_typed and _TYPED.fullmatch(text) is None


def mask_row(row: Mapping[str, object]) -> dict[str, object]:
    """Mask a row of `events`: the vendor's fields, `extra`, `embedded_ids`; what pushlift computed stays."""
    return {name: _mask_column(name, value) for name, value in row.items()}


def mask_raw(raw: bytes) -> str:
    r"""Mask a message as it landed, whole or broken: JSON members, pairs of a query, and ids anywhere.

    Bytes that are no UTF-8 are spelled `\\xff`.
    """
    text = raw.decode("utf-8", "backslashreplace")
    first = _NAME.search(text)
    if first is None:
        return _mask_unnamed(text)
    start = 0 if "{" in text[: first.start()] else first.start()
    # The tail of a value whose name is in another line.
    shown, at = [mask_text(text[:start])], start
    for name in _NAME.finditer(text, start):
        if name.start() < at:
            continue
        shown.append(_mask_unnamed(text[at : name.start()]))
        shown.append(_mask_name(name))
        masked, at = _mask_member(text, name)
        shown.append(masked)
    return "".join([*shown, _mask_unnamed(text[at:])])


def _mask_column(name: str, value: object) -> object:
    if value is None:
        return None
    if name in {"extra", "message"} and isinstance(value, Mapping):
        return {key: mask_value(str(key), str(text)) for key, text in value.items()}
    if name == "embedded_ids" and isinstance(value, list):
        return [mask_text(str(each)) for each in value]
    if name not in BY_NAME:
        return value
    if BY_NAME[name].is_personal:
        return mask_text(str(value))
    return mask_value(name, value) if isinstance(value, str) else value


def _mask_name(name: re.Match[str]) -> str:
    """Show a member's name, unless the name itself is an id."""
    return mask_ids(name[0])


def _mask_member(text: str, name: re.Match[str]) -> tuple[str, int]:
    """Mask the value behind a member's name; gives it and where the text goes on."""
    field = next(group for group in name.groups() if group is not None)
    start = name.end()
    if string := _STRING.match(text, start):
        quote = string[0][: len(string[0]) - len(string[0].lstrip("\\")) + 1]
        content = string[0][len(quote) :].removesuffix(quote)
        end = quote if len(string[0]) >= 2 * len(quote) and string[0].endswith(quote) else ""
        return quote + mask_value(field, content) + end, string.end()
    if _CONTAINER.match(text, start):
        is_opaque = is_masked(field) and (canonical_name(field) or _SCALARS_ONLY.match(text, start))
        end_at = _find_end(text, start) if is_opaque else start + 1
        return mask_text(text[start:end_at]) if is_opaque else text[start], end_at
    scalar = _SCALAR.match(text, start)
    if scalar is None or scalar[0] in _PLAIN:
        return (scalar[0], scalar.end()) if scalar else ("", start)
    return mask_value(field, scalar[0]), scalar.end()


def _find_end(text: str, start: int) -> int:
    """Find the end of an object or array, strings considered; the end of the text where it is not closed."""
    depth, at = 0, start
    while at < len(text):
        if text[at] in "\"'" and (string := _STRING.match(text, at)):
            at = string.end()
            continue
        depth += (text[at] in "[{") - (text[at] in "]}")
        at += 1
        if not depth:
            break
    return at


def _mask_unnamed(text: str) -> str:
    """Mask what stands between members: elements of lists whole, then pairs by their names."""
    shown, at = [], 0
    for element in _ELEMENT.finditer(text):
        shown += [_mask_pairs(text[at : element.start(1)]), f'"{mask_text(element[1][1:-1])}"']
        at = element.end()
    return "".join([*shown, _mask_pairs(text[at:])])


def _mask_pairs(text: str) -> str:
    """Mask the values of `name=value` pairs by their names, and ids elsewhere."""
    shown, at = [], 0
    for pair in _PAIR.finditer(text):
        shown += [
            _mask_loose(text[at : pair.start()]),
            mask_ids(pair[1]),
            "=",
            mask_value(unquote_plus(pair[1]), pair[2]),
        ]
        at = pair.end()
    return "".join([*shown, _mask_loose(text[at:])])


def _mask_loose(text: str) -> str:
    """Mask what stands behind the name of a personal field and a colon, and ids elsewhere."""
    return mask_ids(_LOOSE.sub(_mask_behind, text))


def _mask_behind(match: re.Match[str]) -> str:
    name = canonical_name(match[1])
    is_personal = name is not None and BY_NAME[name].is_personal
    return match[1] + match[2] + mask_text(match[3]) if is_personal else match[0]


def _mask_match(match: re.Match[str]) -> str:
    return match[0] if _CLOCK.fullmatch(match[0]) else mask_text(match[0])
