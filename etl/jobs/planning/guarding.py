"""What a ledger must know before anything is planned: a lost one would let everything be sent again."""

from __future__ import annotations

import pyarrow.compute as pc

from etl.errors import LedgerError
from etl.lake.reading import LakeTable
from etl.lake.tables import POSTBACKS
from etl.ledger.database import Ledger
from etl.ledger.progress import has_deliveries
from etl.stores import Store

# Liftoff has, or may have, heard of these.
TOLD = ("delivered", "unknown")


def refuse_forgotten_deliveries(lake: Store, ledger: Ledger) -> None:
    """Raise LedgerError where the lake shows deliveries and the ledger knows of none."""
    if has_deliveries(ledger):
        return
    shown = LakeTable(lake, POSTBACKS).dataset().count_rows(filter=pc.field("state").isin(TOLD))
    if shown:
        raise LedgerError(
            f"The lake shows {shown:,} postbacks as sent, and the ledger {ledger.name} knows of none:"
            " it is new, or another. Nothing is planned, so that nothing is sent twice; point at the right"
            " ledger, or run pushlift ledger rebuild."
        )
