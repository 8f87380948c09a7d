"""Things that are known twice, held against each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing that is known independently, beside what was found."""

    subject: str
    expected: object
    found: object

    @property
    def agrees(self) -> bool:
        """Whether they are equal."""
        return self.expected == self.found
