"""Defects of a landed object: what cannot be read as a message.

Each takes the object's sound lines and gives the bytes that land instead; one message of them is lost.
"""

import gzip

from tests.planted.kinds import Kinds

KINDS = Kinds()


def pack(data: bytes) -> bytes:
    """Compress as an endpoint does."""
    return gzip.compress(data, mtime=0)


@KINDS.quarantined("truncated_object")
def upload_that_broke_off(lines: bytes) -> bytes:
    """The compressed object ends before its end."""
    packed = pack(lines)
    return packed[: len(packed) * 2 // 3]


@KINDS.quarantined("corrupt_object")
def flipped_bits(lines: bytes) -> bytes:
    """A byte of the compressed data is another."""
    packed = bytearray(pack(lines))
    packed[len(packed) // 2] ^= 0xFF
    packed[-6] ^= 0xFF
    return bytes(packed)


@KINDS.quarantined("invalid_json")
def message_cut_by_a_logger(lines: bytes) -> bytes:
    """A line ends within its message."""
    first, rest = lines.split(b"\n", 1)
    return pack(first[: len(first) // 2] + b"\n" + rest)


@KINDS.quarantined("invalid_utf8")
def wrong_character_set(lines: bytes) -> bytes:
    """A line is in Latin-1."""
    first, rest = lines.split(b"\n", 1)
    return pack(first.replace(b'"Planted"', b'"Pl\xe4nted"') + b"\n" + rest)


@KINDS.quarantined("no_message")
def page_of_a_proxy(lines: bytes) -> bytes:
    """A proxy's error page landed instead."""
    del lines
    return b"<html><head><title>502 Bad Gateway</title></head></html>\n"


@KINDS.quarantined("not_an_object")
def numbers_between(lines: bytes) -> bytes:
    """A line holds a number."""
    return pack(lines + b"42\n")


@KINDS.quarantined("duplicate_keys")
def key_told_twice(lines: bytes) -> bytes:
    """A message has one key with two values."""
    first, rest = lines.split(b"\n", 1)
    return pack(first.replace(b"{", b'{"event_name": "af_other", ', 1) + b"\n" + rest)


@KINDS.quarantined("message_too_large")
def endless_value(lines: bytes) -> bytes:
    """A message is larger than anything that AppsFlyer sends."""
    first, rest = lines.split(b"\n", 1)
    return pack(first.replace(b"Planted", b"P" * (65 << 20)) + b"\n" + rest)
