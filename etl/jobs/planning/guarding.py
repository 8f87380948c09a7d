"""What a ledger must know before anything is planned: a lost one would let everything be sent again."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow.compute as pc

from etl.errors import LedgerError
from etl.lake.reading import LakeTable
from etl.lake.tables import POSTBACKS, find_table
from etl.ledger.database import Ledger
from etl.ledger.plans import list_plans
from etl.ledger.progress import has_deliveries
from etl.stores import Store

# Liftoff has, or may have, heard of these.
TOLD = ("delivered", "unknown")


def refuse_forgotten_deliveries(lake: Store, ledger: Ledger) -> None:
    """Raise LedgerError where the lake shows deliveries of plans that the ledger does not know.

    An empty ledger knows none; one from a backup lacks those that were made after it.
    """
    known = {plan.id for plan in list_plans(ledger)} if has_deliveries(ledger) else set()
    shown = count_forgotten(lake, known)
    if shown:
        raise LedgerError(
            f"The lake shows {shown:,} postbacks as sent, and the ledger {ledger.name} does not know their"
            " plans: it is new, older than the lake, or another. Nothing is planned, so that nothing is sent"
            " twice; point at the right ledger, or run pushlift ledger rebuild."
        )


def count_forgotten(lake: Store, known: Collection[str]) -> int:
    """Count what the lake shows as told to Liftoff of other plans than those that are known."""
    delta = find_table(lake, POSTBACKS)
    if delta is None:
        # Nothing was exported yet: Arrow need not be asked, whose import takes longer than all else.
        return 0
    outcomes = LakeTable(lake, POSTBACKS).dataset_of(delta)
    return sum(
        int(each["counts"])
        for batch in outcomes.to_batches(columns=["plan_id"], filter=pc.field("state").isin(TOLD))
        for each in batch.column("plan_id").value_counts().to_pylist()
        if each["values"] not in known
    )
