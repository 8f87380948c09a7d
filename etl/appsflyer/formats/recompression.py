"""Compress what was decompressed, layer by layer, as it was before."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final, cast

import zstandard

from etl.appsflyer.formats.compression import Compression


@contextmanager
def open_layers(sink: BinaryIO, layers: Sequence[Compression]) -> Iterator[BinaryIO]:
    """Open a sink for content that it shall hold in some layers of compression, the outermost first.

    The same content always gives the same bytes. The sink is left open.
    """
    with ExitStack() as opened:
        for layer in layers:
            sink = opened.enter_context(_OPENERS[layer](sink))
        yield sink


def _open_gzip(sink: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=sink, mtime=0))


def _open_zstd(sink: BinaryIO) -> BinaryIO:
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    return cast("BinaryIO", compressor.stream_writer(sink, closefd=False))


def _open_bzip2(sink: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", bz2.BZ2File(sink, "wb"))


_OPENERS: Final[dict[Compression, Callable[[BinaryIO], BinaryIO]]] = {
    Compression.GZIP: _open_gzip,
    Compression.ZSTD: _open_zstd,
    Compression.BZIP2: _open_bzip2,
}
