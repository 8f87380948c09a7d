"""A stream of bytes that can be looked ahead into, and that keeps its damage for the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from etl.appsflyer.messages import Reason
from etl.errors import UnreadableContent


class DamagedStreamError(UnreadableContent):
    """A compressed stream ends too early or is not what its checksums say; what could be read came before."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason, `TRUNCATED_OBJECT` or `CORRUPT_OBJECT`."""
        super().__init__(f"The object's compressed stream is damaged ({reason}): have it delivered again.")
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[Reason]]:
        """Pickle by the reason, which is what the constructor takes."""
        return type(self), (self.reason,)


class Source:
    """Reads from an iterator of pieces; a `DamagedStreamError` of theirs ends it and is kept in `damage`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take the pieces, none of which is read yet."""
        self._pieces = pieces
        self._buffer = b""
        self._at = 0
        self.damage: Reason | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Give what is left, piece by piece, and raise the damage after it."""
        while piece := self.read_some():
            yield piece
        self.check_end()

    def peek(self, size: int) -> bytes:
        """Look at the next `size` bytes, fewer only at the end."""
        if len(self._buffer) - self._at < size:
            self.unread(self.read(size))
        return self._buffer[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """Read `size` bytes, fewer only at the end."""
        parts = []
        while size and (part := self.read_some(size)):
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_some(self, size: int | None = None) -> bytes:
        """Read what is at hand, at most `size` bytes; empty only at the end."""
        while self._at == len(self._buffer):
            if not self._fetch():
                return b""
        at, self._at = (
            self._at,
            len(self._buffer) if size is None else min(self._at + size, len(self._buffer)),
        )
        return self._buffer[at : self._at]

    def take(self, size: int) -> bytes:
        """Read exactly `size` bytes.

        Raises:
            DamagedStreamError: the stream ends before.
        """
        data = self.read(size)
        if len(data) < size:
            raise self.cut_short()
        return data

    def skip(self, size: int) -> None:
        """Pass over exactly `size` bytes, holding none; raises as `take` does."""
        while size:
            size -= len(self.read_some(size)) or self._fail()

    def skip_past(self, mark: bytes) -> None:
        """Pass over everything to the first `mark` (one byte) and over it; raises as `take` does."""
        while True:
            piece = self.read_some() or self.take(1)
            _, found, rest = piece.partition(mark)
            if found:
                return self.unread(rest)

    def skip_all(self, byte: bytes) -> None:
        """Pass over a run of one byte, of any length."""
        while piece := self.read_some():
            if rest := piece.lstrip(byte):
                return self.unread(rest)
        return None

    def unread(self, data: bytes) -> None:
        """Put bytes back, to be read next."""
        self._buffer, self._at = data + self._buffer[self._at :], 0

    def cut_short(self) -> DamagedStreamError:
        """Make the error for a stream that ends where it must not."""
        return DamagedStreamError(self.damage or Reason.TRUNCATED_OBJECT)

    def check_end(self) -> None:
        """Raise the damage that ended the stream, if any."""
        if self.damage:
            raise DamagedStreamError(self.damage)

    def _fail(self) -> int:
        raise self.cut_short()

    def _fetch(self) -> bool:
        try:
            piece = next(self._pieces, None)
        except DamagedStreamError as error:
            self.damage, piece = error.reason, None
        self._buffer, self._at = piece or b"", 0
        return piece is not None
