"""What a run keeps in scratch while it lasts, so that its tasks may run in different processes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from etl.jobs.runs import Run, load_run, save_run
from etl.settings.models import Settings
from etl.stores import Store, open_store

if TYPE_CHECKING:
    from etl.erased import Erased
    from etl.hash_keys import HashKey
    from etl.jobs.auditing import AuditedRun
    from etl.jobs.settling import SettledRun
    from etl.lake.spill import ChunkOutcome


_ERASED: Final = "erased.bin"
# The last run's, for the worker's next chunk.
_RECALLED: dict[str, Erased] = {}


def open_scratch(settings: Settings) -> Store:
    """Open the store where runs spill."""
    return open_store(settings.storage.scratch_uri, settings.storage.options)


def drop_scratch(settings: Settings, run_id: str) -> None:
    """Delete what a run spilled."""
    from etl.lake.spill import drop_run

    drop_run(open_scratch(settings), run_id)


def keep_run(settings: Settings, run: Run) -> None:
    """Keep a run in scratch, for tasks in other processes."""
    save_run(open_scratch(settings), run)


def recall_run(settings: Settings, run_id: str) -> Run:
    """Read a run that `keep_run` kept."""
    return load_run(open_scratch(settings), run_id)


def keep_erased(settings: Settings, run_id: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Keep for a run's workers who is not to come back: an app, or `*`, and a keyed hash each, by app.

    A line of JSON gives each app and how many bytes its hashes take, which follow.
    """
    from etl.erased import pack_erased
    from etl.stores.translating import explain_errors

    scratch = open_scratch(settings)
    packed = list(pack_erased(pairs))
    head = json.dumps([[app_id, len(hashes)] for app_id, hashes in packed]).encode()
    with explain_errors(scratch, run_id, is_write=True):
        scratch.fs.makedirs(scratch.path_of(run_id), exist_ok=True)
        content = b"".join((head, b"\n", *(hashes for _, hashes in packed)))
        scratch.fs.pipe_file(scratch.path_of(f"{run_id}/{_ERASED}"), content)


def recall_erased(settings: Settings, run_id: str, key: HashKey) -> Erased:
    """Read what `keep_erased` kept; a worker does so once a run."""
    from etl.erased import unpack_erased
    from etl.stores.translating import explain_errors

    if run_id in _RECALLED:
        return _RECALLED[run_id]
    scratch = open_scratch(settings)
    with explain_errors(scratch, run_id):
        file = io.BytesIO(scratch.fs.cat_file(scratch.path_of(f"{run_id}/{_ERASED}")))
    sizes = json.loads(file.readline())
    erased = unpack_erased(key, [(app_id, file.read(size)) for app_id, size in sizes])
    _RECALLED.clear()
    _RECALLED[run_id] = erased
    return erased


def keep_settled(settings: Settings, run_id: str, settled: SettledRun) -> None:
    """Keep a settled run in scratch, for the task that publishes it."""
    from etl.jobs.handover import save_settled

    save_settled(open_scratch(settings), run_id, settled)


def recall_settled(settings: Settings, run_id: str) -> SettledRun:
    """Read a settled run that `keep_settled` kept."""
    from etl.jobs.handover import load_settled

    return load_settled(open_scratch(settings), run_id)


def keep_audited(settings: Settings, run_id: str, settled: SettledRun, audited: AuditedRun) -> None:
    """Keep the verdict on a settled run in scratch, for the task that publishes it."""
    from etl.jobs.handover import save_audited

    save_audited(open_scratch(settings), run_id, settled, audited)


def recall_audited(settings: Settings, run_id: str, settled: SettledRun) -> AuditedRun:
    """Read the verdict that `keep_audited` kept; raises UsageError where there is none."""
    from etl.jobs.handover import load_audited

    return load_audited(open_scratch(settings), run_id, settled)


def recall_outcomes(settings: Settings, run: Run) -> list[ChunkOutcome]:
    """Read the outcomes of a run's chunks from scratch."""
    from etl.lake.spill import read_outcome

    scratch = open_scratch(settings)
    return [read_outcome(scratch, run.chunk_name(place)) for place in range(len(run.chunks))]
