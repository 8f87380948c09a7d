"""Whether the ledger knows who opted out: with one that is new, or another, everybody would come back."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from etl.errors import ConfigurationError, LedgerError, ObjectForbidden
from etl.ledger.database import Ledger
from etl.ledger.opt_out_lists import list_ids
from etl.settings import Settings
from etl.stores import list_present, open_store

DONE: Final = "done/"
"""Where the manifests of lists are that were taken in."""


def refuse_forgotten_people(settings: Settings, ledger: Ledger) -> None:
    """Raise LedgerError where there are manifests of lists that the ledger does not know.

    A list is recorded before its manifest is written. Whose ids were on it the ledger alone can tell. Where
    manifests may not be seen, or there is no store for them yet, nothing is refused: who ingests need have no
    access to lists.
    """
    opt_outs = open_store(settings.storage.opt_outs, settings.storage.options)
    try:
        manifests = {PurePosixPath(each.key).stem for each in list_present(opt_outs, DONE)}
    except (ObjectForbidden, ConfigurationError):
        return
    forgotten = manifests - list_ids(ledger) if manifests else manifests
    if forgotten:
        raise LedgerError(
            f"{len(forgotten):,} opt-out lists were taken in of which the ledger {ledger.name} knows nothing"
            f" ({min(forgotten)} is the first): it is new, an old backup, or another. Nothing is ingested or"
            " planned, so that nobody comes back who opted out. Point at the right ledger or restore its"
            f" newest backup; or have these lists dropped again and swept, then move {opt_outs.uri_of(DONE)}"
            " aside."
        )
