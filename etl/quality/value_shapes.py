"""The shape of a text: what kind of value it looks like, without the value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_SHAPES: Final = re.compile(
    r"(?P<integer>[+-]?\d+)"
    r"|(?P<decimal>[+-]?\d*[.,]\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<boolean>true|false|yes|no)"
    r"|(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<hex>(?=[0-9a-f]*\d)[0-9a-f]{16,})"
    r"|(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*)"
    r"|(?P<address>\d{1,3}(?:\.\d{1,3}){3})"
    r"|(?P<url>[a-z][a-z0-9+.-]*://.*)"
    r"|(?P<json>[{\[].*)",
    re.IGNORECASE | re.DOTALL,
)


def shape_of(text: str) -> str:
    """Name the shape of a text: integer, decimal, boolean, uuid, hex, time, address, url, json, else text."""
    found = _SHAPES.fullmatch(text)
    return (found.lastgroup or "text") if found else "text"


def count_shapes(texts: Iterable[str | None]) -> Counter[str]:
    """Count the shapes of texts; nulls have none."""
    return Counter(shape_of(text) for text in texts if text is not None)
