"""Wherever somebody stands, they are gone after a sweep: from rows, files, and whole days."""

from __future__ import annotations

import base64
import json
from typing import Final
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from etl.lake.tables import EVENTS, QUARANTINE
from etl.ledger.opt_outs import list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.sweep.offices import IDFA, drop, folder_of, open_ledger_of, run
from tests.services.worlds import Row, World, message

OTHER: Final = "11111111-2222-4333-8444-555555555555"
LATER: Final = "push/2026/09/02/13/b.json.gz"
PLACES: Final[dict[str, Row]] = {
    "its column": {"idfa": IDFA.lower()},
    "another column": {"idfv": IDFA},
    "a URL": {"original_url": f"https://a.example/?i={IDFA}&x=1"},
    "a URL within a URL": {
        "original_url": f"https://a.example/?u={quote(quote(f'https://b/?i={IDFA}', safe=''), safe='')}"
    },
    "event_value": {"event_value": json.dumps({"a": [{"device": IDFA.lower()}]})},
    "custom_data": {"custom_data": json.dumps({"device": IDFA})},
    "an unknown field": {"my_own_device": IDFA},
    "a text in an unknown field": {"my_notes": f"seen on {IDFA}, twice"},
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ingests know the key."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")


def everything_in(world: World) -> str:
    """Spell every row of every live file."""
    files = [path for table in (EVENTS, QUARANTINE) for path in sorted(world.live_paths(table))]
    return repr([pq.read_table(path).to_pylist() for path in files]).casefold()


@pytest.mark.parametrize("place", PLACES)
def test_gone_from_an_event(world: World, sandbox: SandboxProcess, place: str) -> None:
    """The event goes, and its neighbour stays."""
    world.land([message(1, **PLACES[place]), message(2, idfa=OTHER)])
    world.ingest()
    assert IDFA.casefold() in everything_in(world).replace("%2d", "-")
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert [row["idfa"] for row in world.events("idfa")] == [OTHER]
    assert IDFA.casefold() not in everything_in(world)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"broken": "\xff\xfe' + IDFA.encode(),
        f'{{"app_id": "id1234567890", "v": "{quote(IDFA).replace("-", "%252D")}"}}'.encode(),
        b'{"idfa": ' + IDFA.lower().encode("utf-16-le"),
    ],
    ids=["no text", "encoded twice", "UTF-16"],
)
def test_gone_from_quarantine(world: World, sandbox: SandboxProcess, raw: bytes) -> None:
    """Kept as base64 where it is no text; what landed does not bring it back."""
    world.land([raw, b"broken, and nobody's", message(2, idfa=OTHER)])
    world.ingest()
    assert len(world.quarantine()) == 2
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert world.ingest(is_reprocess=True).suppressed == 1
    (left,) = world.quarantine()
    kept = base64.b64decode(left["raw"]) if left["raw_encoding"] == "base64" else left["raw"].encode()
    assert kept == b"broken, and nobody's"


def test_every_row_of_a_day(world: World, sandbox: SandboxProcess) -> None:
    """The day has no file any more; other days keep theirs, and what lands of it later comes in."""
    next_day = {
        "event_time": "2026-09-02 12:00:00.000",
        "event_time_selected_timezone": "2026-09-02 12:00:00.000+0000",
    }
    world.land([message(1, idfa=IDFA), message(2, idfa=IDFA)])
    world.land([message(3, idfa=OTHER, **next_day)], LATER)
    world.ingest()
    kept = {path for path in world.live_paths() if "2026-09-02" in path}
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert world.live_paths() == kept
    assert [row["idfa"] for row in world.events("idfa")] == [OTHER]
    world.land([message(4, idfa=OTHER)], "push/2026/09/03/13/c.json.gz")
    assert world.ingest().published == 1


def test_every_row_of_the_lake(world: World, sandbox: SandboxProcess) -> None:
    """Then it is empty, and can be read and filled."""
    world.land([message(1, idfa=IDFA)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert (world.events(), world.live_paths()) == ([], set())
    world.land([message(4, idfa=OTHER)], LATER)
    assert world.ingest().published == 1


def test_nobody_in_an_empty_lake(world: World, sandbox: SandboxProcess) -> None:
    """Zero matches are fine: the request is erased, and submitted."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox)

    assert report.submission.outcomes == {"accepted": 1}
    assert [each.state for each in list_requests(open_ledger_of(world), states=("done",))] == ["done"]
    left = [path.read_bytes().lower() for path in folder_of(world.settings).rglob("*.json")]
    assert left
    assert not any(IDFA.casefold().encode() in data for data in left)
