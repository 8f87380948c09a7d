"""The parameters of a query, exactly or not at all."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

_BROKEN_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Pairs = list[tuple[str, str]]


def read_pairs(query: bytes) -> Pairs | None:
    """Read a query's pairs in their order; None where it is not percent-encoded UTF-8 in pairs."""
    if _BROKEN_PERCENT.search(query):
        return None
    try:
        return parse_qsl(
            query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), errors="strict"
        )
    except ValueError:
        return None
