"""Fixed text with holes: a template for each model of message and each way of writing it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import cast
from urllib.parse import quote

from etl.sample.catalogue import APPS, SOURCES
from etl.sample.facts import SLOTS
from etl.sample.feeds import Blank, Feed
from etl.sample.messages import SLOT_MARK, Fields, Model, Value, compose_message, compose_test_message
from etl.sample.messages_v1 import SECONDS, translate_to_v1
from etl.sample.people import Acts
from etl.sample.roles import Kind

Row = tuple[bytes, ...]
Encoder = Callable[[bytes], bytes]

_SLOT = re.compile(f"{SLOT_MARK}([^{SLOT_MARK}]*){SLOT_MARK}")
_MILLISECONDS = len(".sss")
_UNQUOTED = "wifi"
_MONEY = {"event_revenue", "event_revenue_usd", "revenue_in_selected_currency"}
_KINDS, _IDS, _MONEYS = len(Kind), 3, 2


@dataclass(frozen=True, slots=True)
class Template:
    """A message of bytes with `%b` for slots; encoders, where there are any, prepare the slots' texts."""

    pattern: bytes
    pick: Callable[[Row], Row]
    encoders: tuple[Encoder, ...] = ()


def fill_templates(feed: Feed, acts: Acts, rows: list[Row]) -> list[bytes]:
    """Write the messages of a block."""
    keys = _number_models(acts)
    known = {key: find_template(feed, key) for key in set(keys)}
    templates = [known[key] for key in keys]
    if feed.is_query or feed.is_v1:
        return [_fill_encoded(template, row) for template, row in zip(templates, rows, strict=True)]
    return [template.pattern % template.pick(row) for template, row in zip(templates, rows, strict=True)]


@lru_cache(maxsize=1 << 14)
def find_template(feed: Feed, key: int) -> Template:
    """Give the template for a feed and a model's number."""
    model = _number_to_model(key)
    fields = compose_message(model, feed)
    if feed.is_v1:
        fields = translate_to_v1(model, fields)
    text = _write_query(fields, feed) if feed.is_query else _write_json(fields, feed)
    return _make_template(text, feed)


def write_test_message(feed: Feed) -> bytes:
    """Write the vendor's test message as the feed would."""
    fields = compose_test_message()
    text = _write_query(fields, feed) if feed.is_query else _write_json(fields, feed)
    return text.encode()


def _number_models(acts: Acts) -> list[int]:
    keys = ((acts.app * _KINDS + acts.kind) * len(SOURCES) + acts.source) * _IDS + acts.ids
    return cast("list[int]", (keys * _MONEYS + acts.has_money).tolist())


def _number_to_model(key: int) -> Model:
    key, has_money = divmod(key, _MONEYS)
    key, ids = divmod(key, _IDS)
    key, source = divmod(key, len(SOURCES))
    app, kind = divmod(key, _KINDS)
    return Model(APPS[app], Kind(kind), source, ids, bool(has_money))


def _fill_encoded(template: Template, row: Row) -> bytes:
    picked = template.pick(row)
    return template.pattern % tuple(
        encode(text) for encode, text in zip(template.encoders, picked, strict=True)
    )


def _make_template(text: str, feed: Feed) -> Template:
    """Turn a text with marked slots into a pattern, which slots it takes, and how they are encoded."""
    fixed, names = _SLOT.split(text)[::2], _SLOT.findall(text)
    pattern = b"%b".join(part.replace("%", "%%").encode() for part in fixed)
    slots = [name.removesuffix(SECONDS) for name in names]
    if not feed.is_query:
        slots = ["event_value_json" if slot == "event_value" else slot for slot in slots]
    pick = cast("Callable[[Row], Row]", itemgetter(*(SLOTS.index(slot) for slot in slots)))
    encoders = tuple(_choose_encoder(feed, name) for name in names) if feed.is_query or feed.is_v1 else ()
    return Template(pattern, pick, encoders)


def _choose_encoder(feed: Feed, name: str) -> Encoder:
    if feed.is_query:
        return _quote
    return _cut_milliseconds if name.endswith(SECONDS) else bytes


def _quote(text: bytes) -> bytes:
    return quote(text, safe="").encode()


def _cut_milliseconds(text: bytes) -> bytes:
    return text[:-_MILLISECONDS]


def _write_json(fields: Fields, feed: Feed) -> str:
    kept = fields.items() if feed.blank is not Blank.ABSENT else _drop_blanks(fields).items()
    return "{" + ",".join(f'"{name}":{_write_json_value(name, value, feed)}' for name, value in kept) + "}"


def _write_json_value(name: str, value: Value, feed: Feed) -> str:
    if value is None:
        return '""' if feed.blank is Blank.EMPTY else "null"
    if isinstance(value, bool):
        return json.dumps(str(value).lower() if feed.has_text_booleans else value)
    is_bare = (name == _UNQUOTED and not feed.has_text_booleans) or (name in _MONEY and feed.has_number_money)
    return value if is_bare and SLOT_MARK in value else f'"{_map_fixed(value, _escape_json)}"'


def _write_query(fields: Fields, feed: Feed) -> str:
    kept = fields.items() if feed.blank is not Blank.ABSENT else _drop_blanks(fields).items()
    return "&".join(f"{name}={_write_query_value(value)}" for name, value in kept)


def _write_query_value(value: Value) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else value
    return _map_fixed(text, lambda part: quote(part, safe=""))


def _drop_blanks(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _escape_json(part: str) -> str:
    return encode_basestring(part)[1:-1]


def _map_fixed(text: str, encode: Callable[[str], str]) -> str:
    """Encode the fixed parts of a text and leave its marked slots."""
    parts = text.split(SLOT_MARK)
    return SLOT_MARK.join(part if n % 2 else encode(part) for n, part in enumerate(parts))
