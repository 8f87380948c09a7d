"""Judge an id of a list: of which type it is, whether it has that type's form, and whether it is anybody's.

The type comes from the column; else from what the lake has seen the id as; else, for a UUID, from its casing
(Liftoff: GDPR Opt-Out API v3: GAID lower case, IDFA upper case), for a SHA-1 and an AppsFlyer ID from their
form, which nothing else has. Otherwise it is rejected, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from etl.liftoff.identifiers import DEVICE_ID, is_email, is_phone
from etl.opt_outs.codes import Refused
from etl.opt_outs.nobody import name_junk
from etl.opt_outs.records import AS_GIVEN, LIFTOFF_TYPES, Identifier, IdType
from etl.subjects import fold_identifier

Seen = Callable[[str], Collection[IdType]]
"""Gives the types as which the lake has seen a folded id; none for one that it has not."""

_FREE_FORM: Final = "customer_user_id"
_LONGEST: Final = 1_024
_SHAPES: Final[Mapping[IdType, re.Pattern[str]]] = MappingProxyType(
    {
        "idfa": DEVICE_ID,
        "gaid": DEVICE_ID,
        "idfv": DEVICE_ID,
        "amazon_aid": DEVICE_ID,
        # Vendors of phones differ: some give UUIDs, others hexadecimal digits.
        "oaid": re.compile(rf"{DEVICE_ID.pattern}|[0-9A-Fa-f]{{16,64}}"),
        "android_id": re.compile(r"[0-9A-Fa-f]{12,16}"),
        "imei": re.compile(r"[0-9]{14,16}|[A-Fa-f][0-9A-Fa-f]{13}"),
        "appsflyer_id": re.compile(rf"[0-9]+-[0-9]+|{DEVICE_ID.pattern}"),
        "customer_user_id": re.compile(r".+"),
        "sha1": re.compile(r"[0-9A-Fa-f]{40}"),
        "md5": re.compile(r"[0-9A-Fa-f]{32}"),
    }
)
# An instant in milliseconds and a random number: too long for a phone's.
_APPSFLYER_ID: Final = re.compile(r"[0-9]{13}-[0-9]{5,20}")
_UPPER: Final = frozenset[IdType]({"idfa", "idfv"})
# Controls, and what cannot be seen or encoded: an id that holds one is not the id that it looks like.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_ROUNDED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)


def see_nothing(folded: str) -> Collection[IdType]:
    """Stand in for a lake that knows nobody."""
    del folded
    return ()


def judge_identifier(text: str, declared: IdType | None, seen: Seen = see_nothing) -> Identifier:
    """Give an id with its type and in its type's spelling; `declared` is what its column says.

    Raises Refused: for what names nobody or many before anything else.
    """
    trimmed = text.strip()
    if len(trimmed) > _LONGEST or _UNSEEN.search(trimmed):
        raise Refused("malformed")
    if code := name_junk(trimmed, is_free_form=declared == _FREE_FORM):
        raise Refused(code)
    if _ROUNDED.fullmatch(trimmed):
        raise Refused("rounded")
    types = frozenset(seen(fold_identifier(trimmed)))
    id_type = _infer_type(trimmed, types) if declared is None else declared
    if not _SHAPES[id_type].fullmatch(trimmed):
        raise Refused(_explain_shape(trimmed, id_type))
    if is_told_by_lake(declared) and id_type not in types and types & LIFTOFF_TYPES:
        raise Refused("type_contradicted")
    return Identifier(_spell(trimmed, id_type), id_type)


def is_told_by_lake(declared: IdType | None) -> bool:
    """Whether it matters for an id of this type as what the lake has seen it."""
    return declared not in {_FREE_FORM, "sha1", "md5"}


def _infer_type(text: str, types: frozenset[IdType]) -> IdType:
    # Where the lake has it as Liftoff's and as another, Liftoff is to be told.
    narrowed = types & LIFTOFF_TYPES or types
    if len(narrowed) == 1:
        return next(iter(narrowed))
    if DEVICE_ID.fullmatch(text):
        return _read_casing(text, narrowed)
    if types:
        raise Refused("type_unclear")
    if _APPSFLYER_ID.fullmatch(text):
        return "appsflyer_id"
    if _SHAPES["sha1"].fullmatch(text):
        return "sha1"
    # It may be an MD5, or a UUID without its hyphens.
    raise Refused("type_unclear" if _SHAPES["md5"].fullmatch(text) else _explain_shape(text, None))


def _read_casing(text: str, types: frozenset[IdType]) -> IdType:
    """Tell an IDFA from a GAID; one without a letter is both in upper and in lower case."""
    is_upper, is_lower = text == text.upper(), text == text.lower()
    if is_upper == is_lower:
        raise Refused("type_unclear")
    id_type: IdType = "idfa" if is_upper else "gaid"
    if types and id_type not in types:
        raise Refused("type_unclear")
    return id_type


def _explain_shape(text: str, id_type: IdType | None) -> str:
    if id_type == _FREE_FORM:
        return "malformed"
    if is_email(text):
        return "email_in_id"
    return "phone_in_id" if is_phone(text) else "malformed"


def _spell(text: str, id_type: IdType) -> str:
    if id_type in AS_GIVEN:
        return text
    return text.upper() if id_type in _UPPER else text.lower()
