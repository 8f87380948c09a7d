"""Who did what, when: the two identities of an event.

A *deed* is what was done without its time: app, person, topic family, event name, event value. Its SHA-256 is
mixed with the event time in milliseconds for `occurrence_id`, and with the media source as well for
`event_id`, both 128 bits. One hash a row serves both, and finds deeds within one second of each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.event_values import canonicalize_values
from etl.appsflyer.fields import FIELDS
from etl.appsflyer.unify import Extra, as_text

Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

# A person's key is the first of these that a row has; its place is the row's rank.
PERSON_FIELDS = (
    "appsflyer_id",
    "advertising_id",
    "idfa",
    "idfv",
    "oaid",
    "amazon_aid",
    "android_id",
    "customer_user_id",
)
NO_PERSON_RANK = len(PERSON_FIELDS)
_ADVERTISING_FIELDS = frozenset({"advertising_id", "idfa"})
_ZEROS = r"^[0\-\s]*$"
_SEPARATOR = "\x1f"
_HEX = np.array([int.from_bytes(f"{byte:02x}".encode(), "little") for byte in range(256)], dtype=np.uint16)


@dataclass(frozen=True, slots=True)
class Identities:
    """Identities of a batch's events, one a row.

    `event_id` and `occurrence_id` are 32 hex digits. `second_key` is equal for the same deed in the same
    second. `person_rank` is the place in `PERSON_FIELDS` of the field that names the person; `NO_PERSON_RANK`
    where a fingerprint of all fields had to.
    """

    event_id: pa.Array
    occurrence_id: pa.Array
    second_key: Words
    person_rank: npt.NDArray[np.int8]


def identify_events(
    fields: Mapping[str, pa.Array],
    extras: list[Extra],
    family: pa.Array,
    event_ms: npt.NDArray[np.int64],
    is_second_precision: Mask,
) -> Identities:
    """Identify events by their unified text fields, topic family and time in milliseconds.

    A row with second precision is equal only to a row that is equal in all fields, and a row that names
    nobody is the occurrence only of such a row.
    """
    rows = len(family)
    person, rank = choose_persons(fields, rows)
    unsure = is_second_precision | (rank == NO_PERSON_RANK)
    fingerprints = _fingerprint(fields, extras, unsure)
    nameless = pa.array(rank == NO_PERSON_RANK)
    person = pc.if_else(nameless, fingerprints, person)
    deed = _hash_deeds(fields, person, family, rows)
    of_second, of_time = _mix(event_ms // 1000), _mix(event_ms)
    # A time of second precision is no instant, so it never makes one occurrence with a row that has the
    # milliseconds.
    of_time = np.where(is_second_precision, ~of_time, of_time)
    source = _hash_sources(fields, rows)
    source ^= _hash_subset(fingerprints, is_second_precision)
    return Identities(
        event_id=_as_hex(deed[:, 2] ^ of_time ^ source[:, 0], deed[:, 3] ^ source[:, 1]),
        occurrence_id=_as_hex(deed[:, 0], deed[:, 1] ^ of_time),
        second_key=deed[:, 0] ^ of_second,
        person_rank=rank,
    )


@dataclass(frozen=True, slots=True)
class SecondKeys:
    """What tells whether published rows and others are of one deed, in one second.

    `keys` are their second keys; `untimed` the low words of the event ids that they would have with
    milliseconds, whichever these were. Rows that are not `is_named` name nobody, and have neither.
    """

    keys: Words
    untimed: Words
    is_named: Mask


def compute_second_keys(
    fields: Mapping[str, pa.Array], family: pa.Array, event_seconds: npt.NDArray[np.int64]
) -> SecondKeys:
    """Compute the second keys of published rows."""
    rows = len(family)
    person, rank = choose_persons(fields, rows)
    deed = _hash_deeds(fields, person, family, rows)
    untimed = deed[:, 3] ^ _hash_sources(fields, rows)[:, 1]
    return SecondKeys(deed[:, 0] ^ _mix(event_seconds), untimed, rank < NO_PERSON_RANK)


def choose_persons(fields: Mapping[str, pa.Array], rows: int) -> tuple[pa.Array, npt.NDArray[np.int8]]:
    """Choose each row's person key, null where no field names one, and the rank of the field that gave it.

    Advertising ids are case-folded; zeros are no id.
    """
    person = pa.nulls(rows, pa.string())
    rank = np.full(rows, NO_PERSON_RANK, dtype=np.int8)
    for place, name in enumerate(PERSON_FIELDS):
        if name not in fields:
            continue
        key = clean_id(name, as_text(fields[name]))
        is_new = pc.and_(pc.is_null(person), pc.is_valid(key)).to_numpy(zero_copy_only=False)
        rank[is_new] = place
        person = pc.coalesce(person, key) if person.null_count < rows else key
        if not person.null_count:
            break
    return person, rank


def clean_id(name: str, key: pa.Array) -> pa.Array:
    """Bring the ids of one of `PERSON_FIELDS` to the form in which they are compared; zeros are null."""
    is_zero = pc.match_substring_regex(key, _ZEROS)
    if pc.any(is_zero).as_py():
        key = pc.if_else(is_zero, None, key)
    return pc.utf8_lower(key) if name in _ADVERTISING_FIELDS else key


def _hash_deeds(fields: Mapping[str, pa.Array], person: pa.Array, family: pa.Array, rows: int) -> Words:
    nothing = pa.nulls(rows, pa.string())
    parts = [
        as_text(fields.get("app_id", nothing)),
        person,
        as_text(family),
        as_text(fields.get("event_name", nothing)),
        canonicalize_values(as_text(fields.get("event_value", nothing))),
    ]
    return _hash_texts(_join(parts)) ^ _mix_lengths(parts)


def _mix_lengths(parts: list[pa.Array]) -> Words:
    """Tell parts apart whose texts hold the separator: joined alike, they differ in length."""
    mixed = np.zeros((len(parts[0]), 1), dtype=np.uint64)
    for part in parts[:-1]:
        lengths = pc.fill_null(pc.binary_length(part), 0).to_numpy(zero_copy_only=False)
        mixed[:, 0] = _mix(mixed[:, 0].view(np.int64) + lengths)
    return mixed


def _join(parts: list[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*parts, _SEPARATOR, null_handling="replace", null_replacement="")


def _hash_sources(fields: Mapping[str, pa.Array], rows: int) -> Words:
    """Hash media sources, case-folded; null and organic are one source."""
    if "media_source" not in fields:
        return np.zeros((rows, 2), dtype=np.uint64)
    encoded = fields["media_source"]
    encoded = encoded if pa.types.is_dictionary(encoded.type) else encoded.dictionary_encode()
    folded = [text.strip().casefold() for text in encoded.dictionary.to_pylist()]
    known = np.array([_hash_source(text) for text in folded] + [[0, 0]], dtype=np.uint64)
    codes = pc.fill_null(encoded.indices, len(folded)).to_numpy(zero_copy_only=False)
    return cast("Words", known[codes])


def _hash_source(text: str) -> list[int]:
    if text in {"", "organic"}:
        return [0, 0]
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")]


def _hash_subset(texts: pa.Array, mask: Mask) -> Words:
    """Hash the texts of the masked rows; zeros elsewhere."""
    words = np.zeros((len(mask), 2), dtype=np.uint64)
    if mask.any():
        words[mask] = _hash_texts(texts.filter(pa.array(mask)))[:, :2]
    return words


def _hash_texts(texts: pa.Array) -> Words:
    sha256 = hashlib.sha256
    digests = b"".join([sha256(text).digest() for text in texts.cast(pa.binary()).to_pylist()])
    return np.frombuffer(digests, dtype="<u8").reshape(-1, 4)


def _fingerprint(fields: Mapping[str, pa.Array], extras: list[Extra], mask: Mask) -> pa.Array:
    """Join all fields of the masked rows into one text each; null elsewhere."""
    if not mask.any():
        return pa.nulls(len(mask), pa.string())
    chosen = np.flatnonzero(mask)
    taken = pa.array(chosen)
    nothing = pa.nulls(len(chosen), pa.string())
    parts = [as_text(fields[field.name].take(taken)) if field.name in fields else nothing for field in FIELDS]
    joined = _join([*parts, _join_extras(extras, chosen, len(mask))])
    slots = np.full(len(mask), -1, dtype=np.int64)
    slots[chosen] = np.arange(len(chosen))
    return joined.take(pa.array(slots, mask=slots < 0))


def _join_extras(extras: list[Extra], chosen: npt.NDArray[np.int64], rows: int) -> pa.Array:
    wanted = np.zeros(rows, dtype=bool)
    wanted[chosen] = True
    found: dict[int, list[tuple[str, str]]] = {}
    for extra in extras:
        for row, text in zip(
            extra.rows[wanted[extra.rows]].tolist(),
            extra.texts.filter(pa.array(wanted[extra.rows])).to_pylist(),
            strict=True,
        ):
            found.setdefault(row, []).append((extra.name, text))
    return pa.array([repr(sorted(found.get(row, []))) for row in chosen.tolist()], pa.string())


def _mix(numbers: npt.NDArray[np.int64]) -> Words:
    """Spread numbers over 64 bits, one to one (the finalizer of SplitMix64)."""
    mixed = numbers.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return cast("Words", mixed ^ (mixed >> np.uint64(31)))


def _as_hex(high: Words, low: Words) -> pa.Array:
    """Write pairs of words as 32 hex digits."""
    digits = _HEX[np.stack([high, low], axis=1).view(np.uint8)]
    offsets = np.arange(len(high) + 1, dtype=np.int32) * 32
    return pa.Array.from_buffers(pa.string(), len(high), [None, pa.py_buffer(offsets), pa.py_buffer(digits)])
