"""The people who must not be found: their keyed hashes, and the key to hash what is found with."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from etl.appsflyer import id_loops
from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses
from etl.hash_keys import HashKey, list_keys
from etl.subjects import HASH_DIGITS, fold_identifier, make_hasher

_SOURCE = Path(__file__).with_name("digest_loops.py")
LOOKUP_SOURCES = (
    _SOURCE,
    *(_SOURCE.with_name(f"{name}_loops.py") for name in ("lookup", "token", "class")),
    Path(id_loops.__file__),
)
"""What the kernels of `lookup_loops` are made of."""

_look_messages_up = register("look_messages_up", "etl.proving.lookup_loops", *LOOKUP_SOURCES)
_compress_blocks = register("compress_blocks", "etl.proving.digest_loops", _SOURCE)

BLOCK_BYTES = 64
LANES = 16
"""What the number of messages is a multiple of: as many as any processor hashes at once."""

_HALF = HASH_DIGITS // 2
_INNER_PAD, _OUTER_PAD = 0x36, 0x5C
# What SHA-256 begins with (FIPS 180-4).
_INITIAL = (
    *(0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A),
    *(0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19),
)
# Words of the states that a key is prepared to.
_STATES = 2 * len(_INITIAL)
# Marks for each wanted hash, so that few that are not wanted have to be looked up; and how many at most.
_MARKS_EACH, _FEWEST_BITS, _MOST_BITS = 32, 12, 24

Numbers = npt.NDArray[np.uint64]
Messages = npt.NDArray[np.uint8]


class Wanted:
    """A set of keyed hashes (`etl.subjects.hash_forms`) to look texts up in; it shows none, nor the key.

    Raises:
        ValueError: what is given as a hash is none; it is not quoted.
    """

    def __init__(self, key: HashKey, hashes: Iterable[str]) -> None:
        """Take the key, and the hashes as 32 lower-case hexadecimal digits."""
        self._hash_text = make_hasher(key)
        self._states = np.concatenate([_prepare(each) for each in list_keys(key)])
        self._hashes = frozenset(hashes)
        bits = min(max((_MARKS_EACH * len(self._hashes)).bit_length(), _FEWEST_BITS), _MOST_BITS)
        halves = _read_halves(self._hashes)
        marks = np.zeros(1 << bits, dtype=np.bool_)
        marks[halves >> np.uint64(64 - bits)] = True
        # Kernels compare numbers with a sign.
        self._halves = np.sort(halves.view(np.int64))
        self._marks = np.packbits(marks, bitorder="little")
        keys, count = len(self._states) // _STATES, len(self._hashes)
        self.sought = (
            *(*addresses(self._states), keys),
            *(*addresses(self._halves), count),
            *(*addresses(self._marks), 64 - bits),
        )

    def __len__(self) -> int:
        """Count the hashes."""
        return len(self._hashes)

    def __repr__(self) -> str:
        """Say how many there are and no more."""
        return f"<Wanted: {len(self)} hashes>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled: the key would be written down."""
        raise TypeError("What is wanted holds the hash key and is made anew in each process.")

    def find_text(self, text: str) -> str | None:
        """Look up one text of any shape, folded; gives its hash if that is wanted."""
        hashed = self._hash_text(fold_identifier(text))
        return hashed if hashed in self._hashes else None

    def find_messages(self, messages: Messages, count: int) -> Counter[str]:
        """Look up the first messages of an array of blocks, whose number is a multiple of `LANES`."""
        hashes: Numbers = np.empty((len(messages), 2), dtype=np.uint64)
        places: npt.NDArray[np.int64] = np.empty(len(messages), dtype=np.int64)
        outcome: npt.NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        given = (*addresses(messages), count, *addresses(hashes, places))
        _look_messages_up(*given, *self.sought, *addresses(outcome))
        return self.count(hashes[places[: outcome[0]]])

    def count(self, hashes: Numbers) -> Counter[str]:
        """Count those of some hashes that are wanted, as texts; each is given as two numbers."""
        written = (f"{first:016x}{second:016x}" for first, second in hashes.tolist())
        return Counter(each for each in written if each in self._hashes)


def _read_halves(hashes: frozenset[str]) -> Numbers:
    try:
        numbers = [int(each[:_HALF], 16) for each in hashes if len(bytes.fromhex(each)) == _HALF]
    except ValueError:
        numbers = []
    if len(numbers) != len(hashes):
        raise ValueError(f"A wanted hash is {HASH_DIGITS} hexadecimal digits, and one here is not.")
    return np.array(numbers, dtype=np.uint64)


def _prepare(key: bytes) -> npt.NDArray[np.uint32]:
    """Give the states of SHA-256 after each of the key's pads (RFC 2104)."""
    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    pads = (bytes(byte ^ pad for byte in padded) for pad in (_INNER_PAD, _OUTER_PAD))
    return np.concatenate([_compress(each) for each in pads])


def _compress(block: bytes) -> npt.NDArray[np.uint32]:
    blocks = np.frombuffer(block * LANES, dtype=np.uint8)
    state = np.empty(len(_INITIAL), dtype=np.uint32)
    state[:] = _INITIAL
    after = np.empty(len(_INITIAL), dtype=np.uint32)
    _compress_blocks(*addresses(blocks, state, after))
    return after
