"""Suppressions: people of whom nothing may leave, known only by keyed hashes of their ids."""

import hmac
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, bindparam, func, literal, or_, select, true, update

from etl.errors import ConfigurationError
from etl.hash_keys import HashKey, digest_bytes, list_keys
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import TextList, insert_into, is_among, list_texts
from etl.ledger.facts import claim_fact, find_fact
from etl.ledger.postback_tables import suppressions
from etl.ledger.schema import UtcInstant

SuppressionKind = Literal["erase", "do_not_share"]

EVERY_APP: Final = "*"
"""The app id of a suppression that holds for all of them."""

HASH_KEY_FACT: Final = "hash_key_check"
CHUNK: Final = 500
_STREAMED_ROWS: Final = 5_000
_CHECKED: Final = b"pushlift: check value of the hash key"
_STAMP_DIGITS: Final = 16

_SUPPRESSED: Final = select(suppressions.c.subject).where(
    is_among(suppressions.c.subject, bindparam("subjects", type_=TextList)),
    or_(suppressions.c.app_id == bindparam("app"), suppressions.c.app_id == EVERY_APP),
    suppressions.c.lifted_at.is_(None),
)


def suppress(ledger: Ledger, subjects: Iterable[str], app_id: str, kind: SuppressionKind) -> None:
    """Suppress people, given by their keyed hashes, from now on; one that was lifted holds again."""
    with begin_write(ledger) as connection:
        suppress_within(connection, subjects, app_id, kind, ledger.clock(connection))


def suppress_within(
    connection: Connection, subjects: Iterable[str], app_id: str, kind: SuppressionKind, now: datetime
) -> None:
    """Do as `suppress` does, within the caller's transaction."""
    wanted = sorted(set(subjects))
    if not wanted:
        return
    # SQLite would read ON CONFLICT as a join of a SELECT without WHERE.
    rows = select(
        list_texts(connection, wanted).c.text, literal(app_id), literal(kind), literal(now, UtcInstant)
    ).where(true())
    statement = insert_into(connection, suppressions)
    upsert = statement.from_select(["subject", "app_id", "kind", "created_at"], rows)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["subject", "app_id"],
            set_={"kind": statement.excluded.kind, "created_at": now, "lifted_at": None},
            where=suppressions.c.lifted_at.is_not(None) | (statement.excluded.kind == "erase"),
        )
    )


def lift(ledger: Ledger, subjects: Iterable[str], app_id: str) -> int:
    """Lift suppressions, and return how many there were."""
    with begin_write(ledger) as connection:
        return lift_within(connection, subjects, app_id, ledger.clock(connection))


def lift_within(connection: Connection, subjects: Iterable[str], app_id: str, now: datetime) -> int:
    """Do as `lift` does, within the caller's transaction."""
    statement = update(suppressions).where(
        suppressions.c.app_id == app_id, suppressions.c.lifted_at.is_(None)
    )
    wanted = sorted(set(subjects))
    lifted = 0
    for start in range(0, len(wanted), CHUNK):
        chunk = statement.where(suppressions.c.subject.in_(wanted[start : start + CHUNK]))
        lifted += connection.execute(chunk.values(lifted_at=now)).rowcount
    return lifted


def find_suppressed(connection: Connection, subjects: Collection[str], app_id: str) -> frozenset[str]:
    """Find those of the subjects that are suppressed for an app, within the caller's transaction."""
    return frozenset(connection.scalars(_SUPPRESSED, {"subjects": sorted(set(subjects)), "app": app_id}))


def list_suppressed(ledger: Ledger, app_id: str) -> frozenset[str]:
    """List every subject that is suppressed for an app."""
    query = select(suppressions.c.subject).where(
        suppressions.c.app_id.in_([app_id, EVERY_APP]), suppressions.c.lifted_at.is_(None)
    )
    with begin_read(ledger) as connection:
        return frozenset(connection.scalars(query))


def list_erased(ledger: Ledger) -> list[tuple[str, str]]:
    """List the app, or `*`, and the subject of each suppression by which somebody is to be erased."""
    return list(stream_erased(ledger))


def stream_erased(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Give what `list_erased` lists, in the same order, by app and subject, some thousand in memory."""
    query = (
        select(suppressions.c.app_id, suppressions.c.subject)
        .where(suppressions.c.kind == "erase", suppressions.c.lifted_at.is_(None))
        .order_by(suppressions.c.app_id, suppressions.c.subject)
    )
    with begin_read(ledger) as connection:
        streamed = connection.execution_options(yield_per=_STREAMED_ROWS)
        for rows in streamed.execute(query).partitions():
            yield from map(tuple, rows)


def stamp_erased(ledger: Ledger) -> str | None:
    """Give a text that changes whenever somebody more is to be erased, or hashes are by another key.

    None where nobody is to be erased.
    """
    query = select(func.count(), func.max(suppressions.c.created_at)).where(
        suppressions.c.kind == "erase", suppressions.c.lifted_at.is_(None)
    )
    with begin_read(ledger) as connection:
        count, last = connection.execute(query).one()
        proof = find_fact(connection, HASH_KEY_FACT) or ""
    return f"{count} {last.isoformat()} {proof[:_STAMP_DIGITS]}" if count else None


def prove_key(key: HashKey) -> str:
    """Give the value by which the ledger knows a key again, and all that it followed."""
    return digest_bytes(key, _CHECKED)


def check_hash_key(ledger: Ledger, key: HashKey) -> None:
    """Make sure that hashes are made with the keys that the ledger's own were made with.

    The first use of a key writes its check value. Raises ConfigurationError without a key, or with another.
    """
    keys = _require_key(key)
    _compare_keys(ledger, keys, claim_fact(ledger, HASH_KEY_FACT, prove_key(keys)))


def is_hash_key_known(ledger: Ledger, key: HashKey) -> bool:
    """Whether the ledger's hashes are made with the key; False where it has none yet. Writes nothing.

    Raises as `check_hash_key`.
    """
    with begin_read(ledger) as connection:
        known = find_fact(connection, HASH_KEY_FACT)
    if known is None:
        return False
    _compare_keys(ledger, _require_key(key), known)
    return True


def _require_key(key: HashKey) -> tuple[bytes, ...]:
    keys = list_keys(key)
    if not keys or not all(keys):
        raise ConfigurationError("The key of subjects' hashes is missing: set PUSHLIFT_HASH_KEY.")
    return keys


def _compare_keys(ledger: Ledger, keys: tuple[bytes, ...], known: str) -> None:
    value = prove_key(keys)
    if hmac.compare_digest(known, value):
        return
    if len(keys) > 1 and hmac.compare_digest(known, prove_key(keys[:-1])):
        raise ConfigurationError(
            f"The ledger {ledger.name} has the key of hashes before PUSHLIFT_HASH_KEY still: run"
            " pushlift ledger rotate-key, or set the one before again."
        )
    raise ConfigurationError(
        f"The key of subjects' hashes is not that of the ledger {ledger.name}: with another, nobody who is"
        " suppressed would be recognized. Set PUSHLIFT_HASH_KEY to the ledger's, and after a rotation"
        " PUSHLIFT_HASH_KEYS_BEFORE to all that were before it."
    )
