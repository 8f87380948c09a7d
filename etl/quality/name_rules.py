"""Rules on names: events, campaigns, countries, platforms, and the fields that tell a topic."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from etl.appsflyer.id_scan import view_texts
from etl.appsflyer.normalize import TypedBatch
from etl.appsflyer.row_rules import LINK_FIELDS
from etl.quality.columns import Finding, Mask, mark_values
from etl.quality.iso_codes import country_codes
from etl.quality.shapes import mark_starts, match

# AppsFlyer's pages: mobile, connected television, consoles, desktop.
_PLATFORMS = frozenset(
    [
        *(
            "ios",
            "android",
            "windows",
            "windowsphone",
            "windows phone",
            "amazon",
            "tvos",
            "visionos",
            "macos",
        ),
        *("android tv", "androidtv", "fire tv", "firetv", "apple tv", "appletv", "roku", "samsung", "tizen"),
        *(
            "lg",
            "webos",
            "vizio",
            "vidaa",
            "smartcast",
            "quest",
            "meta quest",
            "playstation",
            "xbox",
            "switch",
        ),
        *("nintendo", "steam", "epic", "nativepc", "native pc", "pc", "mac", "linux", "web", "harmonyos"),
    ]
)
_STORE_ID = re.compile(r"id[0-9]+")
_PACKAGE_NAME = re.compile(r"[A-Za-z]\w*(?:\.[\w\-]+)+", re.ASCII)
_GENERATED = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])"
    r"|[0-9]{8,}"
    r"|(?<![0-9])(?:19|20)[0-9]{2}[\-_./](?:0[1-9]|1[0-2])[\-_./](?:0[1-9]|[12][0-9]|3[01])(?![0-9])"
    r"|[^\s@]+@[^\s@]+\.[a-z]{2,}"
    r"|://",
    re.IGNORECASE,
)
_UNTIDY = re.compile(r"^\s|\s$|[\x00-\x1f\x7f-\x9f]")
_CAMPAIGN_SENTINEL = "c_name_exceeded_max_length"
_MACRO = r"^(?:\$?\{\{?[A-Za-z_][A-Za-z0-9_.]*\}?\}|__[A-Za-z0-9_]+__|%{1,2}[A-Za-z_]+%{1,2})$"
_IS_MACRO = re.compile(_MACRO)
_STARTS_OF_MACRO = (b"{", b"$", b"_", b"%")
_WINDOW = re.compile(r"[0-9]{1,5}\s*(?:m|min|minute|h|hr|hour|d|day|w|week)?s?|lifetime", re.IGNORECASE)


def find_odd_names(batch: TypedBatch) -> Iterator[Finding]:
    """Find names and codes that mean nothing, or not what their field is for."""
    yield "generated_event_name", mark_values(batch, "event_name", lambda name: bool(_GENERATED.search(name)))
    yield "untidy_event_name", mark_values(batch, "event_name", lambda name: bool(_UNTIDY.search(name)))
    yield "unknown_country", mark_values(batch, "country_code", _is_unknown_country)
    yield "unknown_platform", mark_values(batch, "platform", lambda name: name.casefold() not in _PLATFORMS)
    yield "platform_contradicts_app", _contradict_app(batch)
    yield "campaign_name_too_long", mark_values(batch, "campaign", _CAMPAIGN_SENTINEL.__eq__)
    yield from (("unreplaced_macro", _mark_macros(batch, name)) for name in LINK_FIELDS)
    for name in ("af_attribution_lookback", "af_reengagement_window"):
        yield "malformed_window", mark_values(batch, name, lambda text: not _WINDOW.fullmatch(text))


def _is_unknown_country(code: str) -> bool:
    return code not in country_codes()


def _contradict_app(batch: TypedBatch) -> Mask:
    is_store_id = mark_values(batch, "app_id", lambda app: bool(_STORE_ID.fullmatch(app)))
    is_package = mark_values(batch, "app_id", lambda app: bool(_PACKAGE_NAME.fullmatch(app)))
    is_android = mark_values(batch, "platform", lambda platform: platform.casefold() == "android")
    is_ios = mark_values(batch, "platform", lambda platform: platform.casefold() == "ios")
    mask: Mask = (is_store_id & is_android) | (is_package & is_ios)
    return mask


def _mark_macros(batch: TypedBatch, name: str) -> Mask:
    column = batch.texts.get(name)
    if column is None or pa.types.is_dictionary(column.type):
        return mark_values(batch, name, lambda text: bool(_IS_MACRO.match(text)))
    mask = mark_starts(view_texts(column), _STARTS_OF_MACRO)
    rows = np.flatnonzero(mask)
    if len(rows):
        mask[rows] = match(column.take(pa.array(rows)), _MACRO)
    return mask
