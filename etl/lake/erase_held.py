"""Erase people from held batches: drafts that no log names, until a person releases them.

Each batch is changed in one ledger transaction after its new drafts are written and looked at, so a kill
leaves it with all of its old files or all of its new ones; the next erasure finds what is left.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from etl.errors import ConservationError
from etl.lake.anonymize import NewId, anonymize_rows
from etl.lake.erase import Erasing, HeldErasure, Policy
from etl.lake.find_people import FoundFile, find_in_file
from etl.lake.find_wanted import make_searches
from etl.lake.replace import PublishedFile, name_successors, rewrite_rows
from etl.lake.tables import EVENTS
from etl.lake.wanted import Wanted
from etl.ledger.drafts import Draft, register_drafts
from etl.ledger.held import HeldBatch, HeldDraft, list_batches, replace_held_drafts
from etl.stores import Store, delete_object


@dataclass(frozen=True, slots=True)
class _Eraser:
    """Who goes, how, and what gives new ids: one for all, since the halves of an occurrence may part."""

    wanted: Wanted
    policy: Policy
    renew: NewId


def find_in_held(lake: Store, batches: Sequence[HeldBatch], wanted: Wanted) -> HeldErasure:
    """Say what the held batches hold of wanted people; nothing is changed."""
    found = [each for batch in batches for each in _find(lake, batch, wanted)]
    return _account(batches, found)


def erase_held(erasing: Erasing, wanted: Wanted, policy: Policy) -> HeldErasure:
    """Erase people from the held batches, under the publish lock."""
    batches, eraser = list_batches(erasing.ledger), _Eraser(wanted, policy, erasing.renew)
    everything = []
    for batch in batches:
        found = _find(erasing.lake, batch, wanted)
        if found:
            _rewrite(erasing, batch, found, eraser)
            everything += found
    return _account(batches, everything)


def _account(batches: Sequence[HeldBatch], found: Sequence[FoundFile]) -> HeldErasure:
    read = sum(len(batch.drafts) for batch in batches)
    return HeldErasure(read, len(found), sum(each.found for each in found))


def _find(lake: Store, batch: HeldBatch, wanted: Wanted) -> list[FoundFile]:
    lookup = wanted.for_app(batch.app_id)
    found = (find_in_file(lake, _as_file(batch, draft), lookup) for draft in batch.drafts)
    return [each for each in found if each.marks.any()]


def _as_file(batch: HeldBatch, draft: HeldDraft) -> PublishedFile:
    path = draft.path.removeprefix(f"{EVENTS.name}/")
    return PublishedFile(path, draft.size, (("app_id", batch.app_id), ("event_date", draft.event_date)))


def _rewrite(erasing: Erasing, batch: HeldBatch, found: Sequence[FoundFile], eraser: _Eraser) -> None:
    stem = f"{erasing.run_id}-{secrets.token_hex(2)}-held"
    pairs = name_successors([each.file for each in found], stem)
    new = [Draft(f"{EVENTS.name}/{path}", EVENTS.name, batch.run_id, 0, erasing.now) for _, path in pairs]
    register_drafts(erasing.ledger, new)
    replaced: dict[str, HeldDraft | None] = {}
    for each, (_, path) in zip(found, pairs, strict=True):
        key = f"{EVENTS.name}/{each.file.path}"
        replaced[key] = _rewrite_file(erasing.lake, batch, each, path, eraser)
    evidence = {
        "run": erasing.run_id,
        "policy": eraser.policy,
        "batch": batch.id,
        "rows_before": batch.rows,
        "rows_found": sum(each.found for each in found),
        "files_rewritten": len(found),
    }
    replace_held_drafts(erasing.ledger, batch.id, replaced, erasing.fence, evidence)
    for key in replaced:
        delete_object(erasing.lake, key)


def _rewrite_file(
    lake: Store, batch: HeldBatch, found: FoundFile, path: str, eraser: _Eraser
) -> HeldDraft | None:
    stays = ~found.marks if eraser.policy == "rows" else np.ones(len(found.marks), bool)
    if not stays.any():
        return None
    change = _keep if eraser.policy == "rows" else _anonymize(batch, found, eraser)
    draft = rewrite_rows(lake, EVENTS, found.file, path, stays, change)
    file = PublishedFile(path, draft.size, found.file.partition)
    marks = find_in_file(lake, file, eraser.wanted.for_app(batch.app_id)).marks
    if len(marks) != stays.sum() or marks.any():
        raise ConservationError(
            f"The new file of the held batch {batch.id} does not hold what must stay and nothing else;"
            " the batch is as it was."
        )
    return HeldDraft(draft.key, draft.size, draft.rows, dict(found.file.partition)["event_date"])


def _keep(rows: pa.Table) -> pa.Table:
    return rows


def _anonymize(batch: HeldBatch, found: FoundFile, eraser: _Eraser) -> Callable[[pa.Table], pa.Table]:
    search, start = make_searches(eraser.wanted)(batch.app_id), 0

    def change(rows: pa.Table) -> pa.Table:
        nonlocal start
        marks = found.marks[start : start + rows.num_rows]
        start += rows.num_rows
        return anonymize_rows(rows, marks, eraser.renew, search)

    return change
