"""What normalizing counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What was counted of each object, by ordinal."""

    messages: Counter[int] = field(default_factory=Counter)
    rows: Counter[int] = field(default_factory=Counter)
    suppressed: Counter[int] = field(default_factory=Counter)
    quarantined: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    errors: dict[int, str] = field(default_factory=dict)
