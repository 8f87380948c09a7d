from collections.abc import Callable

import numpy as np

from etl.appsflyer.lines import LineMerger, Lines, merge_blocks
from etl.appsflyer.messages import Block, Style


def make_block(*lines: bytes, first: int = 1, style: Style = Style.JSON, column: int | None = None) -> Block:
    """Make a block of lines."""
    payload = b"".join(line + b"\n" for line in lines)
    return Block(style, payload, len(lines), first, query_column=column)


def merge(*blocks: tuple[int, Block], target: int = 1000) -> list[Lines]:
    """Merge blocks as an ingest does."""
    merger = LineMerger(target)
    merged = [lines for ordinal, block in blocks for lines in merger.add(ordinal, block)]
    return [*merged, *merger.flush()]


def test_small_blocks_travel_together() -> None:
    """Lines of many objects are parsed at once, and each knows its object and position."""
    (lines,) = merge((4, make_block(b"a", b"b")), (7, make_block(b"c", first=5)))
    assert lines.payload == b"a\nb\nc\n"
    assert (lines.objects.tolist(), lines.positions.tolist()) == ([4, 4, 7], [1, 2, 5])


def test_a_line_of_merged_blocks_is_given_as_it_landed() -> None:
    """Bytes come from the block that a line is of, also where its payload was changed."""
    raw_of: Callable[[int], bytes] = [b"x\nx", b"y\ny"].__getitem__
    changed = Block(Style.JSON, b"x x\ny y\n", 2, 1, raw_of=raw_of)
    (lines,) = merge((0, make_block(b"a")), (1, changed), (2, make_block(b"b")))
    assert [lines.raw(line) for line in range(4)] == [b"a", b"x\nx", b"y\ny", b"b"]


def test_blocks_of_different_styles_do_not_mix() -> None:
    """JSON and text, and text with another query column, are read in different ways."""
    merged = merge(
        (0, make_block(b"a")),
        (1, make_block(b"b", style=Style.TEXT)),
        (2, make_block(b"c", style=Style.TEXT, column=3)),
    )
    assert [(lines.style, lines.query_column) for lines in merged] == [
        (Style.JSON, None),
        (Style.TEXT, None),
        (Style.TEXT, 3),
    ]


def test_a_large_block_is_not_copied() -> None:
    """A block worth its own parse is passed on as it is, before those that wait."""
    large = make_block(b"x" * 300)
    first, second = merge((0, make_block(b"a")), (1, large))
    assert first.payload is large.payload
    assert second.payload == b"a\n"


def test_lines_are_given_when_enough_wait() -> None:
    """No more than about the target waits."""
    merged = merge(*((ordinal, make_block(b"x" * 200)) for ordinal in range(20)))
    assert [lines.count for lines in merged] == [5, 5, 5, 5]


def test_a_block_without_messages_adds_nothing() -> None:
    """Rejects alone make no lines."""
    assert merge((0, Block(Style.JSON, b"", 0, 1))) == []


def test_positions_that_are_given_are_kept() -> None:
    """Lines that are not consecutive keep their own numbers."""
    lines = merge_blocks([(0, Block(Style.JSON, b"a\nb\n", 2, 1, positions=np.array([3, 9])))])
    assert lines.positions.tolist() == [3, 9]
