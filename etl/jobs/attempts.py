"""One try at settling a run: where it works, and how its drafts are named."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from etl.jobs.runs import Run
from etl.lake.tables import Table
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, register_drafts
from etl.stores import Store


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try at settling a run; `stem` begins the names of its drafts, and no other try's."""

    lake: Store
    scratch: Store
    ledger: Ledger
    run: Run
    stem: str

    def register(self, table: Table, paths: Iterable[str]) -> None:
        """Register drafts before they are written, so that upkeep leaves them alone."""
        register_drafts(
            self.ledger,
            [
                Draft(f"{table.name}/{path}", table.name, self.run.id, 0, self.run.started_at)
                for path in paths
            ],
        )


def begin_attempt(lake: Store, scratch: Store, ledger: Ledger, run: Run) -> Attempt:
    """Begin another try at settling a run."""
    return Attempt(lake, scratch, ledger, run, f"{run.id}-{secrets.token_hex(2)}")
