"""What planning costs: two million events of an app, written straight into a lake, frozen as a plan.

`python -m benchmarks.planning FOLDER [EVENTS]` makes the lake where it is not there yet, with a month of
history before it and with pairs, weak rows, twins, test messages and refused sources in it, and plans all of
it in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from benchmarks.measuring import measure_command
from etl.lake.tables import EVENTS, LIST_TYPE, UTC_TYPE, open_or_create, table_uri
from etl.settings import App, Liftoff, Settings, Storage
from etl.stores import open_store

APP = "id1234567890"
FIRST = date(2026, 9, 1)
DAYS = 21
HISTORY_DAYS = 30
EVENTS_OF_HISTORY = 500_000
NAMES = ("af_purchase", "af_add_to_cart", "af_complete_registration", "af_level_achieved", "af_session")
SOURCES = (None, "liftoff_int", "googleadwords_int", "applovin_int", "Facebook Ads")
MODELS = ("iPhone14,2", "iPhone15,3", "iPhone16,1")
LANGUAGES = ("English", "Deutsch", "pt-BR", "fr_FR", "日本語")
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/21F"


def build_settings(folder: Path) -> Settings:
    """Give the settings of the benchmark's lake."""
    storage = Storage.model_validate(
        {
            "landing": str(folder / "landing"),
            "lake": str(folder / "lake"),
            "ledger": f"sqlite:///{folder / 'ledger.db'}",
        }
    )
    events = {name: name.removeprefix("af_") for name in NAMES[:-1]}
    app = App(liftoff_app_id="0123456789abcdef0123", bundle_id="com.example.shop", events=events)
    liftoff = Liftoff(postbacks_per_second=500, max_age_days=3650)
    return Settings(storage=storage, apps={APP: app}, liftoff=liftoff)


