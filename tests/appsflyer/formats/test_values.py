"""Broken JSON costs its own message and no other."""

import io
import json
import time

import pytest

from etl.appsflyer.formats.framing import frame_values, read_blocks
from etl.appsflyer.formats.limits import BLOCK_BYTES
from etl.appsflyer.messages import Block, Reason, Reject

SOUND = [b'{"app_id": "a", "n": %d, "s": "{\\"x\\": 1}"}' % n for n in range(200)]
BROKEN = {
    "cut_in_a_string": b'{"app_id": "cut',
    "cut_after_a_value": b'{"app_id": "cut", "n": 1',
    "cut_in_a_nested_object": b'{"app_id": "cut", "n": {"m": 1',
    "cut_in_an_array": b'{"app_id": "cut", "n": [1, 2',
    "no_closing_quote": b'{"app_id": "cut, "n": 1}',
    "no_opening_quote": b'{"app_id": cut", "n": 1}',
    "text_with_a_quote": b'oops" oops',
}


def frame(data: bytes, block_bytes: int = BLOCK_BYTES) -> list[Block]:
    """Read all blocks."""
    return list(read_blocks(io.BytesIO(data), block_bytes=block_bytes))


def list_lines(blocks: list[Block]) -> list[bytes]:
    """List the lines of every payload."""
    return [line for block in blocks for line in block.payload.split(b"\n")[:-1]]


def list_rejects(blocks: list[Block]) -> list[Reject]:
    """List what was refused."""
    return [reject for block in blocks for reject in block.rejects]


@pytest.mark.parametrize("block_bytes", [100, 1 << 20])
@pytest.mark.parametrize("separator", [b"", b" ", b"\r", b", \r"], ids=["none", "space", "cr", "comma"])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_reading_goes_on_after_a_broken_message(broken: bytes, separator: bytes, block_bytes: int) -> None:
    """The sound messages around a broken one are read, and it is refused once, as it stands there."""
    data = separator.join([*SOUND[:100], broken, *SOUND[100:]])
    blocks = frame(data, block_bytes=block_bytes)
    assert list_lines(blocks) == SOUND
    assert list_rejects(blocks) == [Reject(101, Reason.INVALID_JSON, broken)]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_message_is_found_before_the_object_ends(broken: bytes) -> None:
    """A long object is not held back until its end for a message that broke at its beginning."""
    filler = b'{"app_id": "%s"}' % (b"x" * 5000)
    blocks = frame(b"".join([SOUND[0], broken, *[filler] * 1000]), block_bytes=1 << 20)
    assert sum(block.messages for block in blocks) == 1001
    assert len(blocks[0].rejects) == 1


def test_many_broken_messages_are_no_disaster() -> None:
    """Time grows with the object and not with the square of it, even when every second message is cut."""
    data = b"".join(sound + BROKEN["cut_after_a_value"] for sound in SOUND) * 5
    started = time.process_time()
    small = frame(data)
    middle = time.process_time()
    large = frame(data * 4)
    ended = time.process_time()
    assert len(list_rejects(large)) == 4 * len(list_rejects(small)) == 4 * 5 * len(SOUND)
    assert ended - middle < 10 * (middle - started)


def test_a_record_of_another_kind_is_told_by_its_keys() -> None:
    """Reading goes on at any object with a key that the caller knows, an envelope's for instance."""
    data = b'{"body": 1}{"body": 1{"body": 2}{"body": 3}'
    blocks = list(read_blocks(io.BytesIO(data), known_keys={"body"}))
    assert list_lines(blocks) == [b'{"body": 1}', b'{"body": 2}', b'{"body": 3}']


def test_what_stands_between_messages_is_refused_line_by_line() -> None:
    """Scalars are told from what is no JSON at all; closing braces that close nothing are kept."""
    data = b'{"a":\n1} 12, "x{"\n{"a":2} oops\r}\n{"a":3}'
    blocks = frame(data)
    assert list_lines(blocks) == [b'{"a": 1}', b'{"a":2}', b'{"a":3}']
    assert list_rejects(blocks) == [
        Reject(2, Reason.NOT_AN_OBJECT, b'12, "x{"'),
        Reject(4, Reason.INVALID_JSON, b"oops"),
        Reject(5, Reason.INVALID_JSON, b"}"),
    ]


def test_a_line_of_several_messages_is_parted() -> None:
    """Of one line each object is a message, and the rest refused at the line's position."""
    found = frame_values(b'{"a":1}{"a":2} [{"a":3}] null', position=7)
    assert [json.loads(message)["a"] for message in found.messages] == [1, 2, 3]
    assert found.rejects == (Reject(7, Reason.NOT_AN_OBJECT, b"null"),)


def test_two_breaks_that_cancel_out_are_parted() -> None:
    """A span whose braces match by accident is searched for the messages that it hides."""
    found = frame_values(b'{"app_id":"1}{"app_id":2}{"app_id":"3}{"app_id":4}')
    assert found.messages == (b'{"app_id":2}', b'{"app_id":4}')
    assert [reject.raw for reject in found.rejects] == [b'{"app_id":"1}', b'{"app_id":"3}']


def test_a_line_of_separators_is_refused_as_a_whole() -> None:
    """A line that was counted is accounted for, an empty array too."""
    assert frame_values(b"[]", position=3).rejects == (Reject(3, Reason.NOT_AN_OBJECT, b"[]"),)
