"""How a landing is cut into objects, chunks, batches and processes decides nothing about its events."""

import json
from pathlib import Path

import pytest

from etl.settings.models import Ingest
from tests.survival.landing import Landing, Row, message

LOAD_COLUMNS = {"source_uri", "source_position", "load_id", "loaded_at"}
PEOPLE = 40


def make_lines() -> list[bytes]:
    """Make messages with resends, odd lines and junk among them, enough for many batches."""
    lines = []
    for number in range(1200):
        sent = message(
            app_id=f"id{number % 3}",
            appsflyer_id=f"person-{number % PEOPLE}" if number % 11 else ...,
            idfv="F" if number % 13 else ...,
            event_time=f"2026-09-01 {number % 24:02d}:00:00{'.123' if number % 5 else ''}",
            event_value={"n": number % 7, "price": 1.5}
            if number % 17 == 0
            else json.dumps({"n": number % 7}),
            campaign="c" * 400,
            **({f"new_{number % 90}": number} if number % 19 == 0 else {}),
            **({"APP_Version": "1"} if number % 23 == 0 else {}),
        )
        line = json.dumps(sent).encode()
        lines.append(line + line.replace(b"af_purchase", b"glued") if number % 37 == 0 else line)
        if number % 41 == 0:
            lines.append(b"junk %d" % number)
    return lines


LINES = make_lines()


def ingest(root: Path, objects: int, rules: Ingest) -> list[Row]:
    """Ingest the lines in so many objects, and give the events without what is their load's."""
    landing = Landing(root, rules)
    size = -(-len(LINES) // objects)
    parts = [LINES[at : at + size] for at in range(0, len(LINES), size)]
    landing.land({f"{place:05d}.json": b"\n".join(part) + b"\n" for place, part in enumerate(parts)})
    landing.run()
    lake = landing.read()
    assert sum(load["messages"] for load in lake.loads) == len(LINES) + sum(
        b"glued" in line for line in LINES
    )
    rows = [{name: row[name] for name in row.keys() - LOAD_COLUMNS} for row in lake.events]
    return sorted(rows, key=lambda row: row["event_id"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The events of the landing as one object, read in one batch."""
    return ingest(tmp_path_factory.mktemp("whole"), 1, Ingest(workers=1))


@pytest.mark.parametrize(
    ("objects", "rules"),
    [
        (7, Ingest(workers=1, chunk_bytes=64 << 10)),
        (1, Ingest(workers=1, batch_bytes=64 << 10)),
        (len(LINES), Ingest(workers=2, chunk_bytes=200 << 10, batch_bytes=64 << 10)),
    ],
)
def test_any_cut_gives_the_same_events(tmp_path: Path, whole: list[Row], objects: int, rules: Ingest) -> None:
    """Every row, every column, every flag is the same."""
    assert ingest(tmp_path, objects, rules) == whole


def test_the_landing_holds_what_it_should(whole: list[Row]) -> None:
    """The comparison is about duplicates, flags, extras and versions, not about nothing."""
    flags = {flag for row in whole for flag in row["quality_flags"] or ()}
    assert {"weak_identity", "possible_twin"} <= flags
    assert len(whole) < len(LINES)
    assert any(row["extra"] for row in whole)
    assert any(row["app_version"] == "1" for row in whole)
