"""A new key of hashes: every hash that the ledger keeps is hashed once more, all in one transaction.

Nobody's id is needed for it. Whoever looks somebody up from then on hashes with all keys, the new one last.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Table,
    Text,
    bindparam,
    func,
    literal,
    select,
    update,
)

from etl.errors import ConfigurationError, LockHeld
from etl.hash_keys import HashKey, digest_bytes, list_keys
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.facts import find_fact, set_fact
from etl.ledger.opt_out_tables import opt_out_links, opt_out_lists, opt_out_requests, opt_out_sent
from etl.ledger.postback_tables import plans, postbacks, senders, suppressions
from etl.ledger.suppressions import HASH_KEY_FACT, prove_key
from etl.subjects import HASH_DIGITS, make_hasher

CHUNK: Final = 10_000
HASHED: Final = (
    suppressions.c.subject,
    opt_out_requests.c.subject,
    opt_out_links.c.subject,
    opt_out_sent.c.subject,
)
"""Columns that hold one keyed hash of a person each; beside them, links, lists and postbacks hold some."""

# Where each hash leads; it lives as long as the transaction.
_renewed = Table(
    "renewed_hashes",
    MetaData(),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    PrimaryKeyConstraint("old", name="renewed_hashes_pkey"),
    prefixes=["TEMPORARY"],
)
_LINKED_HASH: Final = func.substr(
    opt_out_links.c.linked, func.length(opt_out_links.c.linked) - (HASH_DIGITS - 1)
)
_LINKED_APP: Final = func.substr(opt_out_links.c.linked, 1, func.length(opt_out_links.c.linked) - HASH_DIGITS)
_HASHES: Final = (
    *(select(column).distinct() for column in HASHED),
    select(_LINKED_HASH).distinct(),
)
_NAMED: Final = (
    select(postbacks.c.position, postbacks.c.subjects)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position > bindparam("after"),
        postbacks.c.subjects.is_not(None),
    )
    .order_by(postbacks.c.position)
    .limit(CHUNK)
)
_NAME_AGAIN: Final = (
    update(postbacks)
    .values(subjects=bindparam("renewed"))
    .where(postbacks.c.plan_id == bindparam("plan"), postbacks.c.position == bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class HashCounts:
    """How many rows of the ledger hold hashes of people, table by table; `lists` are known by their bytes."""

    suppressions: int
    requests: int
    links: int
    lists: int
    postbacks: int


def count_hashes(ledger: Ledger) -> HashCounts:
    """Count the rows that hold hashes."""
    with begin_read(ledger) as connection:
        return _count(connection)


def renew_hashes(ledger: Ledger, key: HashKey) -> HashCounts:
    """Hash all that the ledger keeps once more, with the last of the keys; gives what was changed.

    Raises ConfigurationError, and changes nothing, unless the ledger has the keys before that one. LockHeld
    while somebody sends: who asks whether a person is suppressed must see old hashes alone, or new ones.
    """
    keys = list_keys(key)
    with begin_write(ledger) as connection:
        _refuse_senders(connection, is_sqlite=ledger.is_sqlite)
        known = find_fact(connection, HASH_KEY_FACT)
        if known is None or not hmac.compare_digest(known, prove_key(keys[:-1])):
            raise ConfigurationError("The ledger has another key of hashes by now; nothing was changed.")
        found = _count(connection)
        _renew_people(connection, make_hasher(keys[-1]))
        _renew_lists(connection, keys[-1])
        _renew_postbacks(connection, make_hasher(keys[-1]))
        set_fact(connection, HASH_KEY_FACT, prove_key(keys), ledger.clock(connection))
    return found


def _refuse_senders(connection: Connection, *, is_sqlite: bool) -> None:
    """Raise LockHeld while there are senders; none can begin before the transaction ends."""
    if not is_sqlite:
        connection.exec_driver_sql("LOCK TABLE senders IN SHARE ROW EXCLUSIVE MODE")
    active = connection.scalars(select(senders.c.plan_id).where(senders.c.state == "active")).all()
    if active:
        raise LockHeld(
            f"Plan {active[0]} is being sent: pause it (pushlift backfill pause), or let it end, and rotate"
            " the key then. A sender that was killed is given up once its lease is over."
        )


def _count(connection: Connection) -> HashCounts:
    def count(query: Select[Any]) -> int:
        return connection.execute(query).scalar_one()  # type: ignore[no-any-return]  # a count

    def count_all(table: Table) -> int:
        return count(select(func.count()).select_from(table))

    return HashCounts(
        suppressions=count_all(suppressions),
        requests=count_all(opt_out_requests),
        links=count_all(opt_out_links),
        lists=count_all(opt_out_lists),
        postbacks=count(select(func.count()).select_from(postbacks).where(postbacks.c.subjects.is_not(None))),
    )


def _renew_people(connection: Connection, hash_again: Callable[[str], str]) -> None:
    """Change keys of rows by a table of all hashes: a row that was changed must not be met again."""
    _renewed.create(connection)
    for query in _HASHES:
        for chunk in connection.execute(query, execution_options={"stream_results": True}).partitions(CHUNK):
            rows = [{"old": row[0], "new": hash_again(row[0])} for row in chunk]
            statement = insert_into(connection, _renewed)
            connection.execute(statement.on_conflict_do_nothing(index_elements=["old"]), rows)
    for column in HASHED:
        new = select(_renewed.c.new).where(_renewed.c.old == column).scalar_subquery()
        connection.execute(update(column.table).values({column.name: new}))
    new = select(_renewed.c.new).where(_renewed.c.old == _LINKED_HASH).scalar_subquery()
    connection.execute(update(opt_out_links).values(linked=_LINKED_APP.op("||")(new)))
    _renewed.drop(connection)


def _renew_lists(connection: Connection, key: bytes) -> None:
    for row in connection.execute(select(opt_out_lists.c.id, opt_out_lists.c.content_hash)).all():
        new = digest_bytes(key, row.content_hash.encode())
        connection.execute(
            update(opt_out_lists).values(content_hash=literal(new)).where(opt_out_lists.c.id == row.id)
        )


def _renew_postbacks(connection: Connection, hash_again: Callable[[str], str]) -> None:
    for plan_id in connection.scalars(select(plans.c.id)).all():
        for rows in _list_named(connection, plan_id):
            connection.execute(
                _NAME_AGAIN,
                [
                    {"plan": plan_id, "at": at, "renewed": " ".join(map(hash_again, subjects.split()))}
                    for at, subjects in rows
                ],
            )


def _list_named(connection: Connection, plan_id: str) -> Iterator[list[tuple[int, str]]]:
    after = -1
    while True:
        rows = connection.execute(_NAMED, {"plan": plan_id, "after": after}).all()
        if not rows:
            return
        after = rows[-1].position
        yield [(row.position, row.subjects) for row in rows]
