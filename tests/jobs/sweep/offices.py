"""An office that drops opt-out lists: its inbox, its keys, and what became of people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from etl.jobs.sweep.story import SweepReport, sweep
from etl.ledger.database import Ledger, begin_read
from etl.ledger.suppressions import find_suppressed
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets, Settings
from etl.subjects import hash_subject
from tests.services.worlds import World

KEY = b"a-hash-key-of-the-tests"
IDFA = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
GAID = "cdda802e-fb9c-47ad-0794-d394c912dae3"
APP = "id1234567890"


def make_secrets(sandbox: SandboxProcess) -> Secrets:
    """Give the keys of the sandbox."""
    return Secrets(
        hash_key=SecretStr(KEY.decode()),
        liftoff_opt_out_user=SecretStr(sandbox.credentials.opt_out_user),
        liftoff_opt_out_password=SecretStr(sandbox.credentials.opt_out_password),
    )


def folder_of(settings: Settings) -> Path:
    """Give the folder of opt-outs."""
    return Path(settings.storage.opt_outs)


def drop(world: World, name: str, text: str) -> Path:
    """Drop a list."""
    path = folder_of(world.settings) / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run(world: World, sandbox: SandboxProcess, *, is_dry_run: bool = False) -> SweepReport:
    """Sweep."""
    return sweep(world.settings, make_secrets(sandbox), is_dry_run=is_dry_run)


def open_ledger_of(world: World) -> Ledger:
    """Open the ledger."""
    return open_current_ledger(world.settings.storage.ledger)


def is_suppressed(world: World, identifier: str, app_id: str = "any") -> bool:
    """Tell whether an id is suppressed for an app."""
    subject = hash_subject(KEY, identifier)
    with begin_read(open_ledger_of(world)) as connection:
        return subject in find_suppressed(connection, [subject], app_id)


def opted_out(sandbox: SandboxProcess) -> Mapping[str, Any]:
    """Give the sandbox' counts of opt-outs in production."""
    found: Mapping[str, Any] = sandbox.state()["opt_outs"]["production"]
    return found
