"""What a plan counts and hashes while its rows pass by, so that none has to be kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.jobs.planning.preparing import PLANNED
from etl.ledger.plans import PlanCount
from etl.liftoff.payloads import decode_parameters
from etl.liftoff.showing import show_url
from etl.liftoff.templates import Template
from etl.reports.naming import is_presentable

if TYPE_CHECKING:
    # What selects takes half a second to import, and whoever approves a plan selects nothing.
    from etl.jobs.planning.selecting import Unmapped

UNMAPPED: Final = "unmapped_event"
# An app can put anything into an event's name, a person's id included.
OTHER_NAMES: Final = "(other names)"
SAMPLES: Final = 3


@dataclass(slots=True)
class Tally:
    """Counts by day, name and code, some payloads, and the occurrences that are to be sent, 16 bytes each."""

    counts: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    payloads: list[str] = field(default_factory=list)
    _occurrences: list[npt.NDArray[np.void]] = field(default_factory=list)

    @property
    def queued(self) -> int:
        """How many are to be sent."""
        return sum(count for (_, _, code), count in self.counts.items() if code == PLANNED)

    def add(self, rows: pa.Table) -> None:
        """Count rows as `prepare_rows` gives them."""
        codes = pc.fill_null(rows["code"], PLANNED)
        counted = pa.table({"day": rows["event_date"], "name": rows["source_name"], "code": codes})
        groups = counted.group_by(["day", "name", "code"]).aggregate([([], "count_all")])
        for day, name, code, count in zip(*(column.to_pylist() for column in groups.columns), strict=True):
            self.counts[day, name, code] += count
        queued = rows.filter(pc.is_null(rows["code"]))
        self.payloads += queued["parameters"].slice(0, SAMPLES - len(self.payloads)).to_pylist()
        self._occurrences.append(_pack(queued["occurrence_id"]))

    def add_unmapped(self, found: Iterable[Unmapped]) -> None:
        """Count what has no name at Liftoff; names that no developer chose are counted as one."""
        for each in found:
            name = each.source_name if is_presentable(each.source_name) else OTHER_NAMES
            self.counts[each.event_date, name, UNMAPPED] += each.occurrences

    def hash_plan(self, *agreed: str) -> str:
        """Hash what is to be sent, in no order, together with what was agreed: 64 hex digits."""
        digest = hashlib.sha256("\x1f".join(agreed).encode())
        if self._occurrences:
            digest.update(np.sort(np.concatenate(self._occurrences)).tobytes())
        return digest.hexdigest()

    def list_counts(self) -> list[PlanCount]:
        """List the counts, in order."""
        return [PlanCount(day, name, code, count) for (day, name, code), count in sorted(self.counts.items())]

    def show_samples(self, template: Template) -> tuple[str, ...]:
        """Show some of the URLs, masked."""
        return tuple(show_url(template, decode_parameters(payload)) for payload in self.payloads)


def sum_codes(counts: Iterable[PlanCount]) -> dict[str, int]:
    """Sum up by code, the most frequent first."""
    found: Counter[str] = Counter()
    for each in counts:
        found[each.code] += each.count
    return dict(found.most_common())


def _pack(ids: pa.ChunkedArray) -> npt.NDArray[np.void]:
    packed: npt.NDArray[np.void] = np.frombuffer(bytes.fromhex("".join(ids.to_pylist())), dtype="S16")
    return packed
