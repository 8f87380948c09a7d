"""Ids that are nobody's, or everybody's: one of them on a list must not opt out half the users."""

from __future__ import annotations

import hashlib
from typing import Final

from etl.subjects import PLACEHOLDERS, fold_identifier, is_placeholder

# What many devices, emulators or texts share, folded. The Android id is that of a defect in Android 2.2 and
# of emulators of its time; the numbers are IMEIs of emulators; then come the UUIDs that documents use for
# examples, and RFC 9562's namespaces.
SHARED_IDS: Final = frozenset(
    {
        "9774d56d682e549c",
        *("e21833235b6eef10", "012345678912345", "004999010640000", "358240051111110"),
        *("01234567-89ab-cdef-0123-456789abcdef", "12345678-1234-1234-1234-123456789012"),
        *("12345678-1234-1234-1234-123456789abc", "12345678-90ab-cdef-1234-567890abcdef"),
        *("123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426655440000"),
        *("550e8400-e29b-41d4-a716-446655440000", "deadbeef-dead-beef-dead-beefdeadbeef"),
        *(f"6ba7b81{digit}-9dad-11d1-80b4-00c04fd430c8" for digit in "0124"),
        *("0123456789abcdef", "1234567890abcdef", "123456789012345"),
    }
)
_NAUGHTS: Final = frozenset(
    {"", "0", "-", "-1", "00000000-0000-0000-0000-000000000000", "0" * 15, "0" * 16, "0" * 32}
)
_UUID_SIZE: Final = 36
# One in 10^15 UUIDs has so few distinct digits by chance.
_FEWEST_UUID_DIGITS: Final = 5
_FEWEST_DIGITS: Final = 2


def name_junk(text: str, *, is_free_form: bool = False) -> str | None:
    """Give the code of an id that must not be taken for a person's; None for one that may be.

    Free-form ids are whatever an app counts its users by, so neither patterns nor shared ids say anything
    of them.
    """
    if is_placeholder(text):
        return "nobody"
    folded = fold_identifier(text)
    if folded in _DIGESTS:
        return "digest_of_nobody"
    if is_free_form:
        return None
    if folded in SHARED_IDS:
        return "shared_id"
    return "repeated" if _is_pattern(folded) else None


def _is_pattern(folded: str) -> bool:
    fewest = _FEWEST_UUID_DIGITS if len(folded) == _UUID_SIZE else _FEWEST_DIGITS
    return len(set(folded) - {"-"}) < fewest


def _digest_all(texts: frozenset[str]) -> frozenset[str]:
    """Digest texts in both casings, as partners do who hash an id as they have it."""
    spellings = {spelling.encode() for text in texts for spelling in (text, text.upper())}
    algorithms = (hashlib.sha1, hashlib.md5)
    return frozenset(
        algorithm(each, usedforsecurity=False).hexdigest() for each in spellings for algorithm in algorithms
    )


_DIGESTS: Final = _digest_all(PLACEHOLDERS | SHARED_IDS | _NAUGHTS)