def make_lake(folder: Path, events: int) -> None:
    """Write the lake, a day a commit."""
    lake = open_store(str(folder / "lake"))
    open_or_create(lake, EVENTS)
    rng = np.random.default_rng(7)
    people = make_people(rng, max(1000, events // 5))
    for offset in range(-HISTORY_DAYS, DAYS):
        number = events // DAYS if offset >= 0 else EVENTS_OF_HISTORY * events // 2_000_000 // HISTORY_DAYS
        rows = make_day(rng, people, FIRST + timedelta(days=offset), number)
        write_deltalake(table_uri(lake, EVENTS), rows, mode="append", target_file_size=1 << 30)


def make_people(rng: np.random.Generator, number: int) -> pa.Table:
    """Make people with their ids, their devices and the time of their installs."""
    uuids = rng.integers(0, 256, (number, 32), dtype=np.uint8).view("S16")
    texts = [(left.ljust(16, b"\0").hex(), right.ljust(16, b"\0").hex()) for left, right in uuids.tolist()]
    span = (HISTORY_DAYS + 30) * 86_400
    installed = _micros(FIRST) - rng.integers(0, span, number) * 1_000_000
    return pa.table(
        {
            "appsflyer_id": [f"1756684800000-{place:019d}" for place in range(number)],
            "idfv": [_dash(left).upper() for left, _ in texts],
            "idfa": [_dash(right).upper() if place % 3 else None for place, (_, right) in enumerate(texts)],
            "ip": [f"203.0.{place % 113}.{place % 251}" for place in range(number)],
            "customer_user_id": [f"c{place:09d}" if place % 2 else None for place in range(number)],
            "device_model": np.array(MODELS)[rng.integers(0, len(MODELS), number)],
            "language": np.array(LANGUAGES)[rng.integers(0, len(LANGUAGES), number)],
            "install_time": pa.array(installed, pa.int64()).cast(UTC_TYPE),
        }
    )


def make_day(rng: np.random.Generator, people: pa.Table, day: date, number: int) -> pa.Table:
    """Make a day's rows: one in twenty has a second half that tells of another source."""
    who = rng.integers(0, people.num_rows, number)
    micros = _micros(day) + rng.integers(0, 86_400_000, number) * 1000
    place = np.arange(number)
    name = rng.integers(0, len(NAMES) - 1, number)
    columns: dict[str, Any] = {field: people[field].take(pa.array(who)) for field in people.column_names}
    occurrence = _hex(rng, number)
    flags = [
        ["weak_identity"] if n % 500 == 1 else ["possible_twin"] if n % 250 == 0 else None for n in place
    ]
    columns |= {
        "occurrence_id": occurrence,
        "event_id": _hex(rng, number),
        "app_id": pa.repeat(APP, number),
        "event_date": pa.repeat(pa.scalar(day), number),
        "event_time": pa.array(micros, pa.int64()).cast(UTC_TYPE),
        "event_name": np.array(NAMES)[name],
        "topic": pa.repeat("install_in_app_event", number),
        "platform": pa.repeat("ios", number),
        "media_source": pa.array([SOURCES[n] for n in rng.integers(0, len(SOURCES), number)]),
        "event_revenue": pa.array([f"{n % 100}.50" if n % 4 == 0 else None for n in place]).cast(
            EVENTS.schema.field("event_revenue").type
        ),
        "event_revenue_currency": pa.array(["USD" if n % 4 == 0 else None for n in place]),
        "user_agent": pa.repeat(AGENT, number),
        "app_version": pa.repeat("4.17.2", number),
        "os_version": pa.repeat("17.5.1", number),
        "bundle_id": pa.repeat("com.example.shop", number),
        "att": pa.array(["authorized" if n % 3 else "denied" for n in place]),
        "is_test_message": pa.array(place % 1000 == 1),
        "quality_flags": pa.array(flags, LIST_TYPE),
        "loaded_at": pa.repeat(pa.scalar(datetime.combine(day, datetime.min.time(), UTC), UTC_TYPE), number),
    }
    first = _fill(columns, number)
    halves = pa.array(place % 20 == 0)
    second = first.filter(halves)
    replaced = {
        "event_id": _hex(rng, second.num_rows),
        "topic": pa.repeat("re_engagement_in_app_event", second.num_rows),
        "is_primary_attribution": pa.repeat(True, second.num_rows),
    }
    for field, values in replaced.items():
        second = second.set_column(second.column_names.index(field), first.schema.field(field), values)
    told = pc.if_else(halves, pa.scalar(False), pa.scalar(None, pa.bool_()))
    at = first.column_names.index("is_primary_attribution")
    return pa.concat_tables([first.set_column(at, first.schema.field(at), told), second])


def _fill(columns: dict[str, Any], number: int) -> pa.Table:
    made = [
        pa.nulls(number, field.type) if field.name not in columns else _cast(columns[field.name], field.type)
        for field in EVENTS.schema
    ]
    return pa.table(made, schema=EVENTS.schema)


def _cast(values: object, kind: pa.DataType) -> pa.Array:
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    return column.cast(kind)


def _hex(rng: np.random.Generator, number: int) -> pa.Array:
    digits = rng.bytes(number * 16).hex()
    return pa.array([digits[at : at + 32] for at in range(0, len(digits), 32)])


def _dash(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


def _micros(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), UTC).timestamp()) * 1_000_000


def plan_all(folder: Path) -> None:
    """Plan everything, and print the plan's counts; what the measured process does."""
    from etl.jobs.planning.request import PlanRequest  # noqa: PLC0415 - the measured process alone needs it
    from etl.jobs.planning.story import make_plan  # noqa: PLC0415

    last = FIRST + timedelta(days=DAYS - 1)
    plan = make_plan(build_settings(folder), PlanRequest(APP, FIRST, last, reason="to measure"))
    found = {"queued": plan.queued, "excluded": dict(plan.exclusions), "seconds": plan.steps}
    sys.stdout.write(json.dumps(found) + "\n")


def main(folder: Path, events: int) -> None:
    """Make the lake where it is not there, and measure."""
    if not (folder / "lake").exists():
        make_lake(folder, events)
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (folder / name).unlink(missing_ok=True)
    os.environ.setdefault("PUSHLIFT_HASH_KEY", "a key for the benchmark alone")
    taken = measure_command([sys.executable, "-m", "benchmarks.planning", "--measure", str(folder)])
    sys.stdout.write(
        f"{events:,} events planned in {taken.wall_seconds:.1f} s, {taken.cpu_seconds:.1f} s of CPU,"
        f" {taken.peak_bytes / 1e6:,.0f} MB at most\n"
    )


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        plan_all(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2_000_000)  # noqa: PLR2004 - how many words were given
