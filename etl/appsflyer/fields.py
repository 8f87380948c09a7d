"""The one authority on the fields of a Push API message: name, type, spellings, privacy, meaning.

It holds the 114 fields of Push API V2.0 and the newer ones that came without a change of version.
Schemas, the erasure list, the partner-postback macros and `docs/fields.md` are derived from it.
Vendor documents followed: "AppsFlyer: Push API V2.0" with its migration tables from V1.0, and
"AppsFlyer: Postbacks for analytics partners".
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from etl.appsflyer._catalogue import GROUPS
from etl.appsflyer._catalogue.field import Field, Kind, vary_spelling

__all__ = [
    "BY_NAME",
    "CANONICAL",
    "FIELDS",
    "FIELD_GROUPS",
    "V1_ONLY",
    "V1_SPECIAL",
    "Field",
    "Kind",
    "canonical_name",
    "has_few_values",
    "identifier_fields",
    "names",
    "personal_fields",
    "vary_spelling",
]

FIELD_GROUPS: Mapping[str, tuple[Field, ...]] = MappingProxyType(GROUPS)
FIELDS: tuple[Field, ...] = tuple(field for group in GROUPS.values() for field in group)
BY_NAME: Mapping[str, Field] = MappingProxyType({field.name: field for field in FIELDS})

# V1.0 names whose value does not simply move: the normalizer decides by what else the message holds.
# Each with the fields that may take its value. `event_type` and `device_model` are fields as well.
V1_SPECIAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "attribution_type": ("media_source",),
        "currency": ("af_cost_currency", "event_revenue_currency"),
        "device_brand": ("device_type",),
        "device_model": ("device_type",),
        "event_type": ("event_name",),
    }
)


def names(kind: Kind) -> tuple[str, ...]:
    """Name the fields of one kind, in the order of `FIELDS`."""
    return tuple(field.name for field in FIELDS if field.kind is kind)


def personal_fields() -> tuple[Field, ...]:
    """Give the fields that are, or may hold, personal data: what masking and erasure cover."""
    return tuple(field for field in FIELDS if field.is_personal)


def identifier_fields() -> tuple[Field, ...]:
    """Give the fields by which a person is found: device ids, user ids and the IP address."""
    return tuple(field for field in FIELDS if field.is_identifier)


def canonical_name(wire: str) -> str | None:
    """Give the V2 name for a key as it came, or None where the key is not known.

    Exact spellings come first; then casing, spaces and hyphens are forgiven, as the vendor's own
    pages need it (`revenue_in_selected_ currency`). Several spellings of one field can stand in
    one message, so the caller coalesces them. The V1 names in `V1_SPECIAL` are not resolved,
    except those that are also fields.
    """
    return CANONICAL.get(wire) or _BY_NORMAL_FORM.get(_normalize_spelling(wire))


def has_few_values(wire: str) -> bool:
    """Tell whether a key as it came is of a field with few values, best held as a dictionary."""
    field = BY_NAME.get(canonical_name(wire) or "")
    return field is not None and field.is_low_cardinality


def _normalize_spelling(wire: str) -> str:
    return re.sub(r"[\s\-_]+", "_", wire.strip().casefold())


def _spell_canonical() -> dict[str, str]:
    return {wire: field.name for field in FIELDS for wire in (field.name, *field.aliases, *field.v1_names)}


CANONICAL: Mapping[str, str] = MappingProxyType(_spell_canonical())
_BY_NORMAL_FORM = {_normalize_spelling(wire): name for wire, name in CANONICAL.items()}

# Any of these in a message shows that it is a V1.0 message, whatever else is missing.
V1_ONLY: frozenset[str] = frozenset(name for field in FIELDS for name in field.v1_names) | (
    V1_SPECIAL.keys() - BY_NAME.keys()
)
