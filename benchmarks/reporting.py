"""What a month's page costs: a million events a day of an app, written straight into a lake.

`python -m benchmarks.reporting FOLDER [EVENTS] [RUNS]` makes the lake where it is not there yet, thirty days
of hourly files with pairs, late rows, revenue in three currencies and clock issues in them, a month of loads,
checks and quarantine, and a ledger with a postback for every thirtieth event; then it has `pushlift report`
make the app's page, in a process of its own each time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake
from deltalake.transaction import AddAction, RemoveAction

from benchmarks.measuring import measure_command
from etl.lake.drafts import Contents, describe_draft, draft_path
from etl.lake.encode import PartitionWriter
from etl.lake.tables import (
    CHECKS,
    DICTIONARY,
    EVENTS,
    LIST_TYPE,
    LOADS,
    MONEY_TYPE,
    QUARANTINE,
    TABLES,
    UTC_TYPE,
    Table,
    file_schema,
    is_low_cardinality,
    open_or_create,
    table_uri,
)
from etl.ledger.bulk import insert_in_bulk
from etl.ledger.plans import NewPlan, PlanCount, finish_plan, start_plan
from etl.ledger.postback_tables import postbacks
from etl.ledger.upgrade import upgrade_ledger
from etl.stores import Store, open_store

APP: Final = "id1234567890"
FIRST: Final = date(2026, 9, 1)
DAYS: Final = 30
HOURS: Final = 24
DEFAULT_EVENTS: Final = 30_000_000
EVENTS_A_POSTBACK: Final = 30
CHECKS_A_RUN: Final = 40
OFFSET: Final = -240
ROWS_A_PAIR: Final = 50
REFUNDED: Final = 0.02
LATE: Final = 0.02
DOUBTED: Final = 0.002
TOPICS: Final = (
    "install_in_app_event",
    "install",
    "re_engagement_in_app_event",
    "reinstall",
    "re_engagement",
)
NAMES: Final = ("af_session", "af_login", "af_level_achieved", "af_add_to_cart", "af_tutorial_completion",
                "af_content_view", "af_purchase", "af_ad_revenue")  # fmt: skip
SHARES: Final = (0.3, 0.15, 0.15, 0.1, 0.05, 0.15, 0.06, 0.04)
SOURCES: Final = (None, "liftoff_int", "googleadwords_int", "applovin_int", "Facebook Ads")
CURRENCIES: Final = ("USD", "EUR", "GBP")
ISSUES: Final = (["local_disagrees"], ["second_precision"], ["local_disagrees", "offset_disagrees_with_zone"])
STATES: Final = ("delivered", "delivered", "delivered", "delivered", "refused", "unknown", "queued")


def make_world(folder: Path, events: int) -> None:
    """Write lake, ledger and configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    lake = open_store(str(folder / "lake"))
    for table in TABLES:
        open_or_create(lake, table)
    rng = np.random.default_rng(7)
    for offset in range(DAYS):
        _write_day(lake, rng, FIRST + timedelta(days=offset), events // DAYS)
    _append(lake, LOADS, _make_loads(events))
    _append(lake, CHECKS, _make_checks())
    _append(lake, QUARANTINE, _make_quarantine(max(events // 1000, 1)))
    _write_ledger(folder, events // EVENTS_A_POSTBACK)
    (folder / "pushlift.toml").write_text("", encoding="utf-8")


def _write_day(lake: Store, rng: np.random.Generator, day: date, events: int) -> None:
    """Write a file an hour, as hourly runs do, in one commit."""
    delta = open_or_create(lake, EVENTS)
    actions: list[AddAction | RemoveAction] = [
        _write_file(lake, _make_rows(rng, day, hour, events // HOURS), day, hour) for hour in range(HOURS)
    ]
    delta.create_write_transaction(
        actions, mode="append", schema=EVENTS.schema, partition_by=list(EVENTS.partition_by)
    )


def _write_file(lake: Store, rows: pa.Table, day: date, hour: int) -> AddAction:
    partition = (APP, str(day))
    path = draft_path(f"run-{hour:02d}", partition, 0)
    with ExitStack() as stack:
        writer = PartitionWriter(lake, path, partition, stack)
        writer.add(rows, rows.nbytes)
        writer.flush()
    draft = describe_draft(lake, EVENTS, path, partition, Contents(writer.rows, writer.ranges))
    now = int(datetime.now(UTC).timestamp() * 1000)
    return AddAction(draft.path, draft.size, dict(draft.partition), now, True, draft.statistics)


def _make_rows(rng: np.random.Generator, day: date, hour: int, number: int) -> pa.Table:
    """Make an hour's rows; one in fifty is the second half of the row before it."""
    is_second = np.arange(number) % ROWS_A_PAIR == ROWS_A_PAIR - 1
    before = np.maximum(np.arange(number) - is_second, 0)
    micros = _micros(day) + hour * 3_600_000_000 + rng.integers(0, 3_600_000, number)[before] * 1000
    name = rng.choice(len(NAMES), number, p=SHARES)[before]
    topic = rng.choice(len(TOPICS), number, p=(0.9, 0.04, 0.05, 0.005, 0.005))[before]
    has_money, currency = np.isin(name, (6, 7)), rng.integers(0, len(CURRENCIES), number)[before]
    cents = rng.integers(99, 5000, number)[before] * np.where(rng.random(number)[before] < REFUNDED, -1, 1)
    amount = pa.array(np.where(has_money, cents, 0), pa.int64(), mask=~has_money)
    late = np.where(rng.random(number) < LATE, rng.integers(1, 48, number), 0)
    load = np.minimum((day - FIRST).days * HOURS + hour + late, DAYS * HOURS - 1)
    issue = np.where(rng.random(number) < DOUBTED, rng.integers(0, len(ISSUES), number), -1)
    local = (micros + OFFSET * 60_000_000) // 86_400_000_000
    ids = _hex(rng, number)
    columns: dict[str, Any] = {
        "event_id": _hex(rng, number),
        "occurrence_id": ids.take(pa.array(before)),
        "event_date_local": pa.array(local, pa.int32()).cast(pa.date32()),
        "event_time": pa.array(micros, pa.int64()).cast(UTC_TYPE),
        "event_utc_offset_minutes": pa.repeat(pa.scalar(OFFSET, pa.int32()), number),
        "event_name": _choose(NAMES, name),
        "topic": _choose(TOPICS, topic),
        "media_source": _choose(SOURCES, rng.integers(0, len(SOURCES), number)),
        "campaign": _choose(("Summer", "Back", None), rng.integers(0, 3, number)),
        "appsflyer_id": _hex(rng, number),
        "ip": pa.array([f"203.0.{n % 113}.{n % 251}" for n in range(number)]),
        "selected_timezone": pa.repeat("America/New_York", number),
        "platform": pa.repeat("ios", number),
        "is_primary_attribution": pa.array(~is_second),
        "event_revenue": _money(amount),
        "event_revenue_usd": _money(amount),
        "event_revenue_currency": pa.array(np.array(CURRENCIES)[currency], mask=~has_money),
        "is_test_message": pa.array(np.arange(number) % 10_000 == 1),
        "clock_issues": pa.array([None if n < 0 else ISSUES[n] for n in issue.tolist()], LIST_TYPE),
        "load_id": _choose([f"load-{n:05d}" for n in range(DAYS * HOURS)], load),
    }
    return pa.table([_fill(field, columns, number) for field in file_schema(EVENTS)], _written_schema())


def _written_schema() -> pa.Schema:
    fields = file_schema(EVENTS)
    return pa.schema(
        [(each.name, DICTIONARY if is_low_cardinality(each.name) else each.type) for each in fields]
    )


def _fill(field: pa.Field, columns: Mapping[str, Any], number: int) -> pa.Array:
    values = columns.get(field.name)
    if values is None:
        values = pa.nulls(number, field.type)
    if is_low_cardinality(field.name):
        return values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    return values.cast(field.type)


def _choose(values: Sequence[str | None], places: npt.NDArray[np.int64]) -> pa.Array:
    is_null = np.isin(places, [place for place, value in enumerate(values) if value is None])
    names = pa.array([value or "" for value in values], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32(), mask=is_null), names)


def _money(cents: pa.Array) -> pa.Array:
    units = cents.cast(pa.decimal128(19, 0)).cast(pa.decimal128(26, 2))
    return pc.multiply(units, pa.scalar("0.01").cast(pa.decimal128(2, 2))).cast(MONEY_TYPE)


def _hex(rng: np.random.Generator, number: int) -> pa.Array:
    text = pa.py_buffer(rng.bytes(number * 16).hex().encode())
    offsets = pa.py_buffer(np.arange(number + 1, dtype=np.int32) * 32)
    return pa.StringArray.from_buffers(number, offsets, text)


def _micros(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), UTC).timestamp()) * 1_000_000


def _append(lake: Store, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
    made = [{name: row.get(name) for name in table.schema.names} for row in rows]
    write_deltalake(table_uri(lake, table), pa.Table.from_pylist(made, table.schema), mode="append")


def _hours() -> Iterator[tuple[int, datetime]]:
    for number in range(DAYS * HOURS):
        yield number, datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(hours=number + 1)


def _make_loads(events: int) -> Iterator[Mapping[str, Any]]:
    messages = events // (DAYS * HOURS)
    for number, at in _hours():
        yield {
            "load_id": f"load-{number:05d}", "run_id": f"run-{number}", "status": "loaded",
            "source_uri": f"s3://bucket/push/{number:05d}.gz", "source_version": "1", "size": messages * 900,
            "landed_at": at, "loaded_at": at + timedelta(minutes=10), "messages": messages + messages // 20,
            "published": messages, "duplicates": messages // 20, "quarantined": 0, "suppressed": 0, "held": 0,
        }  # fmt: skip


def _make_checks() -> Iterator[Mapping[str, Any]]:
    for number, at in _hours():
        for check in range(CHECKS_A_RUN):
            yield {
                "run_id": f"run-{number}", "checked_at": at, "app_id": APP, "event_date": at.date(),
                "suite": "events", "rule_id": f"events.rule_{check}", "subject": "", "threshold": "= 0",
                "severity": "advisory" if check % 3 else "required", "observed": 0.0, "detail": "None.",
                "verdict": "failed" if (number + check) % 997 == 0 else "passed",
            }  # fmt: skip


def _make_quarantine(number: int) -> Iterator[Mapping[str, Any]]:
    hours = list(_hours())
    for place in range(number):
        at = hours[place % len(hours)][1]
        yield {
            "quarantine_id": f"q-{place}", "reason": "invalid_json" if place % 3 else "missing_event_name",
            "raw": "{" * 40, "app_id": APP if place % 3 == 0 else None, "landed_at": at, "loaded_at": at,
            "source_uri": "s3://bucket/push/1.gz",
        }  # fmt: skip


def _write_ledger(folder: Path, number: int) -> None:
    """Write a plan of a month's postbacks, most of them accepted."""
    ledger = upgrade_ledger(f"sqlite:///{folder / 'ledger.db'}")
    start_plan(ledger, NewPlan("month", APP, "0123456789abcdef0123", "production", "{}", ""))
    rng = np.random.default_rng(11)
    state = rng.integers(0, len(STATES), number)
    midnight = _micros(FIRST) // 86_400_000_000
    days = pa.array(midnight + rng.integers(0, DAYS, number), pa.int32()).cast(pa.date32())
    is_asked = np.isin(state, [place for place, name in enumerate(STATES) if name != "queued"])
    asked_at = pa.array(np.full(number, _micros(FIRST)), pa.int64(), mask=~is_asked).cast(UTC_TYPE)
    rows = pa.table(
        {
            "position": pa.array(range(number), pa.int64()),
            "occurrence_id": _hex(rng, number),
            "event_id": _hex(rng, number),
            "event_date": days,
            "source_name": _choose(NAMES, rng.integers(0, len(NAMES), number)).cast(pa.string()),
            "event_name": _choose(NAMES, rng.integers(0, len(NAMES), number)).cast(pa.string()),
            "state": _choose(STATES, state).cast(pa.string()),
            "attempts": pa.array(is_asked.astype(np.int64)),
            "first_attempt_at": asked_at,
            "settled_at": asked_at,
        }
    )
    constants = {"plan_id": "month", "liftoff_app_id": "0123456789abcdef0123", "mode": "production"}
    insert_in_bulk(ledger, postbacks, rows, constants)
    counts = [PlanCount(FIRST, name, "planned", number // len(NAMES)) for name in NAMES]
    finish_plan(ledger, "month", "0" * 64, counts, "{}")


def main(folder: Path, events: int, runs: int) -> None:
    """Make the world where it is not there, and measure."""
    config, pages = folder / "pushlift.toml", folder / "pages"
    if not config.exists():
        make_world(folder, events)
    command = [sys.executable, "-m", "etl.cli", "report", "--app", APP, "--from", str(FIRST)]
    command += [
        "--to",
        str(FIRST + timedelta(days=DAYS - 1)),
        "--config",
        str(config),
        "--output",
        str(pages),
    ]
    for _ in range(runs):
        taken = measure_command(command)
        size = sum(page.stat().st_size for page in pages.iterdir())
        sys.stdout.write(
            f"{events:,} events reported in {taken.wall_seconds:.1f} s, {taken.cpu_seconds:.1f} s of CPU,"
            f" {taken.peak_bytes / 1e6:,.0f} MB at most, {size:,} bytes written\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_EVENTS,  # noqa: PLR2004 - how many words were given
        int(sys.argv[3]) if len(sys.argv) > 3 else 3,  # noqa: PLR2004 - how many words were given
    )
