"""How much of an object is held at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from etl.appsflyer.formats.salvage import KNOWN_KEYS

# The C library gives back and re-faults every block from 32 MiB on, its header included.
BLOCK_BYTES = (32 << 20) - (64 << 10)
MAX_MESSAGE_BYTES = 64 << 20
# What is kept of a message that is too large.
HEAD_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """About how large a block is, how large a message may be, and the keys that tell a message's start."""

    block_bytes: int = BLOCK_BYTES
    max_message_bytes: int = MAX_MESSAGE_BYTES
    known_keys: Collection[str] = KNOWN_KEYS
