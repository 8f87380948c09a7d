"""Media sources whose terms forbid sharing, found under whatever spelling AppsFlyer has for them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import numpy as np
import pyarrow as pa

from etl.liftoff.columns import Mask, get_text, mark_values

# Who provided the data: the source, and the agency under whose name a source can stand. Contributors are left
# out: the event is not attributed to them, and nothing that a postback says comes from them.
SOURCE_FIELDS: Final = ("media_source", "af_prt")
_NOT_WORDS = re.compile(r"[\W_]+")


def is_restricted(media_source: str, restricted: Collection[str]) -> bool:
    """Tell whether a media source is one of some names, or of their families.

    Casing and what stands between words do not count, and a word need only begin alike: `facebook` restricts
    `Facebook Ads`, `social_facebook` and `facebookads`, `snapchat` restricts `snapchat_int`.
    """
    name = _join_words(media_source)
    return any(words in name for known in restricted if (words := _join_words(known)) != "_")


def mark_restricted(rows: pa.Table, restricted: Collection[str]) -> Mask:
    """Mark the rows whose media source, or agency, is restricted."""
    mask = np.zeros(len(rows), dtype=bool)
    for name in SOURCE_FIELDS:
        mask |= mark_values(get_text(rows, name), lambda source: is_restricted(source, restricted))
    return mask


def _join_words(name: str) -> str:
    """Write a name as its words, each with an underscore in front."""
    return f"_{_NOT_WORDS.sub('_', name.casefold()).strip('_')}"
