"""The kernel that hashes messages: HMAC-SHA-256 of eight at a time, one in each lane of a vector.

A message is a block as `token_loops` notes it. Of each hash there are the first 128 bits, as two numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from etl.appsflyer.compiled.instructions import define, get_long, instruction, load, store

LANES = 8
_BLOCK = 64
_WORD = ir.IntType(32)
_LONG = ir.IntType(64)
_LANES_OF_WORDS = ir.VectorType(_WORD, LANES)
_STATE_WORDS, _BLOCK_WORDS, _ROUNDS = 8, 16, 64
_STOP_BIT, _BITS_OF_BOTH = 0x80000000, (64 + 32) * 8


def _list_primes(count: int) -> list[int]:
    primes: list[int] = []
    candidate = 2
    while len(primes) < count:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return primes


def _root_bits(prime: int) -> int:
    """Give the first 32 bits of the fraction of a cube root."""
    scaled = prime << 96
    root = 1 << (scaled.bit_length() // 3 + 1)
    while (better := (2 * root + scaled // root**2) // 3) < root:
        root = better
    return root & 0xFFFFFFFF


_CONSTANTS = [_root_bits(prime) for prime in _list_primes(_ROUNDS)]


def hash_messages(arguments: int) -> None:
    """Hash groups of eight messages with a prepared key, as `wanted` asks for it."""
    messages, groups = get_long(arguments, 0), get_long(arguments, 1)
    inner, outer, hashes = get_long(arguments, 2), get_long(arguments, 3), get_long(arguments, 4)
    for group in range(groups):
        hash_lanes(messages + group * LANES * _BLOCK, inner, outer, hashes + group * LANES * 16)


def compress_blocks(arguments: int) -> None:
    """Take eight blocks into eight states that begin as one, of which are given the whole."""
    blocks, state, out = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    compress_lanes(blocks, state, out)


@instruction
def hash_lanes(_: Any, messages: Any, inner: Any, outer: Any, hashes: Any) -> Any:
    """Hash eight messages."""
    return define(4, gives=False, generate=_generate_hash)


@instruction
def compress_lanes(_: Any, blocks: Any, state: Any, out: Any) -> Any:
    """Take eight blocks into eight states."""
    return define(3, gives=False, generate=_generate_compression)


def _generate_hash(builder: Any, messages: Any, inner: Any, outer: Any, hashes: Any) -> None:
    within = _compress(builder, _load_state(builder, inner), _load_blocks(builder, messages))
    rest = [_repeat(_STOP_BIT), *[_repeat(0)] * 6, _repeat(_BITS_OF_BOTH)]
    around = _compress(builder, _load_state(builder, outer), [*within, *rest])
    for lane in range(LANES):
        for half in range(2):
            high, low = (
                builder.zext(builder.extract_element(around[2 * half + word], _WORD(lane)), _LONG)
                for word in range(2)
            )
            number = builder.or_(builder.shl(high, _LONG(32)), low)
            store(builder, number, builder.add(hashes, _LONG(16 * lane + 8 * half)))


def _generate_compression(builder: Any, blocks: Any, state: Any, out: Any) -> None:
    taken = _compress(builder, _load_state(builder, state), _load_blocks(builder, blocks))
    for place, word in enumerate(taken):
        store(builder, word, builder.add(out, _LONG(4 * LANES * place)))


def _repeat(value: int) -> Any:
    return ir.Constant(_LANES_OF_WORDS, [value] * LANES)


def _load_state(builder: Any, address: Any) -> list[Any]:
    words = []
    for place in range(_STATE_WORDS):
        word = load(builder, builder.add(address, _LONG(4 * place)), _WORD)
        vector = ir.Constant(_LANES_OF_WORDS, ir.Undefined)
        for lane in range(LANES):
            vector = builder.insert_element(vector, word, _WORD(lane))
        words.append(vector)
    return words


def _load_blocks(builder: Any, address: Any) -> list[Any]:
    words = []
    for place in range(_BLOCK_WORDS):
        vector = ir.Constant(_LANES_OF_WORDS, ir.Undefined)
        for lane in range(LANES):
            word = load(builder, builder.add(address, _LONG(_BLOCK * lane + 4 * place)), _WORD)
            vector = builder.insert_element(vector, builder.bswap(word), _WORD(lane))
        words.append(vector)
    return words


def _rotate(builder: Any, word: Any, bits: int) -> Any:
    return builder.or_(builder.lshr(word, _repeat(bits)), builder.shl(word, _repeat(32 - bits)))


def _mix(builder: Any, word: Any, rotations: Sequence[int], shift: int = 0) -> Any:
    mixed = _rotate(builder, word, rotations[0])
    for bits in rotations[1:]:
        mixed = builder.xor(mixed, _rotate(builder, word, bits))
    return builder.xor(mixed, builder.lshr(word, _repeat(shift))) if shift else mixed


def _add(builder: Any, *words: Any) -> Any:
    total = words[0]
    for word in words[1:]:
        total = builder.add(total, word)
    return total


def _compress(builder: Any, state: list[Any], block: list[Any]) -> list[Any]:
    """Generate SHA-256's compression as FIPS 180-4 has it, all rounds written out."""
    words = list(block)
    for at in range(_BLOCK_WORDS, _ROUNDS):
        late, early = _mix(builder, words[at - 2], (17, 19), 10), _mix(builder, words[at - 15], (7, 18), 3)
        words.append(_add(builder, late, words[at - 7], early, words[at - 16]))
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(_CONSTANTS, words, strict=True):
        chosen = builder.xor(g, builder.and_(e, builder.xor(f, g)))
        first = _add(builder, h, _mix(builder, e, (6, 11, 25)), chosen, _repeat(constant), word)
        majority = builder.or_(builder.and_(a, b), builder.and_(c, builder.or_(a, b)))
        second = _add(builder, _mix(builder, a, (2, 13, 22)), majority)
        a, b, c, d, e, f, g, h = builder.add(first, second), a, b, c, builder.add(d, first), e, f, g
    return [builder.add(old, new) for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]
