"""What erasing people costs: ten thousand ids against a lake whose files were written straight into it.

`python -m benchmarks.erasing FOLDER [EVENTS] [FILES] [IDS]` makes the lake anew for each layout: what is
wanted lies in one file of twenty, or evenly in all. Each measure has a process of its own. The base is
reading the id columns of all files, and rewriting the files that hold a match with nothing else.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from deltalake import write_deltalake

from benchmarks.measuring import measure_command
from etl.jobs.erasing import erase_people
from etl.lake.erase import Policy
from etl.lake.find_people import ID_COLUMNS, find_in_events
from etl.lake.history import read_columns
from etl.lake.replace import name_successors, published_files, rewrite_rows
from etl.lake.tables import EVENTS, LIST_TYPE, TABLES, UTC_TYPE, open_or_create, table_uri
from etl.lake.wanted import Wanted, WantedId
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings, Storage
from etl.stores import Store, open_store

APP = "id1234567890"
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
STEPS = ("read", "find", "rewrite", "erase-rows", "erase-identifiers")
LAYOUTS = ("concentrated", "even")
DEFAULTS = (1_000_000, 40, 10_000)
ROWS_OF_A_PERSON = 10
SHARE_OF_FILES = 20
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/21F"


def build_settings(folder: Path) -> Settings:
    """Give the settings of the benchmark's lake."""
    places = {name: str(folder / name) for name in ("landing", "lake")}
    return Settings(storage=Storage.model_validate(places | {"ledger": f"sqlite:///{folder / 'ledger.db'}"}))


