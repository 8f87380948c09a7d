"""The landed prefix of an object: the folder that one endpoint writes below, and names fit to be told."""

from __future__ import annotations

import re
from typing import Final

# Where the part begins that differs from hour to hour, or from object to object.
_VARIES: Final = re.compile(
    r"(?:\w+=)?(?:20\d\d|\d{4}-|\d{1,2}$|\d{6,})|(?:year|month|day|hour|date|dt|h|hr)=|[0-9a-f]{12,}",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"[\w.=+-]{1,64}")
_DEEPEST: Final = 3
OTHER: Final = "(other)"

# Words with at most a short number each: what people name events, zones and fields.
_NAME: Final = re.compile(r"(?!.*\d{4})[A-Za-z%][A-Za-z0-9_ .:/+%-]{0,59}")
_HEX: Final = re.compile(r"(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}", re.IGNORECASE)


def landed_prefix(key: str) -> str:
    """Give the folders of a key before its date, three at most; empty where there are none."""
    kept: list[str] = []
    for part in key.split("/")[:-1][:_DEEPEST]:
        if _VARIES.match(part) or not _PLAIN.fullmatch(part):
            break
        kept.append(part)
    return "/".join(kept)


def is_tellable(name: str) -> bool:
    """Tell whether a name that arrived may be told: it must not look generated, for it may be an id then."""
    return bool(_NAME.fullmatch(name)) and not _HEX.search(name)
