"""What gathers in a lake's folders and is nobody's, and history past its retention."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from etl.lake.tables import Table
from etl.stores import LandedObject, Store, list_present
from etl.stores.listing import TEMPORARY_SUFFIX

_RETENTION: Final = ("delta.logRetentionDuration", "delta.deletedFileRetentionDuration")
_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def list_data_files(lake: Store, table: Table) -> list[LandedObject]:
    """List everything in a table's folder but its log."""
    log = f"{table.name}/_delta_log/"
    return [each for each in list_present(lake, f"{table.name}/") if not each.key.startswith(log)]


def list_log_paths(table: Table, delta: DeltaTable) -> frozenset[str]:
    """List the keys of all files that a table's log knows, removed ones of older versions too."""
    live = pa.table(delta.get_add_actions(flatten=True))["path"].to_pylist()
    removed = delta.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=False)
    # The log spells paths as URLs; a name that is spelled either way is known.
    return frozenset(f"{table.name}/{name}" for path in (*live, *removed) for name in (path, unquote(path)))


def find_strays(
    files: Collection[LandedObject], known: Collection[str], before: datetime
) -> list[LandedObject]:
    """Find the files that nobody knows and that were written before an instant."""
    return [each for each in files if each.key not in known and each.modified_at < before]


def find_idle_runs(scratch: Store, before: datetime) -> tuple[dict[str, list[LandedObject]], frozenset[str]]:
    """Find the runs in scratch that wrote nothing since an instant, with their objects; and the busy runs."""
    runs: dict[str, list[LandedObject]] = {}
    for each in list_present(scratch):
        run_id = each.key.partition("/")[0]
        if _RUN_ID.fullmatch(run_id):
            runs.setdefault(run_id, []).append(each)
    busy = frozenset(
        run_id for run_id, objects in runs.items() if max(each.modified_at for each in objects) >= before
    )
    return {run_id: objects for run_id, objects in runs.items() if run_id not in busy}, busy


def list_temporaries(store: Store, before: datetime) -> list[Path]:
    """List what killed writers left of unfinished files in a local store; object stores show none."""
    if not store.is_local:
        return []
    found = Path(store.root).rglob(f"*{TEMPORARY_SUFFIX}")
    return [path for path in found if path.is_file() and path.stat().st_mtime < before.timestamp()]


def expire_history(delta: DeltaTable, grace_hours: int) -> int:
    """Delete files that were removed longer ago than the grace, and the log's entries of older versions.

    Only what the log itself removed: drafts, which it does not know, stay. Gives how many files went.
    """
    _set_retention(delta, grace_hours)
    expired = delta.vacuum(grace_hours, dry_run=True, full=False, enforce_retention_duration=False)
    if expired:
        delta.vacuum(grace_hours, dry_run=False, full=False, enforce_retention_duration=False)
        delta.update_incremental()
    delta.create_checkpoint()
    delta.cleanup_metadata()
    return len(expired)


def count_replaced(delta: DeltaTable, grace_hours: int) -> tuple[int, int]:
    """Count the files that a log has removed and that are not deleted yet, and those past the grace."""
    counts = [
        len(delta.vacuum(hours, dry_run=True, full=False, enforce_retention_duration=False))
        for hours in (0, grace_hours)
    ]
    return counts[0], counts[1]


def _set_retention(delta: DeltaTable, grace_hours: int) -> None:
    """Tell the table of the grace, by which its log is cleaned: then other tools keep to it as well."""
    days, rest = divmod(grace_hours, 24)
    grace = f"interval {grace_hours} hours" if rest else f"interval {days} days"
    present = delta.metadata().configuration
    if any(present.get(name) != grace for name in _RETENTION):
        delta.alter.set_table_properties(dict.fromkeys(_RETENTION, grace))
