"""Undo the compression of a landed object, whatever its name says: gzip, zstd, bzip2 or none."""

from __future__ import annotations

import bz2
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO, Final

import zstandard
from isal.igzip_lib import DECOMP_GZIP_NO_HDR, IgzipDecompressor, IsalError

from etl.appsflyer.formats.source import DamagedStreamError, Source
from etl.appsflyer.messages import Reason

__all__ = ["Compression", "DamagedStreamError", "decompress", "undo_layers"]

_READ_BYTES = 64 << 10
_PIECE_BYTES = 256 << 10
# A codec that fails loses what it was about to give, so pieces begin small and grow with what was read.
_FIRST_PIECE_BYTES = 512
_PIECE_SHARE = 8
# Compressed once by the endpoint and once more on the way.
_MAX_LAYERS = 2

# Each also matches an object that ends within its magic bytes, which is a truncated one.
_GZIP = re.compile(rb"\x1f(?:\x8b(?:\x08|\Z)|\Z)")
_ZSTD = re.compile(rb"\x28\xb5(?:\x2f(?:\xfd|\Z)|\Z)|[\x50-\x5f]\x2a\x4d\x18")
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90|1A?Y?&?S?\Z|\x17r?E?8?P?\Z|\Z)", re.DOTALL)
_MAGIC_BYTES = 10

_GZIP_HAS_CRC, _GZIP_HAS_EXTRA, _GZIP_HAS_NAME, _GZIP_HAS_COMMENT = 2, 4, 8, 16
_ZSTD_MAX_HEADER_BYTES = 18
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_ZSTD_RUN_BLOCK = 1

_Codec = Callable[[Source], Iterator[bytes]]


class Compression(StrEnum):
    """How a layer of a landed object is compressed."""

    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bz2"


def decompress(raw: BinaryIO) -> Iterator[bytes]:
    """Give the content of a landed object in pieces of at most 256 KiB.

    Recognised by the first bytes: gzip of any number of members, with zeros after them or not; zstd frames;
    bzip2 streams; one of these inside another. Anything else is given as it is, and nothing for an empty
    object. Memory is bounded by a few pieces and a window, whatever the ratio of compression.

    Raises:
        DamagedStreamError: the stream ends too early, fails a checksum or is followed by something else. All
            that could be read is given first, but for an invalid stretch of gzip or bzip2: there an eighth of
            what came before, at least 512 bytes and at most 256 KiB, may be missing.
        OSError: whatever `raw` raises.
    """
    source, _ = undo_layers(raw)
    yield from source


def undo_layers(raw: BinaryIO) -> tuple[Source, tuple[Compression, ...]]:
    """Give an object's content, as `decompress` does, and its layers of compression, the outermost first."""
    source = Source(iter(lambda: raw.read(_READ_BYTES), b""))
    layers: list[Compression] = []
    while len(layers) < _MAX_LAYERS and (layer := _recognise(source.peek(_MAGIC_BYTES))):
        source = Source(_CODECS[layer](source))
        layers.append(layer)
    return source, tuple(layers)


def _recognise(head: bytes) -> Compression | None:
    magics = ((_GZIP, Compression.GZIP), (_ZSTD, Compression.ZSTD), (_BZIP2, Compression.BZIP2))
    return next((layer for magic, layer in magics if magic.match(head)), None)


def _check_magic(source: Source, magic: re.Pattern[bytes]) -> None:
    if not magic.match(source.peek(_MAGIC_BYTES)):
        raise DamagedStreamError(Reason.CORRUPT_OBJECT)


def _read_gzip(source: Source) -> Iterator[bytes]:
    while source.peek(1):
        _check_magic(source, _GZIP)
        _skip_gzip_header(source)
        yield from _read_gzip_member(source)
        source.skip_all(b"\0")
    source.check_end()


