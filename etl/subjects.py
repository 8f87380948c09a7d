"""People by keyed hash: whom a row is about, told so that it can be compared and not read.

A suppression, and the `subjects` of a postback, hold HMAC-SHA-256 of an id; both are hashed here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.unify import as_text
from etl.hash_keys import HashKey, list_keys

# The fields that name a person; `embedded_ids` does as well, and an address names a household.
PERSON_FIELDS: Final = (
    "appsflyer_id",
    "customer_user_id",
    "advertising_id",
    "idfa",
    "idfv",
    "oaid",
    "amazon_aid",
    "android_id",
    "imei",
)
HASH_DIGITS: Final = 32
_BLOCK, _INNER_PAD, _OUTER_PAD = 64, 0x36, 0x5C
# What apps write where they know no id. One person's wish must not reach everybody who shares such a word.
PLACEHOLDERS: Final = frozenset(
    {
        *("null", "nil", "none", "nan", "undefined", "unknown", "anonymous", "guest", "user", "test"),
        *("(null)", "<null>", "n/a", "na", "false", "true", "empty", "not_set", "not set", "default"),
        *("user_id", "userid", "customer_user_id", "customer user id", "string", "{}", "[]"),
    }
)
_NOTHING = re.compile(r"[0\-\s._]*|-1")
# The same of texts without spaces.
_NOTHING_MARKS: Final = "0-._"
_PLAIN_NOBODIES: Final = sorted(PLACEHOLDERS | {"-1"})
_SPACE, _DELETE = 0x20, 0x7F


def is_placeholder(identifier: str) -> bool:
    """Tell whether a text names nobody: empty, zeros, or a word such as `null`."""
    return _is_nobody(fold_identifier(identifier))


def fold_identifier(identifier: str) -> str:
    """Give the form in which ids are compared: trimmed and case-folded."""
    return identifier.strip().casefold()


@lru_cache(maxsize=8)
def make_hasher(key: HashKey) -> Callable[[str], str]:
    """Give the function that gives the first 32 hex digits of HMAC-SHA-256 of a text, key after key."""
    first, *later = [_make_hasher(each) for each in list_keys(key)]
    if not later:
        return first

    def hash_text(text: str) -> str:
        found = first(text)
        for hash_again in later:
            found = hash_again(found)
        return found

    return hash_text


def _make_hasher(key: bytes) -> Callable[[str], str]:
    """Make the hasher of one key.

    It is RFC 2104 with both pads hashed once; `hmac.digest` does it for each text, in twice the time.
    """
    padded = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ _INNER_PAD for byte in padded))
    outer = hashlib.sha256(bytes(byte ^ _OUTER_PAD for byte in padded))

    def hash_text(text: str) -> str:
        within, around = inner.copy(), outer.copy()
        within.update(text.encode())
        around.update(within.digest())
        return around.hexdigest()[:HASH_DIGITS]

    return hash_text


def hash_subject(key: HashKey, identifier: str) -> str:
    """Hash an id: the first 32 hex digits of HMAC-SHA-256 of its folded form."""
    return make_hasher(key)(fold_identifier(identifier))


def hash_forms(key: HashKey, identifier: str) -> tuple[str, ...]:
    """Hash an id and the forms in which it may stand elsewhere: its SHA-1 and MD5 as hex, in either casing.

    Partners hash an id as they have it, so both the lower and the upper case of it are hashed.
    """
    hash_text = make_hasher(key)
    plain, *digests = list_forms(identifier)
    # Digests are in lower case as they are made.
    return tuple(dict.fromkeys(map(hash_text, (fold_identifier(plain), *digests))))


def list_forms(identifier: str) -> Iterator[str]:
    """List an id and its SHA-1 and MD5 as hex, in its own, the lower and the upper casing."""
    trimmed = identifier.strip()
    spellings = dict.fromkeys((trimmed, trimmed.lower(), trimmed.upper()))
    yield trimmed
    for spelling in spellings:
        yield hashlib.sha1(spelling.encode(), usedforsecurity=False).hexdigest()
        yield hashlib.md5(spelling.encode(), usedforsecurity=False).hexdigest()


def hash_subjects(key: HashKey, column: pa.Array) -> pa.Array:
    """Hash a column of ids, each distinct one once; null where it names nobody."""
    encoded = as_text(column).dictionary_encode()
    folded, is_nobody = _fold_texts(encoded.dictionary)
    hashes = pa.array(map(make_hasher(key), folded.to_pylist()), pa.string(), size=len(folded))
    return pc.if_else(is_nobody, None, hashes).take(encoded.indices)


def list_subjects(key: HashKey, rows: pa.Table) -> pa.Array:
    """List whom each row is about: hashes of all its ids, with a space between; empty where it names nobody.

    Ids inside URLs and values (`embedded_ids`) are among them.
    """
    names = [name for name in PERSON_FIELDS if name in rows.column_names]
    hashed = [hash_subjects(key, _get_array(rows, name)) for name in names]
    if "embedded_ids" in rows.column_names:
        hashed.append(_hash_lists(key, _get_array(rows, "embedded_ids")))
    if not hashed:
        return pa.array([""] * len(rows), pa.string())
    # Each begins with a space. Skipping nulls, Arrow would leave out rows in which all are null.
    spaced = [pc.binary_join_element_wise("", each, " ") for each in hashed]
    joined = pc.binary_join_element_wise(*spaced, "", null_handling="replace", null_replacement="")
    return pc.ascii_ltrim_whitespace(joined)


def _is_nobody(folded: str) -> bool:
    return folded in PLACEHOLDERS or _NOTHING.fullmatch(folded) is not None


def _fold_texts(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Fold texts, and mark those that name nobody; all at once where none has a space or is not ASCII."""
    if _is_plain(texts):
        folded = pc.ascii_lower(texts)
        is_nothing = pc.equal(pc.ascii_ltrim(folded, _NOTHING_MARKS), "")
        return folded, pc.or_(is_nothing, pc.is_in(folded, pa.array(_PLAIN_NOBODIES, pa.string())))
    words = [fold_identifier(text) for text in texts.to_pylist()]
    return pa.array(words, pa.string()), pa.array(map(_is_nobody, words), pa.bool_(), size=len(words))


def _is_plain(texts: pa.Array) -> bool:
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    return bool(((data > _SPACE) & (data < _DELETE)).all())


def _get_array(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name).combine_chunks()
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column


def _hash_lists(key: HashKey, lists: pa.Array) -> pa.Array:
    if lists.null_count == len(lists):
        return pa.nulls(len(lists), pa.string())
    return pa.array(
        [
            " ".join(hash_subject(key, text) for text in texts if not is_placeholder(text)) or None
            if texts
            else None
            for texts in lists.to_pylist()
        ],
        pa.string(),
    )
