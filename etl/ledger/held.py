"""Held batches: one app's rows of a run that an audit held back, until they are released or superseded.

Only a publish decides about them, in the transaction that finishes it: whoever carries a cut-off publish out
does exactly what its run would have done. An erasure puts other files in the place of theirs.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, select, update

from etl.errors import LedgerError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.drafts import mark_drafts_within
from etl.ledger.evidence import note_within
from etl.ledger.locks import Fence, check_fence_within
from etl.ledger.objects import ObjectVersion
from etl.ledger.schema import held_batches

HeldState = Literal["held", "released", "superseded"]
"""A batch begins as held and ends as one of the others, once."""

OPEN: Final[frozenset[HeldState]] = frozenset({"held"})


@dataclass(frozen=True, slots=True)
class HeldDraft:
    """A file of a held batch: its path within the lake, its bytes and rows, and their UTC day."""

    path: str
    size: int
    rows: int
    event_date: str


@dataclass(frozen=True, slots=True)
class HeldObject:
    """A landed object with rows in a held batch, and the load that counted them as held.

    One that a reprocessing publish has read again since is covered: its rows here are void. `landed_at` is
    ISO 8601.
    """

    uri: str
    version: str
    size: int
    landed_at: str
    load_id: str
    rows: int
    is_covered: bool = False


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """What was held of one app in one run, and why.

    `failed` are the failed required checks, `identities` the fields that name the rows' people;
    `is_reprocess` tells that the rows were to replace published ones.
    """

    id: str
    app_id: str
    run_id: str
    created_at: datetime
    is_reprocess: bool
    failed: tuple[dict[str, Any], ...]
    identities: tuple[str, ...]
    drafts: tuple[HeldDraft, ...]
    objects: tuple[HeldObject, ...]
    state: HeldState = "held"
    decided_at: datetime | None = None
    reason: str | None = None
    who: str | None = None

    @property
    def rows(self) -> int:
        """How many rows were held."""
        return sum(draft.rows for draft in self.drafts)

    @property
    def waiting(self) -> tuple[HeldObject, ...]:
        """The objects that nothing has read again since."""
        return tuple(each for each in self.objects if not each.is_covered)

    @property
    def dates(self) -> tuple[str, ...]:
        """The UTC days of the rows, `YYYY-MM-DD`, ascending."""
        return tuple(sorted({draft.event_date for draft in self.drafts}))


@dataclass(frozen=True, slots=True)
class Release:
    """A person's decision to publish a held batch as it is; `reason` is their own words."""

    batch_id: str
    reason: str
    who: str


def name_batch(run_id: str, app_id: str) -> str:
    """Name what a run holds of an app, in letters that any shell takes."""
    return f"{run_id}-{hashlib.sha256(app_id.encode()).hexdigest()[:8]}"


def find_batch(ledger: Ledger, batch_id: str) -> HeldBatch | None:
    """Find a batch in whatever state."""
    with begin_read(ledger) as connection:
        row = connection.execute(_select().where(held_batches.c.id == batch_id)).one_or_none()
    return None if row is None else _read(row)


def list_batches(
    ledger: Ledger, states: Collection[HeldState] = OPEN, app_id: str | None = None
) -> list[HeldBatch]:
    """List the batches in some states, of all apps or of one, oldest first."""
    query = _select().where(held_batches.c.state.in_(list(states)))
    if app_id is not None:
        query = query.where(held_batches.c.app_id == app_id)
    with begin_read(ledger) as connection:
        return [_read(row) for row in connection.execute(query)]


def hold_batches(connection: Connection, batches: Sequence[HeldBatch]) -> None:
    """Record new batches and mark their drafts held, within the caller's transaction."""
    for batch in batches:
        connection.execute(insert_into(connection, held_batches).values(**_describe(batch)))
        mark_drafts_within(connection, [draft.path for draft in batch.drafts], "held")


def cover_objects(connection: Connection, versions: Collection[ObjectVersion], now: datetime) -> None:
    """Note that these versions were read again: within the caller's transaction.

    A batch of which no object is waiting any more is superseded, and its drafts are discarded.
    """
    covered = frozenset(versions)
    query = _select().where(held_batches.c.state == "held").with_for_update()
    for row in connection.execute(query).all() if covered else ():
        batch = _read(row)
        objects = tuple(_cover(each, covered) for each in batch.objects)
        if objects != batch.objects:
            _write_objects(connection, replace(batch, objects=objects), now)


