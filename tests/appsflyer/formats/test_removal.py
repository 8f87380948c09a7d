"""Messages leave a landed object: the others keep their bytes, their order and, in lines, their positions."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.formats.compression import decompress, undo_layers
from etl.appsflyer.formats.framing import frame_values, raw_message, read_blocks
from etl.appsflyer.formats.removal import Removal, copy_without, may_hold
from etl.appsflyer.messages import Reason

MARK = b"gone"
Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "bz2": bz2.compress,
    "gzip in gzip": lambda data: gzip.compress(gzip.compress(data)),
    "zstd in bz2": lambda data: bz2.compress(zstandard.ZstdCompressor().compress(data)),
}


class Marked:
    """Lets go of what holds the mark."""

    def may_hold(self, data: bytes) -> bool:
        """Look for the mark."""
        return MARK in data

    def holds(self, message: bytes) -> bool:
        """Look for the mark."""
        return MARK in message


def message(number: int, text: str = "") -> bytes:
    """Make a message as an app would: with a key by which a message is known, and text that has brackets."""
    return json.dumps({"app_id": "id1", "event_name": f"n{number}", "v": f'{{[",\\{text}'}).encode()


def copy(data: bytes) -> tuple[Removal, bytes]:
    """Copy an object without what is marked."""
    sink = io.BytesIO()
    removal = copy_without(io.BytesIO(data), sink, Marked())
    return removal, sink.getvalue()


def read(data: bytes) -> list[bytes]:
    """Read the messages of an object, as ingest does."""
    lines = [line for block in read_blocks(io.BytesIO(data)) for line in block.payload.splitlines() if line]
    return [message for line in lines for message in frame_values(line).messages]


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_the_compression_stays(pack: Pack) -> None:
    """In each layer."""
    data = pack(message(1) + b"\n" + message(2, "gone") + b"\n" + message(3) + b"\n")

    removal, kept = copy(data)

    assert removal == Removal(1)
    assert undo_layers(io.BytesIO(kept))[1] == undo_layers(io.BytesIO(data))[1]
    assert b"".join(decompress(io.BytesIO(kept))) == message(1) + b"\n\n" + message(3) + b"\n"


@pytest.mark.parametrize(
    ("landed", "left"),
    [
        (b"%s\n%s\r\n%s", b"%s\n\r\n%s"),
        (b"[%s, %s,%s]\n", b"[%s, %s]\n"),
        (b"[\n %s,\n %s\n,%s]", b"[\n %s,\n %s]"),
        (b"%s%s%s", b"%s%s"),
        (b"\xef\xbb\xbf%s\n%s\n%s\n", b"\xef\xbb\xbf%s\n\n%s\n"),
        (b"%s,%s,%s", b"%s,%s"),
        (b"a=1&v=%s\na=2&v=%s\na=3&v=%s\n", b"a=1&v=%s\n\na=3&v=%s\n"),
        (b"a=1&v=%s\ra=2&v=%s\ra=3&v=%s\r", b"a=1&v=%s\r\ra=3&v=%s\r"),
    ],
)
def test_the_layout_stays(landed: bytes, left: bytes) -> None:
    """Every byte of the others, and one comma less."""
    removal, kept = copy(landed % (message(1), message(2, "gone"), message(3)))

    assert removal == Removal(1)
    assert kept == left % (message(1), message(3))


def test_the_last_of_an_array() -> None:
    """The comma before it goes."""
    assert copy(b"[%s,%s]" % (message(1), message(2, "gone")))[1] == b"[%s]" % message(1)
    assert copy(b"[%s,%s]" % (message(1, "gone"), message(2, "gone")))[1] == b"[]"


def test_one_of_several_on_a_line() -> None:
    """The others of the line stay; where none does, the line's end alone."""
    rest = message(9) + b"\n"
    several = message(1) + message(2, "gone") + message(3) + b"\n"

    assert copy(rest + several)[1] == rest + message(1) + message(3) + b"\n"
    assert copy(rest + b"[%s]\n" % message(2, "gone") + rest)[1] == rest + b"\n" + rest


def test_a_message_that_is_broken() -> None:
    """It holds somebody all the same."""
    broken = b'{"app_id": "id1", "v": "gone'

    assert copy(message(1) + b"\n" + broken + b"\n" + message(2) + b"\n")[1] == (
        message(1) + b"\n\n" + message(2) + b"\n"
    )
    removal, kept = copy(message(1) + broken + b"\n" + message(2))
    assert (removal.removed, MARK in kept) == (1, False)
    assert read(kept) == [message(1), message(2)]


def test_a_position_leads_to_the_same_line() -> None:
    """So what the lake says of where a row came from stays true."""
    data = b"".join(message(n, "gone" if n % 3 == 0 else "") + b"\n" for n in range(1, 9))

    kept = copy(data)[1]

    for position in (1, 2, 4, 5, 7, 8):
        assert raw_message(io.BytesIO(kept), position) == message(position)
    assert raw_message(io.BytesIO(kept), 3) is None


def test_what_a_damaged_stream_gives_stays() -> None:
    """It is said that there was damage."""
    data = gzip.compress(message(1, "gone") + b"\n" + b"".join(message(n) + b"\n" for n in range(400)))[:-9]

    removal, kept = copy(data)

    assert removal == Removal(1, Reason.TRUNCATED_OBJECT)
    assert read(kept)[:50] == [message(n) for n in range(50)]


def test_nothing_to_go_is_seen_at_once() -> None:
    """However the object is packed."""
    assert not may_hold(io.BytesIO(gzip.compress(message(1) * 9)), Marked())
    assert may_hold(io.BytesIO(bz2.compress(message(1) * 9 + message(2, "gone"))), Marked())


@given(
    marks=st.lists(st.booleans(), min_size=1, max_size=12),
    between=st.sampled_from([b"", b",", b" ,\n", b"\n", b"\r\n", b"\n\n"]),
    around=st.sampled_from([b"%s", b"[%s]"]),
)
def test_others_are_read_as_before(marks: list[bool], between: bytes, around: bytes) -> None:
    """Whatever stands between messages, and whichever go."""
    messages = [message(n, "gone" if mark else "") for n, mark in enumerate(marks)]
    removal, kept = copy(around % between.join(messages))

    assert removal.removed == sum(marks)
    assert read(kept) == [one for one, mark in zip(messages, marks, strict=True) if not mark]
    if around.startswith(b"[") and b"," in between:
        json.loads(kept)
