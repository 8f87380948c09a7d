"""The kernel that hashes messages: HMAC-SHA-256 of eight or sixteen at a time, one in each lane of a vector.

A message is a block as `token_loops` notes it. Of each hash there are the first 128 bits, as two numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import binding, ir

from etl.appsflyer.compiled.instructions import define, get_long, instruction, load, store

# As wide as the processor's vectors: half as wide or twice, hashing takes longer.
LANES = 16 if binding.get_host_cpu_features().get("avx512f") else 8
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


def compress_blocks(arguments: int) -> None:
    """Take a block, which is there once for each lane, into a state, and give the state after it."""
    blocks, state, out = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    compress_lanes(blocks, state, out)


@instruction
def hash_lanes(_: Any, messages: Any, inner: Any, outer: Any, hashes: Any) -> Any:
    """Hash a message in each lane."""
    return define(4, gives=False, generate=_generate_hash)


@instruction
def compress_lanes(_: Any, blocks: Any, state: Any, out: Any) -> Any:
    """Take a block into a state."""
    return define(3, gives=False, generate=_generate_compression)


def _generate_hash(builder: Any, messages: Any, inner: Any, outer: Any, hashes: Any) -> None:
    within = _compress(builder, _load_state(builder, inner), _load_blocks(builder, messages))
    rest = [_repeat(_STOP_BIT), *[_repeat(0)] * 6, _repeat(_BITS_OF_BOTH)]
    around = _compress(builder, _load_state(builder, outer), [*within, *rest])
    first, second = (_join(builder, *around[at : at + 2]) for at in (0, 2))
    places = [place for lane in range(LANES) for place in (lane, LANES + lane)]
    store(builder, _shuffle(builder, first, second, places), hashes)


def _join(builder: Any, high: Any, low: Any) -> Any:
    """Join two words of each lane to one number."""
    longs = ir.VectorType(_LONG, LANES)
    half = ir.Constant(longs, [32] * LANES)
    return builder.or_(builder.shl(builder.zext(high, longs), half), builder.zext(low, longs))


def _generate_compression(builder: Any, blocks: Any, state: Any, out: Any) -> None:
    taken = _compress(builder, _load_state(builder, state), _load_blocks(builder, blocks))
    for place, word in enumerate(taken):
        store(builder, builder.extract_element(word, _WORD(0)), builder.add(out, _LONG(4 * place)))


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
    """Load a block for each lane, and give the first words of all, the second ones, and so on."""
    words: list[Any] = []
    for part in range(0, _BLOCK_WORDS, LANES):
        places = [builder.add(address, _LONG(_BLOCK * lane + 4 * part)) for lane in range(LANES)]
        rows = [_swap_bytes(builder, load(builder, place, _LANES_OF_WORDS)) for place in places]
        words += _transpose(builder, rows)
    return words


def _transpose(builder: Any, rows: list[Any]) -> list[Any]:
    """Make rows columns: squares are exchanged across the diagonal, down to single words."""
    size = LANES // 2
    while size:
        upper = [place if not place & size else LANES + place - size for place in range(LANES)]
        lower = [place + size if not place & size else LANES + place for place in range(LANES)]
        for row in range(LANES):
            if not row & size:
                one, other = rows[row], rows[row + size]
                rows[row] = _shuffle(builder, one, other, upper)
                rows[row + size] = _shuffle(builder, one, other, lower)
        size //= 2
    return rows


def _swap_bytes(builder: Any, words: Any) -> Any:
    """Turn words that SHA-256 reads with their greatest byte first."""
    each = builder.bitcast(words, ir.VectorType(ir.IntType(8), 4 * LANES))
    turned = _shuffle(builder, each, each, [place ^ 3 for place in range(4 * LANES)])
    return builder.bitcast(turned, _LANES_OF_WORDS)


def _shuffle(builder: Any, one: Any, other: Any, places: Sequence[int]) -> Any:
    """Take elements of two vectors, those of the second being counted on."""
    chosen = ir.Constant(ir.VectorType(_WORD, len(places)), list(places))
    return builder.shuffle_vector(one, other, chosen)


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
