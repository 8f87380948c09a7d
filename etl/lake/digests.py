"""Ids of the lake behind SHA-1 and MD5 digests: whoever a list names by a digest is found by hashing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.find_people import ID_COLUMNS
from etl.lake.history import read_columns
from etl.lake.replace import published_files
from etl.lake.tables import EVENTS, open_or_create
from etl.stores import Store
from etl.subjects import fold_identifier, is_placeholder

_SHA1_DIGITS: Final = 40


def find_digested(lake: Store, digests: Collection[str]) -> dict[str, frozenset[str]]:
    """Find the folded ids in `events` whose digest is one of some, by folded digest.

    Partners hash an id as they have it, so it is hashed as it stands, in lower and in upper case.
    """
    wanted = {bytes.fromhex(each): each for each in map(fold_identifier, digests)}
    algorithms = {"sha1" if len(each) == _SHA1_DIGITS else "md5" for each in wanted.values()}
    found: defaultdict[str, set[str]] = defaultdict(set)
    if wanted:
        for text in _read_ids(lake):
            for digest in _digest(text, algorithms):
                if digest in wanted:
                    found[wanted[digest]].add(fold_identifier(text))
    return {digest: frozenset(texts) for digest, texts in found.items()}


def _read_ids(lake: Store) -> Iterator[str]:
    """Give the distinct ids of each file."""
    for file in published_files(EVENTS, open_or_create(lake, EVENTS)):
        for batch in read_columns(lake, f"{EVENTS.name}/{file.path}", ID_COLUMNS):
            columns = [_flatten(column) for column in batch.columns if column.null_count < len(column)]
            distinct = pc.unique(pa.chunked_array(columns, pa.string()))
            yield from (text for text in distinct.to_pylist() if text and not is_placeholder(text))


def _flatten(column: pa.Array) -> pa.Array:
    texts = column.flatten() if pa.types.is_list(column.type) else column
    return texts.cast(pa.string())


def _digest(text: str, algorithms: Collection[str]) -> Iterator[bytes]:
    trimmed = text.strip()
    for spelling in {trimmed, trimmed.lower(), trimmed.upper()}:
        data = spelling.encode()
        if "sha1" in algorithms:
            yield hashlib.sha1(data, usedforsecurity=False).digest()
        if "md5" in algorithms:
            yield hashlib.md5(data, usedforsecurity=False).digest()
