"""The kernels that look up tokens and whole values: hash them and compare, some hundred tokens at a time."""

from __future__ import annotations

from typing import NamedTuple

from etl.appsflyer.compiled.instructions import drop_bits, get_long, inlined, part, put_long
from etl.proving.digest_loops import LANES, hash_lanes
from etl.proving.token_loops import Notes, note_again, read_lines, scan_lines

_BLOCK, _HASH_BYTES, _STATE_BYTES = 64, 16, 32


class Sought(NamedTuple):
    """Prepared keys, the first halves of wanted hashes, in order, and marks of their first bits."""

    states: int
    keys: int
    halves: int
    people: int
    marks: int
    shift: int


def look_up(arguments: int) -> None:
    """Look up the tokens in rows of text, from a place on, until some are wanted: `matching` asks for it."""
    lines, row, at = read_lines(arguments), get_long(arguments, 3), get_long(arguments, 4)
    notes = Notes(get_long(arguments, 7), get_long(arguments, 5), get_long(arguments, 6))
    room, hashes, places = get_long(arguments, 8), get_long(arguments, 9), get_long(arguments, 10)
    sought, outcome, listed = read_sought(arguments, 11), get_long(arguments, 17), 0
    while listed == 0 and row < lines.rows:
        count, row, at = scan_lines(lines, row, at, notes, room)
        hash_all(notes.out, count, sought, hashes)
        listed = list_some(hashes, count, sought, places)
    put_long(outcome, 0, listed)
    put_long(outcome, 1, row)
    put_long(outcome, 2, at)


def look_messages_up(arguments: int) -> None:
    """Hash messages, and list those that are wanted, as `wanted` asks for it."""
    messages, count = get_long(arguments, 0), get_long(arguments, 1)
    hashes, places = get_long(arguments, 2), get_long(arguments, 3)
    sought = read_sought(arguments, 4)
    hash_all(messages, count, sought, hashes)
    put_long(get_long(arguments, 10), 0, list_some(hashes, count, sought, places))


@inlined
def read_sought(arguments: int, at: int) -> Sought:
    """Read who is sought from six arguments."""
    states, keys, halves = get_long(arguments, at), get_long(arguments, at + 1), get_long(arguments, at + 2)
    people, marks = get_long(arguments, at + 3), get_long(arguments, at + 4)
    return Sought(states, keys, halves, people, marks, get_long(arguments, at + 5))


@part
def hash_all(messages: int, count: int, sought: Sought, hashes: int) -> None:
    """Hash messages with each key after the other, `LANES` at a time, for all of which there is room."""
    for key in range(sought.keys):
        if key > 0:
            for place in range(count):
                high, low = get_long(hashes, 2 * place), get_long(hashes, 2 * place + 1)
                note_again(high, low, messages + place * _BLOCK)
        inner = sought.states + 2 * key * _STATE_BYTES
        for first in range(0, count, LANES):
            hash_lanes(messages + first * _BLOCK, inner, inner + _STATE_BYTES, hashes + first * _HASH_BYTES)


@inlined
def list_some(hashes: int, count: int, sought: Sought, places: int) -> int:
    """List the hashes whose first half is wanted; gives how many."""
    listed = 0
    for place in range(count):
        half = get_long(hashes, 2 * place)
        bit = drop_bits(half, sought.shift)
        if drop_bits(get_long(sought.marks, bit >> 6), bit & 63) & 1 and is_among(half, sought):
            put_long(places, listed, place)
            listed += 1
    return listed


@part
def is_among(half: int, sought: Sought) -> bool:
    """Say whether a hash's first half is wanted."""
    low, high = 0, sought.people
    while low < high:
        middle = (low + high) >> 1
        if get_long(sought.halves, middle) < half:
            low = middle + 1
        else:
            high = middle
    return low < sought.people and get_long(sought.halves, low) == half
