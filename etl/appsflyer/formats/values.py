"""Find messages among JSON values that follow each other in any way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from etl.appsflyer.formats.limits import Limits
from etl.appsflyer.formats.salvage import find_start, is_broken
from etl.appsflyer.formats.scan import Offsets, ScanState, scan
from etl.appsflyer.formats.spans import Broken, Found, collect, find_dirty_gaps, mark_damage, refuse_large
from etl.appsflyer.messages import Reason

_SLICE_BYTES = 256 << 10
_FIRST_SLICE_BYTES = 4 << 10
_LINE_BREAKS = (b"\n", b"\r", b"\x1e")


@dataclass(slots=True)
class ValueScanner:
    """Finds messages in a stream that comes in chunks.

    `floor` is where what is not yet given begins, `begin` where the last message ended, `at` how far was
    scanned, `open_at` where an unfinished message started. A message that stays open is looked at: if it is
    broken, scanning starts again at the next place that looks like a message. Slices and patience are short
    after that and grow over sound data, so that broken messages do not cost the stream its speed.
    """

    limits: Limits
    data: bytes = b""
    floor: int = 0
    begin: int = 0
    at: int = 0
    open_at: int | None = None
    state: ScanState = field(default_factory=ScanState)
    slice_bytes: int = _FIRST_SLICE_BYTES
    patience: int = _FIRST_SLICE_BYTES
    is_suspicious: bool = False
    is_discarding: bool = False
    spans: list[tuple[Offsets, Offsets]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    @property
    def held_bytes(self) -> int:
        """How much is kept until more comes."""
        return len(self.data) - self.begin

    def feed(self, chunk: bytes) -> Found:
        """Take the next chunk and give what ended in it."""
        self._append(chunk)
        if self.is_discarding:
            self._discard()
        self._scan()
        while self.held_bytes > self.limits.max_message_bytes and self._start_anew():
            self._scan()
        if self.held_bytes > self.limits.max_message_bytes:
            self._give_up()
        if self.open_at is None and not self.state.is_in_string and not self.is_discarding:
            self.begin = max(self.begin, _find_line_end(self.data, self.begin))
        return self._collect(self.begin if self.open_at is None else self.open_at)

    def finish(self, damage: Reason | None = None) -> Found:
        """Give what is left; what is unfinished is refused, for the damage if there is one.

        Damage always counts: when nothing is left to refuse for it, something empty is refused.
        """
        self._append(b"")
        while self.begin < len(self.data) and self._start_anew():
            self._scan()
        tail, self.begin = self.begin, len(self.data)
        if self.open_at is not None:
            self.broken.append(Broken(self.open_at, len(self.data), damage or Reason.INVALID_JSON))
        found = self._collect(len(self.data))
        return mark_damage(found, tail, damage) if damage else found

    def _append(self, chunk: bytes) -> None:
        # A gap before an open message was given already.
        cut = self.begin if self.open_at is None else self.open_at
        self.data = self.data[cut:] + chunk
        self.at -= cut
        self.begin = self.floor = 0
        self.open_at = None if self.open_at is None else 0
        self.spans, self.broken = [], []

    def _scan(self) -> None:
        while self.at < len(self.data):
            self._scan_slice()
            if self.at - self.begin >= self.patience:
                self._look_at_open()

    def _scan_slice(self) -> None:
        starts, ends, self.state = scan(self.data[self.at : self.at + self.slice_bytes], self.state)
        starts, ends = starts + self.at, ends + self.at
        if self.open_at is not None:
            starts = np.concatenate([[self.open_at], starts])
        self.open_at = int(starts[-1]) if len(starts) > len(ends) else None
        self.at = min(self.at + self.slice_bytes, len(self.data))
        self.slice_bytes = min(2 * self.slice_bytes, _SLICE_BYTES)
        if len(ends):
            self._add(starts[: len(ends)], ends)

    def _add(self, starts: Offsets, ends: Offsets) -> None:
        """Add messages, but those after a gap that hides one: a quote in it turned strings inside out."""
        before = np.concatenate([[self.begin], ends[:-1]])
        for begin, end in find_dirty_gaps(self.data, before, starts):
            hidden = find_start(self.data, begin, self.limits.known_keys, end)
            if hidden is not None:
                kept = int(np.searchsorted(before, begin))
                self.spans.append((starts[:kept], ends[:kept]))
                return self._reset(hidden)
        self.spans.append((starts, ends))
        self.begin, self.patience = int(ends[-1]), self.slice_bytes
        return None

    def _look_at_open(self) -> None:
        self.patience = 2 * (self.at - self.begin)
        if self.is_suspicious or self.open_at is None or is_broken(self.data, self.open_at):
            self._start_again()

    def _start_anew(self) -> bool:
        """Start again though nothing proves the open message broken, and be quicker to do so from now on."""
        is_started = self._start_again()
        self.is_suspicious |= is_started
        return is_started

    def _start_again(self) -> bool:
        origin = self.begin if self.open_at is None else self.open_at + 1
        start = find_start(self.data, origin, self.limits.known_keys)
        if start is None:
            return False
        if self.open_at is not None:
            self.broken.append(Broken(self.open_at, start, Reason.INVALID_JSON))
        self._reset(start)
        return True

    def _reset(self, at: int) -> None:
        self.at = self.begin = at
        self.open_at, self.state = None, ScanState()
        self.slice_bytes = self.patience = _FIRST_SLICE_BYTES

    def _give_up(self) -> None:
        """Refuse the open message, which is too large, and drop what follows of it; or end a gap's string."""
        if self.open_at is None:
            return self._reset(len(self.data))
        self.broken.append(Broken(self.open_at, len(self.data), Reason.MESSAGE_TOO_LARGE))
        self.begin, self.open_at = len(self.data), None
        self.is_discarding = True
        return None

    def _discard(self) -> None:
        """Pass over the rest of a message that is too large: to its end, or to what looks like another."""
        start = find_start(self.data, 0, self.limits.known_keys)
        end = self._find_end(len(self.data) if start is None else start)
        resumed = start if end is None else end
        self.floor = self.begin = self.at = len(self.data)
        if resumed is not None:
            self.is_discarding = False
            self._reset(resumed)
            self.floor = resumed

    def _find_end(self, limit: int) -> int | None:
        for at in range(0, limit, _SLICE_BYTES):
            _, ends, self.state = scan(self.data[at : min(at + _SLICE_BYTES, limit)], self.state)
            if len(ends):
                return at + int(ends[0])
        return None

    def _collect(self, end: int) -> Found:
        none = np.empty(0, dtype=np.int64)
        starts, ends = (np.concatenate(parts) for parts in zip((none, none), *self.spans, strict=True))
        messages, large = refuse_large(starts, ends, self.limits.max_message_bytes)
        return collect(self.data, messages, self.broken + large, (self.floor, end))


def _find_line_end(data: bytes, begin: int) -> int:
    return max(data.rfind(mark, begin) for mark in _LINE_BREAKS) + 1
