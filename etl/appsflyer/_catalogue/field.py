"""What a field of the catalogue is, and the short forms that the tables are written with."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypedDict, Unpack

Source = Literal["v2", "newer"]


class Kind(StrEnum):
    """How a field is stored, whatever JSON type or text it arrived as."""

    TEXT = "text"
    BOOLEAN = "boolean"
    MONEY = "money"
    UTC_TIME = "utc_time"
    LOCAL_TIME = "local_time"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a Push API message.

    `is_personal` fields are covered by masking and erasure; `is_identifier` fields are the personal
    ones by which a person is found. `v1_names` are one-to-one V1.0 names and `aliases` other
    spellings on the wire. `macros` are the documented partner-postback spellings, each also with
    underscores, hyphens, spaces and in camel case. `is_low_cardinality` fields have few distinct
    values and are worth a dictionary.
    """

    name: str
    kind: Kind
    meaning: str
    display_name: str
    is_personal: bool
    is_identifier: bool
    v1_names: tuple[str, ...]
    aliases: tuple[str, ...]
    macros: tuple[str, ...]
    source: Source
    is_low_cardinality: bool


class Traits(TypedDict, total=False):
    """What a table may say of a field beyond its name, kind and meaning."""

    personal: bool
    identifier: bool
    low: bool
    v1_names: tuple[str, ...]
    aliases: tuple[str, ...]
    macros: tuple[str, ...]
    source: Source


def split_words(spelling: str) -> list[str]:
    """Split a macro's spelling into its words, at underscores, hyphens, spaces and camel humps."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|[_\-\s]+", " ", spelling).split()


def vary_spelling(spelling: str) -> tuple[str, ...]:
    """Spell a macro in every documented manner, the given spelling first, without repeats."""
    words = split_words(spelling)
    camel = words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
    return tuple(dict.fromkeys((spelling, *(mark.join(words) for mark in "_- "), camel)))


def declare(name: str, kind: Kind, display_name: str, meaning: str, traits: Traits) -> Field:
    """Make a field; an identifier is personal, and a boolean has few values, without saying so."""
    is_identifier = traits.get("identifier", False)
    return Field(
        name=name,
        kind=kind,
        meaning=meaning,
        display_name=display_name,
        is_personal=is_identifier or traits.get("personal", False),
        is_identifier=is_identifier,
        v1_names=traits.get("v1_names", ()),
        aliases=traits.get("aliases", ()),
        macros=_vary_all(traits.get("macros", ())),
        source=traits.get("source", "v2"),
        is_low_cardinality=kind is Kind.BOOLEAN or traits.get("low", False),
    )


def text(name: str, display_name: str, meaning: str, **traits: Unpack[Traits]) -> Field:
    """Declare a text field."""
    return declare(name, Kind.TEXT, display_name, meaning, traits)


def boolean(name: str, display_name: str, meaning: str, **traits: Unpack[Traits]) -> Field:
    """Declare a field that is true, false or null."""
    return declare(name, Kind.BOOLEAN, display_name, meaning, traits)


def money(name: str, display_name: str, meaning: str, **traits: Unpack[Traits]) -> Field:
    """Declare an amount, stored as decimal(28, 10)."""
    return declare(name, Kind.MONEY, display_name, meaning, traits)


def utc_time(name: str, display_name: str, meaning: str, **traits: Unpack[Traits]) -> Field:
    """Declare an instant, stored as a timestamp in microseconds, UTC."""
    return declare(name, Kind.UTC_TIME, display_name, meaning, traits)


def local_time(name: str, display_name: str, meaning: str, **traits: Unpack[Traits]) -> Field:
    """Declare a time in the app's zone with its offset, stored as the text that came."""
    return declare(name, Kind.LOCAL_TIME, display_name, meaning, traits)


def _vary_all(spellings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variant for spelling in spellings for variant in vary_spelling(spelling)))
