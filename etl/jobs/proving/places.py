"""Where people could be: every object of every store that pushlift writes or reads, and what is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote

from deltalake import DeltaTable

from etl.errors import ConfigurationError
from etl.lake.tables import EVENTS, TABLES, Table, find_table
from etl.lake.upkeep import list_log_paths
from etl.ledger.database import Ledger
from etl.ledger.exports import list_exports
from etl.ledger.held import list_batches
from etl.settings import Settings
from etl.settings.locations import is_within
from etl.stores import LandedObject, Store, find_object, list_present, open_store
from etl.stores.listing import TEMPORARY_SUFFIX
from etl.stores.objects import describe_file

Kind = Literal[
    "lake",
    "leaving",
    "stray",
    "scratch",
    "export",
    "landing",
    "pull",
    "inbox",
    "opt_outs",
    "ledger",
    "other",
]
"""What a place is: a hit in `landing` or `inbox` is expected, one in `leaving` is gone before long.

A `stray` is a data file that no log names and no batch holds: a draft of a living run, or of a dead one.
What is in `pull` was written again, unless it came later.
"""

SCRATCH: Final = "_scratch/"
_INBOX: Final = "inbox/"
_APP: Final = "app_id="
_TABLE_NAMES: Final = frozenset(table.name for table in TABLES)


@dataclass(frozen=True, slots=True)
class Place:
    """An object to be read, what it is, and the app whose rows alone it holds, if one's."""

    kind: Kind
    store: Store
    landed: LandedObject
    app_id: str | None = None


def list_places(settings: Settings, ledger: Ledger, also: Sequence[str] = ()) -> list[Place]:
    """List all objects of all stores and registered exports, and what is named."""
    options, storage = settings.storage.options, settings.storage
    lake = open_store(storage.lake, options)
    held = {draft.path for batch in list_batches(ledger) for draft in batch.drafts}
    places = [*_list_lake(lake, held, settings.retention.replaced_hours)]
    if not is_within(storage.scratch_uri, storage.lake):
        places += _list_all("scratch", open_store(storage.scratch_uri, options))
    for export in list_exports(ledger):
        target = open_store(export.target, options)
        places += (Place("export", target, each, _app_of(each.key)) for each in _list_objects(target))
    opt_outs = open_store(storage.opt_outs, options)
    for each in _list_objects(opt_outs):
        places.append(Place("inbox" if each.key.startswith(_INBOX) else "opt_outs", opt_outs, each))
    places += _list_all("landing", open_store(storage.landing, options))
    places += _list_all("pull", open_store(storage.pull, options))
    for named in also:
        places += _list_named(named, settings)
    return places


def _list_lake(lake: Store, held: AbstractSet[str], hours: int) -> Iterator[Place]:
    leaving: set[str] = set()
    known = set(held)
    for table in TABLES:
        delta = find_table(lake, table)
        if delta is not None:
            leaving |= _list_leaving(table, delta, hours)
            known |= list_log_paths(table, delta)
    for each in _list_objects(lake):
        folder, _, path = each.key.partition("/")
        app_id = _app_of(path) if folder == EVENTS.name else None
        yield Place(_judge_kind(each.key, leaving, known), lake, each, app_id)


def _judge_kind(key: str, leaving: AbstractSet[str], known: AbstractSet[str]) -> Kind:
    if key.startswith(SCRATCH):
        return "scratch"
    if key in leaving:
        return "leaving"
    is_data = key.partition("/")[0] in _TABLE_NAMES and "/_delta_log/" not in key
    return "stray" if is_data and key not in known else "lake"


def _list_leaving(table: Table, delta: DeltaTable, hours: int) -> set[str]:
    """List the files that a table's log has removed and that their retention of so many hours still keeps."""
    removed = delta.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=False)
    expired = set(
        delta.vacuum(retention_hours=hours, dry_run=True, enforce_retention_duration=False, full=False)
    )
    kept = [path for path in removed if path not in expired]
    return {f"{table.name}/{name}" for path in kept for name in (path, unquote(path))}


def _list_all(kind: Kind, store: Store) -> list[Place]:
    return [Place(kind, store, each) for each in _list_objects(store)]


def _list_objects(store: Store) -> Iterator[LandedObject]:
    """List a store's objects, in a folder also what killed writers left of unfinished ones."""
    yield from list_present(store)
    if store.is_local:
        root = Path(store.root)
        for path in sorted(root.rglob(f"*{TEMPORARY_SUFFIX}")):
            if path.is_file():
                yield describe_file(store, path.relative_to(root).as_posix(), path.stat())


def list_ledger_files(ledger: Ledger) -> Iterator[Place]:
    """List a SQLite ledger's database and logs; a Postgres is read by its tables alone."""
    if not ledger.is_sqlite:
        return
    file = Path(ledger.name)
    store = open_store(str(file.parent))
    for suffix in ("", "-wal", "-journal"):
        landed = find_object(store, f"{file.name}{suffix}")
        if landed is not None:
            yield Place("ledger", store, landed)


def _list_named(named: str, settings: Settings) -> list[Place]:
    folder, _, name = named.rstrip("/").rpartition("/")
    if "://" not in named and Path(named).is_file():
        store = open_store(folder or ".")
        landed = find_object(store, name)
        return [] if landed is None else [Place("other", store, landed)]
    store = open_store(named, settings.storage.options)
    if store.is_local and not Path(store.root).is_dir():
        raise ConfigurationError(f"{named}: no such file or folder; name what shall be read as well.")
    return _list_all("other", store)


def _app_of(key: str) -> str | None:
    folder = key.partition("/")[0]
    return unquote(folder.removeprefix(_APP)) if folder.startswith(_APP) else None