def _skip_gzip_header(source: Source) -> None:
    flags = source.take(10)[3]
    if flags & _GZIP_HAS_EXTRA:
        source.skip(int.from_bytes(source.take(2), "little"))
    if flags & _GZIP_HAS_NAME:
        source.skip_past(b"\0")
    if flags & _GZIP_HAS_COMMENT:
        source.skip_past(b"\0")
    if flags & _GZIP_HAS_CRC:
        source.skip(2)


def _read_gzip_member(source: Source) -> Iterator[bytes]:
    inflater = IgzipDecompressor(flag=DECOMP_GZIP_NO_HDR)
    size = 0
    while not inflater.eof:
        try:
            piece = inflater.decompress(_feed(source, is_needed=inflater.needs_input), _next_size(size))
        except IsalError:  # type: ignore[misc]  # its stub takes the class for an instance
            raise DamagedStreamError(Reason.CORRUPT_OBJECT) from None
        size += len(piece)
        yield piece
    source.unread(inflater.unused_data)
    trailer = (inflater.crc & 0xFFFFFFFF).to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    if source.take(8) != trailer:
        raise DamagedStreamError(Reason.CORRUPT_OBJECT)


def _read_bzip2(source: Source) -> Iterator[bytes]:
    while source.peek(1):
        _check_magic(source, _BZIP2)
        yield from _read_bzip2_stream(source)
    source.check_end()


def _read_bzip2_stream(source: Source) -> Iterator[bytes]:
    decompressor = bz2.BZ2Decompressor()
    size = 0
    while not decompressor.eof:
        try:
            piece = decompressor.decompress(
                _feed(source, is_needed=decompressor.needs_input), _next_size(size)
            )
        except OSError:
            raise DamagedStreamError(Reason.CORRUPT_OBJECT) from None
        size += len(piece)
        yield piece
    source.unread(decompressor.unused_data)


def _feed(source: Source, *, is_needed: bool) -> bytes:
    if not is_needed:
        return b""
    return source.read_some() or source.take(1)


def _next_size(size: int) -> int:
    return min(max(size // _PIECE_SHARE, _FIRST_PIECE_BYTES), _PIECE_BYTES)


def _read_zstd(source: Source) -> Iterator[bytes]:
    while source.peek(1):
        _check_magic(source, _ZSTD)
        try:
            yield from _read_zstd_frame(source)
        except zstandard.ZstdError:
            raise DamagedStreamError(Reason.CORRUPT_OBJECT) from None
    source.check_end()


def _read_zstd_frame(source: Source) -> Iterator[bytes]:
    # Fed block by block, because a block gives at most 128 KiB and a piece of input any amount.
    if source.peek(4)[1:] == _ZSTD_SKIPPABLE:
        source.skip(4)
        return source.skip(int.from_bytes(source.take(4), "little"))
    header, has_checksum = _take_zstd_header(source)
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    decompressor.decompress(header)
    is_last = False
    while not is_last:
        block, is_last = _take_zstd_block(source)
        yield decompressor.decompress(block)
    if has_checksum:
        decompressor.decompress(source.take(4))
    return None


def _take_zstd_header(source: Source) -> tuple[bytes, bool]:
    head = source.peek(_ZSTD_MAX_HEADER_BYTES)
    try:
        parameters = zstandard.get_frame_parameters(head)
    except zstandard.ZstdError:
        if len(head) < _ZSTD_MAX_HEADER_BYTES:
            raise source.cut_short() from None
        raise
    return source.take(zstandard.frame_header_size(head)), parameters.has_checksum


def _take_zstd_block(source: Source) -> tuple[bytes, bool]:
    head = source.take(3)
    described = int.from_bytes(head, "little")
    kind, size = described >> 1 & 3, described >> 3
    return head + source.take(1 if kind == _ZSTD_RUN_BLOCK else size), bool(described & 1)


_CODECS: Final[dict[Compression, _Codec]] = {
    Compression.GZIP: _read_gzip,
    Compression.ZSTD: _read_zstd,
    Compression.BZIP2: _read_bzip2,
}
