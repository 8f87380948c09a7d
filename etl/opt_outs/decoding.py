"""From the bytes of a dropped list to its text: it is unpacked, and its encoding is found by rule."""

from __future__ import annotations

import codecs
import io
import re
from typing import Final

from etl.appsflyer.formats.compression import DamagedStreamError, decompress
from etl.opt_outs.codes import make_unreadable

LARGEST_BYTES: Final = 512 * 2**20
"""So much of a list is unpacked; a longer one cannot fill the memory."""

PARQUET_MAGIC: Final = b"PAR1"
# Archives and spreadsheets (ZIP), PDF, old Office documents.
_UNSUPPORTED: Final = (b"PK\x03\x04", b"PK\x05\x06", b"%PDF", b"\xd0\xcf\x11\xe0")
# UTF-32's mark of little endian begins with that of UTF-16, so it is asked first.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8_CHARACTER: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def unpack_list(data: bytes, largest: int = LARGEST_BYTES) -> bytes:
    """Undo gzip, zstd or bzip2, whatever the name says.

    Raises UnreadableList for what is empty, damaged, an archive or a document, or larger than is read.
    """
    unpacked = io.BytesIO()
    try:
        for piece in decompress(io.BytesIO(data)):
            unpacked.write(piece)
            if unpacked.tell() > largest:
                raise make_unreadable("too_large")
    except DamagedStreamError:
        raise make_unreadable("damaged") from None
    found = unpacked.getvalue()
    if not found.strip():
        raise make_unreadable("empty")
    if found.startswith(_UNSUPPORTED):
        raise make_unreadable("unsupported")
    return found


def decode_list(data: bytes) -> str:
    """Decode by rule: the byte order mark, else UTF-16 by its zeros, else UTF-8, else Windows-1252.

    The last is taken only where nothing in the bytes is a character of UTF-8: one damaged byte must not
    change every other name in a list. Raises UnreadableList.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    encoding = encoding or _find_utf16(data) or "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise make_unreadable("undecodable") from None
        text = _decode_western(data)
    if "\0" in text:
        raise make_unreadable("undecodable")
    return text


def _find_utf16(data: bytes) -> str | None:
    """Find UTF-16 without a mark: in a list's first characters every second byte is zero."""
    head = data[:2]
    if len(data) % 2 or head.count(0) != 1:
        return None
    return "utf-16-le" if head[1] == 0 else "utf-16-be"


def _decode_western(data: bytes) -> str:
    if _UTF8_CHARACTER.search(data):
        raise make_unreadable("encoding_mixed")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise make_unreadable("undecodable") from None
