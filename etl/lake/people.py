"""Whom the lake has seen: as which types of ids, and with how many installs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.reading import LakeTable
from etl.lake.tables import EVENTS
from etl.stores import Store
from etl.subjects import PERSON_FIELDS, fold_identifier

_SCANNED_ROWS = 200_000
_GATHERED = 50_000


@dataclass(frozen=True, slots=True)
class Sightings:
    """What the lake knows of folded ids: the columns that hold each, and its installs, by AppsFlyer's id."""

    fields: dict[str, frozenset[str]] = field(repr=False)
    installs: dict[str, int] = field(repr=False)


def look_up_people(lake: Store, folded: Iterable[str]) -> Sightings:
    """Look up folded ids in every column for ids; what was never seen is in neither mapping."""
    wanted = _gather(folded)
    if not len(wanted):
        return Sightings({}, {})
    fields: defaultdict[str, set[str]] = defaultdict(set)
    installs: defaultdict[str, set[tuple[str | None, str | None]]] = defaultdict(set)
    columns = [*PERSON_FIELDS, "app_id"]
    scanner = LakeTable(lake, EVENTS).dataset().scanner(columns=columns, batch_size=_SCANNED_ROWS)
    for batch in scanner.to_batches():
        for name, text, app_id, install in _find_hits(batch, wanted):
            fields[text].add(name)
            installs[text].add((app_id, install))
    # What was wanted may have been millions, whose memory Arrow would keep.
    del wanted
    pa.default_memory_pool().release_unused()
    return Sightings(
        {text: frozenset(names) for text, names in fields.items()},
        {text: len(found) for text, found in installs.items()},
    )


def _gather(folded: Iterable[str]) -> pa.ChunkedArray:
    """Gather texts as columns, so that no millions of them are in memory as objects."""
    chunks = [pa.array([], pa.string())]
    texts = iter(folded)
    while chunk := list(islice(texts, _GATHERED)):
        chunks.append(pa.array(chunk, pa.string()))
    return pa.chunked_array(chunks)


def _find_hits(
    batch: pa.RecordBatch, wanted: pa.ChunkedArray
) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Give the column, the folded id, the app and AppsFlyer's id of each row that holds one in a column."""
    folded = [fold_column(batch.column(name)) for name in PERSON_FIELDS]
    # All columns at once: each look-up makes a table of what is wanted, which may be millions.
    hits = pc.is_in(pa.concat_arrays(folded), value_set=wanted)
    for place, (name, texts) in enumerate(zip(PERSON_FIELDS, folded, strict=True)):
        found = hits.slice(place * batch.num_rows, batch.num_rows)
        if not pc.any(found).as_py():
            continue
        rows = pa.table(
            [
                texts,
                pc.cast(batch.column("app_id"), pa.string()),
                pc.cast(batch.column("appsflyer_id"), pa.string()),
            ],
            names=["text", "app_id", "install"],
        ).filter(found)
        for row in rows.to_pylist():
            yield name, row["text"], row["app_id"], row["install"]


def fold_column(column: pa.Array) -> pa.Array:
    """Fold a column of ids as `fold_identifier` does each."""
    texts = pc.cast(column, pa.string())
    is_plain = pc.string_is_ascii(texts)
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    if pc.all(is_plain.fill_null(True)).as_py():
        return folded
    exact = pa.array(
        [None if text is None else fold_identifier(text) for text in texts.to_pylist()], pa.string()
    )
    return pc.if_else(is_plain, folded, exact)
