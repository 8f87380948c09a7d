"""Approved plans of made-up postbacks, and the configuration to send them with."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import SecretStr

from etl.jobs.policies import build_policy
from etl.ledger.database import Ledger
from etl.ledger.plan_rows import add_postbacks
from etl.ledger.plans import Canary, Mode, NewPlan, approve_plan, finish_plan, start_plan
from etl.ledger.upgrade import open_current_ledger, upgrade_ledger
from etl.liftoff.policy import configuration_hash
from etl.settings import App, Liftoff, Secrets, Settings, Storage
from etl.subjects import hash_subject

APP = "id1234567890"
HASH_KEY = b"a-hash-key-of-the-tests"


def describe_settings(folder: Path, ledger_url: str, postback_url: str, **liftoff: Any) -> Settings:  # noqa: ANN401 - settings
    """Describe a lake in a folder, a ledger, and a partner; quick to back off, and unthrottled."""
    manners: dict[str, Any] = {
        "postbacks_per_second": 10_000,
        "test_postbacks_per_second": 10_000,
        "backoff_seconds": 0.01,
        "backoff_cap_seconds": 0.1,
        "canary": 0,
        "connections": 8,
        **liftoff,
    }
    return Settings(
        storage=Storage(
            landing=str(folder / "landing"),
            lake=str(folder / "lake"),
            opt_outs=str(folder / "opt_outs"),
            ledger=ledger_url,
        ),
        liftoff=Liftoff(postback_url=postback_url, **manners),
        apps={APP: App(liftoff_app_id="liftoff-app", events={"af_purchase": "purchase"})},
    )


def make_secrets(key: str) -> Secrets:
    """Give the secrets that go with a key of Liftoff's."""
    return Secrets(liftoff_api_key=SecretStr(key), hash_key=SecretStr(HASH_KEY.decode()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plan as a test wants it; `changes` are made to each row's parameters, None takes one away."""

    rows: int = 10
    mode: Mode = "production"
    canary: Canary = "off"
    is_approved: bool = True
    seed: int = 0
    changes: Mapping[str, str | None] | None = None


def name_device(number: int, seed: int = 0) -> str:
    """Name the device of a row."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - seeded, not secret
    return str(uuid.UUID(int=chance.getrandbits(128), version=4)).upper()


def add_plan(settings: Settings, wanted: Wanted) -> str:
    """Write a plan into the ledger, which is made if need be; gives its id."""
    upgrade_ledger(settings.storage.ledger).engine.dispose()
    ledger = open_current_ledger(settings.storage.ledger)
    policy = build_policy(settings, APP, wanted.mode)
    day = datetime.now(UTC).date()
    new = NewPlan(
        id=f"plan-{uuid.uuid4().hex[:12]}",
        app_id=APP,
        liftoff_app_id=policy.liftoff_app_id,
        mode=wanted.mode,
        filter=json.dumps({"from": str(day), "to": str(day)}),
        configuration_hash=configuration_hash(policy),
        canary=wanted.canary,
    )
    plan = start_plan(ledger, new)
    add_postbacks(ledger, plan, tabulate(wanted))
    finish_plan(ledger, plan.id, "hash", (), "{}")
    if wanted.is_approved:
        approve_plan(ledger, plan.id, "a test")
    return plan.id


def tabulate(wanted: Wanted) -> pa.Table:
    """Make the rows of a plan."""
    at = datetime.now(UTC) - timedelta(hours=1)
    numbers = range(wanted.rows)
    ids = [f"{number:016x}{wanted.seed:016x}" for number in numbers]
    return pa.table(
        {
            "position": pa.array(numbers, pa.int64()),
            "occurrence_id": ids,
            "event_id": ids,
            "event_date": pa.array([at.date()] * wanted.rows, pa.date32()),
            "source_name": ["af_purchase"] * wanted.rows,
            "event_name": ["purchase"] * wanted.rows,
            "parameters": [json.dumps(describe_postback(number, at, wanted)) for number in numbers],
            "subjects": [hash_subject(HASH_KEY, name_device(number, wanted.seed)) for number in numbers],
        }
    )


def describe_postback(number: int, at: datetime, wanted: Wanted) -> dict[str, str]:
    """Give the parameters of a row."""
    parameters = {
        "liftoff_app_id": "liftoff-app",
        "client_ip": f"2001:db8::{number % 65_535 + 1:x}",
        "event_name": "purchase",
        "event_timestamp": str(int(at.timestamp() * 1000) + number),
        "language": "en",
        "device_model": "iPhone12,5",
        "platform": "ios",
        "device_id": name_device(number, wanted.seed),
        "revenue": "4.99",
        "currency_code": "EUR",
        **({"test_mode": "1"} if wanted.mode == "test" else {}),
    }
    changed = {**parameters, **(wanted.changes or {})}
    return {name: value for name, value in changed.items() if value is not None}


def open_ledger_of(settings: Settings) -> Ledger:
    """Open the ledger of a configuration."""
    return open_current_ledger(settings.storage.ledger)
