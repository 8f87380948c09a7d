"""The requests of which an erasure is due, as columns: of a million of them nothing else fits into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import pyarrow as pa

from etl.jobs.sweep.receiving import DIGESTS
from etl.ledger.opt_outs import Due, Request

CHUNK: Final = 50_000
_SCHEMA: Final = pa.schema(
    [
        ("subject", pa.string()),
        ("app_id", pa.dictionary(pa.int32(), pa.string())),
        ("identifier", pa.string()),
        ("is_digest", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class LeavingRequest:
    """A request of somebody who leaves: its place in the ledger, its id, and whether that is a digest."""

    subject: str
    app_id: str
    identifier: str = field(repr=False)
    is_digest: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """Requests as columns, which are gone through as often as need be."""

    _batches: tuple[pa.RecordBatch, ...] = field(repr=False)

    @classmethod
    def gather(cls, requests: Iterable[Due | Request]) -> Leaving:
        """Gather requests, each with its id."""
        each, batches = iter(requests), []
        while chunk := list(islice(each, CHUNK)):
            columns = [
                pa.array([request.subject for request in chunk], pa.string()),
                pa.array([request.app_id for request in chunk], pa.string()).dictionary_encode(),
                pa.array([request.identifier for request in chunk], pa.string()),
                pa.array([request.id_type in DIGESTS for request in chunk], pa.bool_()),
            ]
            batches.append(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
        return cls(tuple(batches))

    def __len__(self) -> int:
        """Count the requests."""
        return sum(batch.num_rows for batch in self._batches)

    def __iter__(self) -> Iterator[LeavingRequest]:
        """Give the requests, one after the other."""
        for batch in self._batches:
            columns = [column.to_pylist() for column in batch.columns]
            yield from (LeavingRequest(*row) for row in zip(*columns, strict=True))

    def split(self) -> Iterator[Leaving]:
        """Split the requests into some thousand each."""
        yield from (Leaving((batch,)) for batch in self._batches)
