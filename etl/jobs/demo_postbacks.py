"""The demo's postbacks: a plan, its price, an approval, deliveries into a sandbox, a reconciliation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from secrets import token_hex
from typing import Final, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from etl.jobs.comparing import Comparison
from etl.jobs.ingest import Progress
from etl.jobs.reports import IngestReport
from etl.lake.reading import ask_lake
from etl.ledger.progress import count_states
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets, Settings

APP: Final = "id1234567890"
REASON: Final = "The demo: what was never told to Liftoff"
# The sample's events do not grow younger.
LIFTOFF: Final = """
[liftoff]
postback_url = "{postback_url}"
opt_out_url = "{opt_out_url}"
postbacks_per_second = 100
test_postbacks_per_second = 100
max_age_days = 36500

[apps.{app_id}]
liftoff_app_id = "0123456789abcdef0123"
events = {{ af_purchase = "purchase", af_complete_registration = "signup", af_level_achieved = "level" }}
"""
SECRETS_FILE: Final = "secrets.env"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the demo wants sent: all that is mapped of an app's days."""

    app_id: str
    first: date
    last: date
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A plan that was sent: its price as the approver saw it, and how it was approved."""

    plan_id: str
    price: str
    approval: str


class Stage(Protocol):
    """Where the demo's jobs run: in this process, or in an Airflow."""

    def ingest(self, settings: Settings, progress: Progress | None) -> IngestReport:
        """Ingest what landed."""

    def backfill(self, settings: Settings, secrets: Secrets, wish: Wish) -> Sent:
        """Plan, have it approved, send and reconcile."""

    def sweep(self, settings: Settings, secrets: Secrets) -> str:
        """Sweep what lies in the inbox, and give what that said."""


@dataclass(frozen=True, slots=True)
class PostbackReport:
    """What became of the demo's postbacks, by the ledger, by the sandbox, and by day and event."""

    sent: Sent
    port: int
    comparisons: tuple[Comparison, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def spell_liftoff(sandbox: SandboxProcess) -> str:
    """Spell the part of the configuration that sending needs."""
    return LIFTOFF.format(postback_url=sandbox.postback_url, opt_out_url=sandbox.opt_out_url, app_id=APP)


def make_secrets(sandbox: SandboxProcess) -> Secrets:
    """Make the secrets of a demo: the sandbox' own key, and a new one for hashes."""
    credentials = sandbox.credentials
    return Secrets(
        liftoff_api_key=SecretStr(credentials.api_key),
        liftoff_opt_out_user=SecretStr(credentials.opt_out_user),
        liftoff_opt_out_password=SecretStr(credentials.opt_out_password),
        hash_key=SecretStr(token_hex(32)),
    )


def list_variables(secrets: Secrets) -> dict[str, str]:
    """Give the variables of the environment that hold a demo's secrets."""
    found = {
        "PUSHLIFT_LIFTOFF_API_KEY": secrets.liftoff_api_key,
        "PUSHLIFT_LIFTOFF_OPT_OUT_USER": secrets.liftoff_opt_out_user,
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": secrets.liftoff_opt_out_password,
        "PUSHLIFT_HASH_KEY": secrets.hash_key,
    }
    return {name: secret.get_secret_value() for name, secret in found.items() if secret}


def keep_secrets(directory: Path, secrets: Secrets) -> None:
    """Keep a demo's secrets for whoever goes on from there, readable by them alone."""
    lines = [f"{name}={text}" for name, text in list_variables(secrets).items()]
    text = "\n".join(["# Open nothing but the demo's own sandbox.", *lines, ""])
    path = directory / SECRETS_FILE
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def show_postbacks(
    stage: Stage, settings: Settings, secrets: Secrets, sandbox: SandboxProcess
) -> PostbackReport:
    """Have an app's events sent, and hold the sandbox' counts against the ledger's."""
    sent = stage.backfill(settings, secrets, find_wish(settings))
    columns, rows = ask_lake(settings, files("etl.jobs").joinpath("daily_postbacks.sql").read_text("utf-8"))
    port = urlsplit(sandbox.address).port
    assert port is not None  # noqa: S101 - the sandbox says where it listens
    return PostbackReport(sent, port, tuple(compare_counts(settings, sent.plan_id, sandbox)), columns, rows)


def find_wish(settings: Settings) -> Wish:
    """Find the days of which the lake has events of the demo's app."""
    query = f"select min(event_date), max(event_date) from events where app_id = '{APP}'"  # noqa: S608 - ours
    first, last = ask_lake(settings, query)[1][0]
    assert isinstance(first, date)  # noqa: S101 - the sample has events of each app
    assert isinstance(last, date)  # noqa: S101 - as above
    return Wish(APP, first, last, REASON)


def compare_counts(settings: Settings, plan_id: str, sandbox: SandboxProcess) -> Iterator[Comparison]:
    """Hold what the sandbox received and accepted against what the ledger says was delivered."""
    counts = count_states(open_current_ledger(settings.storage.ledger), plan_id)
    state = sandbox.state()
    yield Comparison("postbacks accepted", counts["delivered"], state["accepted_occurrences"])
    yield Comparison("postbacks received", counts["delivered"], state["received"])
    yield Comparison("postbacks accepted twice", 0, state["accepted_twice"])
    yield Comparison("postbacks unknown or left", 0, counts["unknown"] + counts["queued"])


def describe_postbacks(report: PostbackReport) -> Iterator[str]:
    """Say what was planned, who approved it, and whether both sides agree."""
    yield report.sent.price
    yield report.sent.approval
    disagreeing = [each for each in report.comparisons if not each.agrees]
    if disagreeing:
        yield from (
            f"DISAGREES: {each.subject}: the ledger says {each.expected}, the sandbox {each.found}"
            for each in disagreeing
        )
    else:
        accepted = report.comparisons[0].found
        yield f"The sandbox agrees with the ledger: {accepted:,} accepted, none of them twice, none unknown."
