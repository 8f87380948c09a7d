"""Looking for wanted ids in texts, plain and wrapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from etl.appsflyer.formats.source import Source
from etl.appsflyer.id_scan import Texts
from etl.proving.findings import Tally
from etl.proving.matching import Matcher
from etl.proving.unwrapping import unwrap, view_bytes
from etl.proving.wanted import Wanted

# How many wrappings may lie around an id: base64 of JSON escapes of percent-encoding, twice.
DEPTH = 4
BLOCK_BYTES = 1 << 21
# What the next block begins with again, for an id on the border of two: one in four wrappings is shorter.
_OVERLAP = 4096
_FEED = b"\n"


class TextScanner:
    """Finds wanted ids in texts, through at most `DEPTH` wrappings, in any order."""

    def __init__(self, wanted: Wanted) -> None:
        """Take what is wanted."""
        self.wanted = wanted
        self._matcher = Matcher(wanted)

    def scan(self, texts: Texts, carrier: str, tally: Tally) -> None:
        """Count the wanted ids in texts.

        What is found with fewer wrappings is not counted again with more.
        """
        self._scan(texts, carrier, tally, DEPTH, frozenset())

    def scan_stream(self, pieces: Iterable[bytes], carrier: str, tally: Tally, *, depth: int = DEPTH) -> int:
        """Count the wanted ids in a stream of pieces, holding a block at a time; gives how long it is.

        `depth` is how many wrappings are looked through.

        An id on the border of two blocks is found, and counted twice at times.

        Raises:
            DamagedStreamError: the pieces raised it; what came before has been scanned.
        """
        size = 0
        for block, fresh in _cut_blocks(pieces):
            self._scan(view_bytes(block), carrier, tally, depth, frozenset())
            size += fresh
        return size

    def _scan(self, texts: Texts, carrier: str, tally: Tally, depth: int, known: frozenset[str]) -> None:
        if not len(texts.data):
            return
        found = self._matcher.find(texts)
        tally.add(carrier, Counter({each: count for each, count in found.items() if each not in known}))
        if depth:
            for name, inner in unwrap(texts):
                self._scan(inner, f"{carrier} > {name}", tally, depth - 1, known | found.keys())


def _cut_blocks(pieces: Iterable[bytes]) -> Iterator[tuple[memoryview, int]]:
    """Cut a stream into blocks, each with how many of its bytes are new.

    A block ends after a line where it can; else the next one begins with its end. What ends in damage is
    given up to there, and the damage raised after it.
    """
    source, held, kept = Source(iter(pieces)), b"", 0
    while block := b"".join((held, *_gather(source, BLOCK_BYTES - len(held)))):
        if len(block) < BLOCK_BYTES:
            if len(block) > kept:
                yield memoryview(block), len(block) - kept
            break
        feed = block.rfind(_FEED, len(block) - _OVERLAP)
        cut, again = (len(block), _OVERLAP) if feed < 0 else (feed + 1, 0)
        yield memoryview(block)[:cut], cut - kept
        held, kept = block[cut - again :], again
    source.check_end()


def _gather(source: Source, size: int) -> Iterator[bytes]:
    """Give pieces of a source that are so long together, or a little longer; fewer only at the end."""
    while size > 0 and (piece := source.read_some()):
        yield piece
        size -= len(piece)