def make_lake(folder: Path, layout: str, events: int, files: int, ids: int) -> None:
    """Write a lake, a day and file a commit; wanted people take the place of some rows."""
    lake = open_store(str(folder / "lake"))
    for table in TABLES:
        open_or_create(lake, table)
    open_current_ledger(build_settings(folder).storage.ledger)
    rng = np.random.default_rng(7)
    rows = events // files
    chosen = range(0, files, SHARE_OF_FILES) if layout == "concentrated" else range(files)
    # As many rows are wanted as fit into half of each chosen file.
    wanted_rows = min(ids * ROWS_OF_A_PERSON // len(chosen), rows // 2)
    for place in range(files):
        people = rng.integers(ids, max(ids * 2, events // 5), rows)
        if place in chosen:
            people[rng.choice(rows, wanted_rows, replace=False)] = rng.integers(0, ids, wanted_rows)
        table = make_rows(rng, people, FIRST + timedelta(days=place))
        write_deltalake(table_uri(lake, EVENTS), table, mode="append", target_file_size=1 << 30)


def make_rows(rng: np.random.Generator, people: npt.NDArray[np.int64], day: datetime) -> pa.Table:
    """Make a day's events of some people."""
    rows = len(people)
    devices = [device_of(person) for person in people.tolist()]
    seconds = np.sort(rng.integers(0, 86_400, rows)) * 1_000_000
    words = rng.integers(0, 256, (rows, 32), dtype=np.uint8)
    texts = [bytes(row).hex() for row in words]
    some = {
        "event_id": [text[:32] for text in texts],
        "occurrence_id": [text[32:] for text in texts],
        "event_date": pa.repeat(pa.scalar(day.date()), rows),
        "event_time": pa.array(int(day.timestamp() * 1_000_000) + seconds, UTC_TYPE),
        "topic": pa.repeat("install_in_app_event", rows),
        "loaded_at": pa.repeat(pa.scalar(day, UTC_TYPE), rows),
        "source_position": pa.array(np.arange(rows)),
        "source_uri": pa.repeat("s3://landing/a.json.gz", rows),
        "app_id": pa.repeat(APP, rows),
        "event_name": pa.repeat("af_purchase", rows),
        "appsflyer_id": [f"1756684800000-{person:019d}" for person in people.tolist()],
        "idfa": [each.upper() for each in devices],
        "idfv": [each[::-1].upper() for each in devices],
        "customer_user_id": [f"c{person:09d}" if person % 2 else None for person in people.tolist()],
        "ip": [f"203.0.{person % 113}.{person % 251}" for person in people.tolist()],
        "user_agent": pa.repeat(AGENT, rows),
        "media_source": pa.repeat("liftoff_int", rows),
        "event_value": [f'{{"af_revenue":{text[:4]!r},"af_content_id":{text[4:20]!r}}}' for text in texts],
        "original_url": [f"https://a.example/{text[20:60]}?c=summer" for text in texts],
        "embedded_ids": pa.nulls(rows, LIST_TYPE),
    }
    columns = [
        pa.array(some[field.name], field.type)
        if isinstance(some.get(field.name), list)
        else some.get(field.name)
        for field in EVENTS.schema
    ]
    filled = [
        pa.nulls(rows, field.type) if column is None else column.cast(field.type)
        for field, column in zip(EVENTS.schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(filled, schema=EVENTS.schema)


def device_of(person: int) -> str:
    """Give a person's device id."""
    text = f"{(person + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def want(ids: int) -> Wanted:
    """Want the first people by their devices."""
    return Wanted(WantedId(device_of(person)) for person in range(ids))


def work(step: str, folder: Path, ids: int) -> Iterator[tuple[str, object]]:
    """Do one step, timed without imports: `read`, `find`, `rewrite` (nothing else than that) or `erase`."""
    lake = open_store(str(folder / "lake"))
    files = published_files(EVENTS, open_or_create(lake, EVENTS))
    wanted = want(ids)
    found = list(find_in_events(lake, files, wanted)) if step == "rewrite" else []
    start = time.perf_counter()
    if step == "read":
        yield "rows", sum(_read(lake, file.path) for file in files)
    elif step == "find":
        matches = list(find_in_events(lake, files, wanted))
        yield "files", len(matches)
        yield "found", sum(each.found for each in matches)
    elif step == "rewrite":
        pairs = name_successors([each.file for each in found], "rewritten")
        for each, (_, path) in zip(found, pairs, strict=True):
            rewrite_rows(lake, EVENTS, each.file, path, np.ones(len(each.marks), bool))
    else:
        policy: Policy = "identifiers" if step == "erase-identifiers" else "rows"
        report = erase_people(build_settings(folder), wanted, policy, is_dry_run=False)
        yield "rows_gone", report.tables[0].rows_gone
        yield "rows_changed", report.tables[0].rows_changed
    yield "seconds", round(time.perf_counter() - start, 2)


def _read(lake: Store, path: str) -> int:
    return sum(batch.num_rows for batch in read_columns(lake, f"{EVENTS.name}/{path}", ID_COLUMNS))


def measure(folder: Path, layout: str, events: int, files: int, ids: int) -> None:
    """Make a lake and tell what each step costs in it."""
    shutil.rmtree(folder, ignore_errors=True)
    make_lake(folder, layout, events, files, ids)
    seconds = {}
    for step in STEPS:
        place = folder.with_name(f"{layout}-{step}")
        shutil.copytree(folder, place, dirs_exist_ok=False)
        told = place / "told.json"
        command = [
            sys.executable,
            "-m",
            "benchmarks.erasing",
            "--step",
            step,
            str(place),
            str(ids),
            str(told),
        ]
        measured = measure_command(command)
        figures = json.loads(told.read_text(encoding="utf-8"))
        seconds[step] = figures["seconds"]
        print(f"{layout:>13} {step:>17} {measured.peak_bytes / 1e6:7,.0f} MB  {figures}", flush=True)  # noqa: T201
        shutil.rmtree(place)
    base = seconds["read"] + seconds["rewrite"]
    print(f"{layout:>13} find / read {seconds['find'] / seconds['read']:.2f}")  # noqa: T201
    for step in ("erase-rows", "erase-identifiers"):
        print(f"{layout:>13} {step} / (read + rewrite) {seconds[step] / base:.2f}")  # noqa: T201


def main() -> None:
    """Measure both layouts, or do one step and tell its figures."""
    if sys.argv[1] == "--step":
        step, lake, wanted, told = sys.argv[2:]
        figures = dict(work(step, Path(lake), int(wanted)))
        Path(told).write_text(json.dumps(figures), encoding="utf-8")
        return
    folder, *given = sys.argv[1:]
    events, files, ids = (int(each) for each in (*given, *map(str, DEFAULTS[len(given) :])))
    for layout in LAYOUTS:
        measure(Path(folder) / layout, layout, events, files, ids)


if __name__ == "__main__":
    main()
