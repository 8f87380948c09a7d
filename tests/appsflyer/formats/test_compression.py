"""Landed objects are recognised by their first bytes, and give all that can be read of them."""

import bz2
import gzip
import io
import pickle
import random
from collections.abc import Callable

import pytest
import zstandard

from etl.appsflyer.formats.compression import DamagedStreamError, decompress
from etl.appsflyer.messages import Reason

CONTENT = b"".join(b'{"event_name": "level_%d", "n": %d}\n' % (n, n * n) for n in range(2000))


def compress_zstd(data: bytes) -> bytes:
    """Compress with a checksum."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


Compress = Callable[[bytes], bytes]
CODECS: dict[str, Compress] = {"gzip": gzip.compress, "zstd": compress_zstd, "bzip2": bz2.compress}


def read(data: bytes) -> tuple[bytes, Reason | None]:
    """Decompress, and give what came before the damage beside its reason."""
    read_so_far = b""
    try:
        for piece in decompress(io.BytesIO(data)):
            read_so_far += piece
    except DamagedStreamError as error:
        return read_so_far, error.reason
    return read_so_far, None


@pytest.mark.parametrize("compress", CODECS.values(), ids=CODECS)
def test_content_comes_back(compress: Compress) -> None:
    """What was compressed is given as it was."""
    assert read(compress(CONTENT)) == (CONTENT, None)


def test_plain_content_is_given_as_it_is() -> None:
    """An object without a known beginning is not compressed."""
    assert read(CONTENT) == (CONTENT, None)


def test_an_empty_object_gives_nothing() -> None:
    """Nothing comes of nothing, and that is no damage."""
    assert read(b"") == (b"", None)


@pytest.mark.parametrize("compress", CODECS.values(), ids=CODECS)
def test_streams_may_follow_each_other(compress: Compress) -> None:
    """Members, frames and streams are read one after another, empty ones too."""
    assert read(compress(b"a") + compress(b"") + compress(CONTENT)) == (b"a" + CONTENT, None)


@pytest.mark.parametrize("outer", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("inner", CODECS.values(), ids=CODECS)
def test_compression_may_be_nested_once(outer: Compress, inner: Compress) -> None:
    """An object that was compressed twice is given as it was before both."""
    assert read(outer(inner(CONTENT))) == (CONTENT, None)


def test_gzip_header_fields_are_passed_over() -> None:
    """A member may carry extra bytes, a name, a comment and a checksum of its header."""
    member = gzip.compress(CONTENT)
    header = (
        member[:3] + bytes([2 | 4 | 8 | 16]) + member[4:10] + b"\x03\x00xyz" + b"name\0" + b"note\0" + b"\1\2"
    )
    assert read(header + member[10:]) == (CONTENT, None)


@pytest.mark.parametrize("zeros", [1, 511, 100_000])
def test_zeros_may_follow_gzip(zeros: int) -> None:
    """Padding after a member is no damage, and another member may follow it."""
    padded = gzip.compress(b"a") + bytes(zeros)
    assert read(padded) == (b"a", None)
    assert read(padded + gzip.compress(b"b")) == (b"ab", None)


@pytest.mark.parametrize("compress", CODECS.values(), ids=CODECS)
def test_anything_else_after_a_stream_is_corruption(compress: Compress) -> None:
    """All of the stream is given before its trailing garbage is reported."""
    assert read(compress(CONTENT) + b"garbage") == (CONTENT, Reason.CORRUPT_OBJECT)


@pytest.mark.parametrize("damage_at", [-8, -1], ids=["checksum", "length"])
def test_a_failed_gzip_trailer_comes_after_the_content(damage_at: int) -> None:
    """Content whose checksum or length does not match is given, then reported."""
    data = bytearray(gzip.compress(CONTENT))
    data[damage_at] ^= 1
    assert read(bytes(data)) == (CONTENT, Reason.CORRUPT_OBJECT)


def test_a_failed_zstd_checksum_comes_after_the_content() -> None:
    """Content whose checksum does not match is given, then reported."""
    data = bytearray(compress_zstd(CONTENT))
    data[-1] ^= 1
    assert read(bytes(data)) == (CONTENT, Reason.CORRUPT_OBJECT)


def test_a_failed_bzip2_checksum_keeps_most_of_the_content() -> None:
    """Of an invalid stretch at most an eighth of what came before is missing."""
    data = bytearray(bz2.compress(CONTENT))
    data[-1] ^= 1
    content, reason = read(bytes(data))
    assert reason is Reason.CORRUPT_OBJECT
    assert CONTENT.startswith(content)
    assert len(content) > len(CONTENT) * 7 // 8 - 1024


@pytest.mark.parametrize("compress", CODECS.values(), ids=CODECS)
def test_every_cut_is_a_truncation(compress: Compress) -> None:
    """Wherever a small object is cut, a beginning of its content is given, then the truncation."""
    data = compress(CONTENT[:200])
    magic_bytes = {b"\x1f": 1, b"\x28": 2, b"B": 4}[data[:1]]
    for cut in range(magic_bytes, len(data)):
        content, reason = read(data[:cut])
        assert CONTENT.startswith(content)
        assert reason is Reason.TRUNCATED_OBJECT, cut


def test_a_truncated_gzip_gives_nearly_all_of_what_is_there() -> None:
    """Cut in the middle, an object gives what the reference decompressor gives, but for the last symbols."""
    data = gzip.compress(CONTENT)
    content, _ = read(data[: len(data) // 2])
    reference = bytearray()
    with gzip.open(io.BytesIO(data[: len(data) // 2])) as file, pytest.raises(EOFError):
        while piece := file.read(1):
            reference += piece
    assert len(reference) - len(content) < 300


def test_damage_within_nested_compression_is_reported() -> None:
    """A truncation of the outer stream reaches the reader through the inner one."""
    content, reason = read(gzip.compress(gzip.compress(CONTENT, 1), 1)[:-4])
    assert (content, reason) == (CONTENT, Reason.TRUNCATED_OBJECT)


def test_a_bomb_comes_in_small_pieces() -> None:
    """However well an object is compressed, no piece is larger than 256 KiB."""
    zeros = bytes(20_000_000)
    for compress in CODECS.values():
        sizes = [len(piece) for piece in decompress(io.BytesIO(compress(zeros)))]
        assert sum(sizes) == len(zeros)
        assert max(sizes) <= 256 << 10


def test_incompressible_content_comes_back() -> None:
    """Streams of stored and raw blocks are read as well, across the edges of input."""
    noise = random.Random(7).randbytes(1_000_000)  # noqa: S311 - seeded, not secret
    assert all(read(compress(noise)) == (noise, None) for compress in CODECS.values())


def test_skippable_zstd_frames_are_passed_over() -> None:
    """A frame that says it may be skipped is skipped, at the beginning too."""
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    assert read(skippable + compress_zstd(CONTENT) + skippable) == (CONTENT, None)


def test_the_error_survives_pickling() -> None:
    """A worker process can hand it back."""
    assert (
        pickle.loads(pickle.dumps(DamagedStreamError(Reason.CORRUPT_OBJECT))).reason is Reason.CORRUPT_OBJECT
    )
