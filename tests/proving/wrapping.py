"""Making what a scan must see through: ids of each shape, wrapped and packed in any way."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
from collections.abc import Callable, Collection

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from hypothesis import strategies as st

from etl.proving.findings import Scan
from etl.proving.reading import scan_object
from etl.proving.texts import TextScanner
from etl.proving.wanted import Wanted
from etl.subjects import hash_subject

KEY = b"a key for tests that is longer than a block of SHA-256 is, so that it is hashed first"

digits = st.text("0123456789abcdef", min_size=32, max_size=32)
dashed = digits.map(lambda text: "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))
sha1s = st.text("0123456789abcdef", min_size=40, max_size=40)
decimals = st.text("0123456789", min_size=10, max_size=19)
ids = st.one_of(dashed, digits, sha1s, st.builds("{}-{}".format, decimals, decimals))
cased_ids = st.builds(lambda text, is_upper: text.upper() if is_upper else text, ids, st.booleans())

WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "percent": lambda inner: b"".join(b"%%%02X" % byte for byte in inner),
    "percent of marks": lambda inner: inner.replace(b"%", b"%25").replace(b"-", b"%2d"),
    "json": lambda inner: b"".join(b"\\u%04x" % byte for byte in inner),
    "json of marks": lambda inner: inner.replace(b"\\", b"\\\\").replace(b"/", b"\\/"),
    "base64": base64.b64encode,
    "base64 of URLs": lambda inner: base64.urlsafe_b64encode(inner).rstrip(b"="),
    "utf-16-le": lambda inner: inner.decode("latin-1").encode("utf-16-le"),
    "utf-16-be": lambda inner: inner.decode("latin-1").encode("utf-16-be"),
}
# UTF-16 in UTF-16 is nobody's way to write.
inner_wrappings = st.lists(
    st.sampled_from([name for name in WRAPPINGS if not name.startswith("utf")]), max_size=2
)
# What may stand around an id and be no part of one: a quote, a space, a parameter's end, a line's.
around = st.sampled_from(['"', " ", "&", "\n", "{", "<"])


def pack_parquet(content: bytes) -> bytes:
    """Write bytes as a value among others, in a column without a dictionary."""
    file = io.BytesIO()
    values = pa.table({"of_bytes": pa.array([b"other", content, None], pa.binary())})
    pq.write_table(values, file, compression="zstd", use_dictionary=False, write_statistics=False)
    return file.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "bytes": lambda content: content,
    "gzip": lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]),
    "zstd": lambda content: zstandard.compress(content[:70]) + zstandard.compress(content[70:]),
    "bz2": lambda content: bz2.compress(content[:50]) + bz2.compress(content[50:]),
    "gzip of zstd": lambda content: gzip.compress(zstandard.compress(content)),
    "parquet": pack_parquet,
}


def want(*identifiers: str) -> Wanted:
    """Want some people."""
    return Wanted(KEY, [hash_subject(KEY, each) for each in identifiers])


def scan(content: bytes, *identifiers: str, key: str = "some/object", columns: Collection[str] = ()) -> Scan:
    """Scan an object for some people."""
    return scan_object(TextScanner(want(*identifiers)), key, io.BytesIO(content), columns)


def carriers(found: Scan) -> Collection[str]:
    """List through which carriers something was found."""
    return {finding.carrier for finding in found.findings}
