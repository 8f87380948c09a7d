"""Lines of one or many objects on their way to the parser: small objects travel together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.messages import Block, Positions, Reason, Style


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to be parsed at once.

    `objects` and `positions` tell where each came from; `blocks` hold them as they landed.
    """

    style: Style
    payload: bytes
    objects: npt.NDArray[np.int32]
    positions: Positions
    query_column: int | None
    blocks: tuple[tuple[int, Block], ...]
    index: LineIndex

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.objects)

    def raw(self, line: int) -> bytes:
        """Give a line's bytes as they landed."""
        start, block = self.blocks[bisect_right(self.blocks, line, key=itemgetter(0)) - 1]
        return block.raw_of(line - start) if block.raw_of else self.index.line(line)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that framing itself could not read: its object, position, reason and bytes."""

    object: int
    position: int
    reason: Reason
    raw: bytes


class LineMerger:
    """Collects blocks of many objects into lines of about `target_bytes`."""

    def __init__(self, target_bytes: int) -> None:
        """Start empty."""
        self._target_bytes = target_bytes
        self._waiting: list[tuple[int, Block]] = []
        self._bytes = 0

    def add(self, ordinal: int, block: Block) -> Iterator[Lines]:
        """Take a block of an object; gives the lines that are ready."""
        if not block.messages:
            return
        if len(block.payload) > self._target_bytes // 4:
            # Not worth the copy that merging takes.
            yield merge_blocks([(ordinal, block)])
            return
        if self._waiting and not self._fits(block):
            yield from self.flush()
        self._waiting.append((ordinal, block))
        self._bytes += len(block.payload)
        if self._bytes >= self._target_bytes:
            yield from self.flush()

    def flush(self) -> Iterator[Lines]:
        """Give the lines that wait."""
        if self._waiting:
            yield merge_blocks(self._waiting)
        self._waiting, self._bytes = [], 0

    def _fits(self, block: Block) -> bool:
        first = self._waiting[0][1]
        return (first.style, first.query_column) == (block.style, block.query_column) and self._bytes + len(
            block.payload
        ) <= 2 * self._target_bytes


def merge_blocks(blocks: Sequence[tuple[int, Block]]) -> Lines:
    """Merge blocks of one style; each comes with its object's ordinal."""
    counts = [block.messages for _, block in blocks]
    starts = np.cumsum([0, *counts[:-1]]).tolist()
    payload = blocks[0][1].payload if len(blocks) == 1 else b"".join(block.payload for _, block in blocks)
    return Lines(
        style=blocks[0][1].style,
        payload=payload,
        objects=np.repeat(np.array([ordinal for ordinal, _ in blocks], dtype=np.int32), counts),
        positions=np.concatenate([_positions_of(block) for _, block in blocks]),
        query_column=blocks[0][1].query_column,
        blocks=tuple((start, block) for start, (_, block) in zip(starts, blocks, strict=True)),
        index=LineIndex(payload, blocks[0][1].line_ends if len(blocks) == 1 else None),
    )


def _positions_of(block: Block) -> Positions:
    if block.positions is not None:
        return block.positions
    return np.arange(block.first_position, block.first_position + block.messages, dtype=np.int64)
