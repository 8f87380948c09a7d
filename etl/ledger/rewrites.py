"""Landed objects that are being written again, so that none of them is taken for one that newly landed.

What is to be put in the place of an object is noted before it is; with it, whoever finds another version
later can tell whose it is. The note goes in the transaction in which the new version takes over what the
ledger knows of the old one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import tabulate
from etl.ledger.facts import write_fact
from etl.ledger.held import follow_object
from etl.ledger.objects import FinishedObject, ObjectVersion, finish_objects
from etl.ledger.schema import facts, landed_objects

_PREFIX = "rewriting "


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An object, the version that is replaced, and the bytes that replace it: their size and SHA-256."""

    uri: str
    version: str
    size: int
    digest: str


def record_rewrite(ledger: Ledger, rewrite: Rewrite) -> None:
    """Note, durably, what is about to replace an object."""
    write_fact(ledger, f"{_PREFIX}{rewrite.uri}", json.dumps(asdict(rewrite)))


def list_rewrites(ledger: Ledger) -> list[Rewrite]:
    """List what was noted and is not ended."""
    query = select(facts.c.value).where(facts.c.key.startswith(_PREFIX)).order_by(facts.c.key)
    with begin_read(ledger) as connection:
        return [Rewrite(**json.loads(text)) for text in connection.scalars(query)]


def find_rewriting(ledger: Ledger) -> frozenset[str]:
    """Find the objects that are finished and being written again: no run has to read them."""
    rewrites = {(each.uri, each.version) for each in list_rewrites(ledger)}
    if not rewrites:
        return frozenset()
    table = landed_objects.c
    query = select(table.uri, table.version).where(
        table.uri.in_(sorted({uri for uri, _ in rewrites})), table.state == "finished"
    )
    with begin_read(ledger) as connection:
        return frozenset(row.uri for row in connection.execute(query) if (row.uri, row.version) in rewrites)


def find_replaced(ledger: Ledger, versions: Sequence[ObjectVersion]) -> list[ObjectVersion]:
    """Find the versions that were written again as these: they have the same load."""
    old, new = landed_objects.alias("old"), landed_objects.alias("new")
    with begin_read(ledger) as connection:
        names = {"uri": [uri for uri, _ in versions], "version": [version for _, version in versions]}
        listed = tabulate(connection, names)
        is_listed = (new.c.uri == listed.c.uri) & (new.c.version == listed.c.version)
        is_same = (
            (old.c.uri == new.c.uri) & (old.c.load_id == new.c.load_id) & (old.c.version != new.c.version)
        )
        query = select(old.c.uri, old.c.version).select_from(listed.join(new, is_listed).join(old, is_same))
        return [(row.uri, row.version) for row in connection.execute(query)]


def end_rewrite(ledger: Ledger, rewrite: Rewrite, version: str | None) -> None:
    """End a rewriting: `version` takes over what is known of the one replaced; None, nothing was put.

    A version that was not finished leaves nothing: the next run reads the new one.
    """
    table = landed_objects.c
    query = select(table.landed_at, table.load_id).where(
        table.uri == rewrite.uri, table.version == rewrite.version, table.state == "finished"
    )
    with begin_write(ledger) as connection:
        old = connection.execute(query).one_or_none()
        if version is not None and old is not None:
            new = FinishedObject(rewrite.uri, version, rewrite.size, old.landed_at, old.load_id)
            finish_objects(connection, [new], ledger.clock(connection))
            follow_object(connection, (rewrite.uri, rewrite.version), version)
        connection.execute(delete(facts).where(facts.c.key == f"{_PREFIX}{rewrite.uri}"))
