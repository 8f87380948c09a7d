"""What a scan gives: where wanted ids are, never which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """A wanted id in an object: through which carriers, and how often at least.

    `subject` is its keyed hash, by which a caller finds the request; it is not shown.
    """

    store_key: str = field(repr=False)  # may itself be where the id stands
    carrier: str
    count: int
    subject: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scan:
    """An object that was read: what was found, how many bytes it has, and what of it could not be read.

    An object with anything in `unread` is not proven clean, whatever was found.
    """

    findings: tuple[Finding, ...]
    read_bytes: int
    unread: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether all was read and nothing was found."""
        return not self.findings and not self.unread


class Tally:
    """Counts wanted ids by carrier while an object is read."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, carrier: str, subjects: Counter[str]) -> None:
        """Count what one carrier holds."""
        for subject, count in subjects.items():
            self._counts[carrier, subject] += count

    def add_all(self, other: Tally) -> None:
        """Take what another counted of other bytes."""
        self._counts += other._counts

    def add_most(self, other: Tally) -> None:
        """Take what another counted of the same bytes: of each the greater count."""
        self._counts |= other._counts

    def list_findings(self, store_key: str) -> tuple[Finding, ...]:
        """List what was found, carrier by carrier."""
        return tuple(
            Finding(store_key, carrier, count, subject)
            for (carrier, subject), count in sorted(self._counts.items())
        )
