"""A sweep that is killed at any step: the next one ends it, and nobody is missed or submitted twice."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from etl.jobs import erasing, rewriting
from etl.jobs.exporting import export_lake
from etl.jobs.sweep import erasing as sweep_erasing
from etl.jobs.sweep import landing, receiving, story, submitting
from etl.jobs.sweep.story import sweep
from etl.lake import erase_exports, publish
from etl.ledger import scrubbing
from etl.ledger.opt_outs import list_requests
from etl.ledger.publishes import unfinished_publishes
from etl.ledger.rewrites import list_rewrites
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets, Settings
from tests.jobs.killers import die_after, run_to_death
from tests.jobs.sweep.offices import (
    IDFA,
    drop,
    folder_of,
    is_suppressed,
    make_secrets,
    open_ledger_of,
    opted_out,
    run,
)
from tests.services.worlds import KEY, World, message

OTHER: Final = "11111111-2222-4333-8444-555555555555"
INSTALL: Final = "1756684800000-7777777777777777777"
STEPS: Final[dict[str, Callable[[], None]]] = {
    "list recorded": lambda: die_after(receiving, "add_list"),
    "suppressed": lambda: die_after(receiving, "add_requests"),
    "manifest written": lambda: die_after(receiving, "write_manifest"),
    "lines written": lambda: die_after(receiving, "write_lines"),
    "list settled": lambda: die_after(receiving, "settle_list"),
    "lists received": lambda: die_after(receiving, "take_away"),
    "links suppressed": lambda: die_after(sweep_erasing, "_suppress_people"),
    "held rows erased": lambda: die_after(erasing, "erase_held"),
    "erasure recorded": lambda: die_after(publish, "record_publish"),
    "events erased": lambda: die_after(publish, "_commit_once"),
    "lake erased": lambda: die_after(sweep_erasing, "erase_people"),
    "an export written": lambda: die_after(erase_exports, "_replace"),
    "exports erased": lambda: die_after(sweep_erasing, "erase_exports"),
    "plans erased": lambda: die_after(sweep_erasing, "forget_postbacks"),
    "landing copied": lambda: die_after(rewriting, "_is_clean"),
    "landing noted": lambda: die_after(rewriting, "record_rewrite"),
    "landing put": lambda: die_after(rewriting, "replace_object"),
    "landing taken over": lambda: die_after(rewriting, "end_rewrite"),
    "landing written": lambda: die_after(landing, "rewrite_landing"),
    "erased": lambda: die_after(sweep_erasing, "record_erasure"),
    "submitted": lambda: die_after(submitting, "_read"),
    "answers recorded": lambda: die_after(submitting, "record_answers"),
    "scrubbing noted": lambda: die_after(story, "note_scrubbing"),
    "pages written anew": lambda: die_after(scrubbing, "_scrub_sqlite"),
}


def sweep_and_die(settings: Settings, step: str, secrets: Secrets) -> None:
    """Sweep, and be killed after a step."""
    STEPS[step]()
    sweep(settings, secrets)


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(
    world: World, sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """An ingest in between takes nothing for new, and after the next sweep all is as if there was one."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")
    opt_outs = world.settings.opt_outs.model_copy(update={"landing": "rewrite"})
    world = replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))
    world.land(
        [
            message(1, idfa=IDFA, appsflyer_id=INSTALL),
            message(2, idfa=OTHER),
            message(3, appsflyer_id=INSTALL),
        ]
    )
    world.ingest()
    export_lake(world.settings, str(tmp_path / "export"))
    drop(world, "a.csv", f"idfa\n{IDFA}\nno-id\n")

    run_to_death(sweep_and_die, step, world.settings, step, make_secrets(sandbox))
    assert world.ingest().run_id is None
    run(world, sandbox)

    assert [row["idfa"] for row in world.events("idfa")] == [OTHER]
    landed = gzip.decompress(Path(world.landing.path_of(KEY)).read_bytes()).decode()
    assert (IDFA in landed, INSTALL in landed, OTHER in landed) == (False, False, True)
    (request,) = list_requests(open_ledger_of(world), states=("done",))
    assert (request.erasure, request.submission, request.identifier) == ("erased", "accepted", None)
    assert is_suppressed(world, IDFA)
    # An answer that nobody recorded is asked for again, which is harmless.
    assert opted_out(sandbox)["accepted"] == (2 if step == "submitted" else 1)
    assert (
        list(folder_of(world.settings).glob("inbox/*")),
        len(list(folder_of(world.settings).glob("done/*"))),
    ) == (
        [],
        1,
    )
    ledger = open_ledger_of(world)
    assert (list_rewrites(ledger), unfinished_publishes(ledger)) == ([], [])
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert IDFA.lower().encode() not in kept.lower()
    assert world.ingest().run_id is None