def release_batch(connection: Connection, release: Release, now: datetime) -> None:
    """Mark a held batch released and its drafts discarded, within the caller's transaction.

    Raises LedgerError for a batch that is not held.
    """
    query = _select().where(held_batches.c.id == release.batch_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None or row.state != "held":
        state = "unknown" if row is None else row.state
        raise LedgerError(
            f"The held batch {release.batch_id} is {state} and cannot be released: another run has dealt"
            " with it."
        )
    values = {"state": "released", "decided_at": now, "reason": release.reason, "who": release.who}
    connection.execute(update(held_batches).values(**values).where(held_batches.c.id == release.batch_id))
    mark_drafts_within(connection, [draft.path for draft in _read(row).drafts], "discarded")


def replace_held_drafts(
    ledger: Ledger,
    batch_id: str,
    replaced: Mapping[str, HeldDraft | None],
    fence: Fence,
    evidence: Mapping[str, object] | None = None,
) -> None:
    """Put other files in the place of a held batch's, by path; None leaves one out. All or none.

    `evidence` is noted with it.

    Raises LockLostError where the lock is no longer its holder's, LedgerError for a batch that is not held.
    """
    query = _select().where(held_batches.c.id == batch_id, held_batches.c.state == "held")
    with begin_write(ledger) as connection:
        check_fence_within(ledger, connection, fence)
        row = connection.execute(query.with_for_update()).one_or_none()
        if row is None:
            raise LedgerError(f"The batch {batch_id} is not held any more: look again.")
        batch = _read(row)
        put = [replaced.get(draft.path, draft) for draft in batch.drafts]
        new = replace(batch, drafts=tuple(draft for draft in put if draft is not None))
        mark_drafts_within(connection, [draft.path for draft in replaced.values() if draft], "held")
        mark_drafts_within(connection, list(replaced), "discarded")
        described = {name: value for name, value in _describe(new).items() if name in {"drafts", "rows"}}
        connection.execute(update(held_batches).values(**described).where(held_batches.c.id == batch_id))
        if evidence is not None:
            note_within(connection, ledger.clock(connection), "erased_from_held", evidence)


def follow_object(connection: Connection, old: ObjectVersion, version: str) -> None:
    """Let held batches of an object name the version that was put in its place: within the transaction."""
    query = _select().where(held_batches.c.state == "held").with_for_update()
    for row in connection.execute(query).all():
        batch = _read(row)
        objects = [
            replace(each, version=version) if (each.uri, each.version) == old else each
            for each in batch.objects
        ]
        if tuple(objects) != batch.objects:
            described = {"objects": json.dumps([asdict(each) for each in objects])}
            connection.execute(update(held_batches).values(**described).where(held_batches.c.id == batch.id))


def _cover(each: HeldObject, covered: Collection[ObjectVersion]) -> HeldObject:
    return replace(each, is_covered=True) if (each.uri, each.version) in covered else each


def _write_objects(connection: Connection, batch: HeldBatch, now: datetime) -> None:
    values: dict[str, object] = {"objects": json.dumps([asdict(each) for each in batch.objects])}
    if not batch.waiting:
        values |= {"state": "superseded", "decided_at": now}
        mark_drafts_within(connection, [draft.path for draft in batch.drafts], "discarded")
    connection.execute(update(held_batches).values(**values).where(held_batches.c.id == batch.id))


def _describe(batch: HeldBatch) -> dict[str, object]:
    return {
        "id": batch.id,
        "app_id": batch.app_id,
        "run_id": batch.run_id,
        "created_at": batch.created_at,
        "state": batch.state,
        "is_reprocess": batch.is_reprocess,
        "rows": batch.rows,
        "failed": json.dumps(batch.failed),
        "identities": json.dumps(batch.identities),
        "drafts": json.dumps([asdict(each) for each in batch.drafts]),
        "objects": json.dumps([asdict(each) for each in batch.objects]),
    }


def _select() -> Select[Any]:
    names = ("id", "app_id", "run_id", "created_at", "state", "is_reprocess", "failed", "identities")
    more = ("drafts", "objects", "decided_at", "reason", "who")
    columns = [held_batches.c[name] for name in (*names, *more)]
    return select(*columns).order_by(held_batches.c.created_at, held_batches.c.id)


def _read(row: Any) -> HeldBatch:  # noqa: ANN401 - SQLAlchemy's row of no fixed type
    return HeldBatch(
        id=row.id,
        app_id=row.app_id,
        run_id=row.run_id,
        created_at=row.created_at,
        is_reprocess=row.is_reprocess,
        failed=tuple(json.loads(row.failed)),
        identities=tuple(json.loads(row.identities)),
        drafts=tuple(HeldDraft(**each) for each in json.loads(row.drafts)),
        objects=tuple(HeldObject(**each) for each in json.loads(row.objects)),
        state=row.state,
        decided_at=row.decided_at,
        reason=row.reason,
        who=row.who,
    )
