"""A search of its own over all bytes, which imports nothing of `etl.proving`: who was erased is nowhere."""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import gc
import gzip
import io
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pyarrow.parquet as pq
import pytest
import zstandard

from etl.jobs.exporting import export_lake
from tests.jobs.proving.offices import Office
from tests.lake.erasing import appsflyer_id_of, broken_of, device_of, events_of
from tests.services.files import read_files
from tests.services.worlds import Row, message

PEOPLE = 1_020
ERASED = 1_000
SHAPES = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]{13}-[0-9]{19}", re.IGNORECASE
)
ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{40,}={0,2}")


def find_ids(content: bytes, depth: int = 3) -> set[str]:
    """Find every id in bytes, as they stand, percent-encoded, escaped, or in base64."""
    found = {each.decode().lower() for each in SHAPES.findall(content)}
    if not depth:
        return found
    if b"%" in content:
        found |= find_ids(unquote_to_bytes(content), depth - 1)
    if b"\\u00" in content:
        plain = re.sub(rb"\\+u00([0-9a-fA-F]{2})", lambda each: bytes([int(each[1], 16)]), content)
        found |= find_ids(plain, depth - 1)
    for run in ENCODED.findall(content):
        found |= find_ids(decode(run), 0 if SHAPES.search(run) else depth - 1)
    return found


def decode(run: bytes) -> bytes:
    """Decode base64 as far as it is any."""
    text = run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except binascii.Error:
        return b""


def read_contents(content: bytes) -> Iterator[bytes]:
    """Give an object's bytes, and what they hold compressed or paged."""
    yield content
    if content.startswith(b"PAR1"):
        rows = pq.read_table(io.BytesIO(content)).to_pylist()
        filled = ({name: value for name, value in row.items() if value is not None} for row in rows)
        yield "\n".join(json.dumps(row, default=str) for row in filled).encode()
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    if content.startswith(b"BZh"):
        yield bz2.decompress(content)
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        yield zstandard.ZstdDecompressor().decompressobj().decompress(content)


def search(folder: Path) -> dict[str, set[str]]:
    """Find the ids in each file of a folder."""
    # A database whose last connection is gone is read as it lies then, and not before its log is added to it.
    gc.collect()
    return {
        str(path.relative_to(folder)): {each for part in read_contents(content) for each in find_ids(part)}
        for path, content in read_files(folder).items()
    }


@pytest.fixture
def seed() -> int:
    """Choose people anew each time; INDEPENDENT_SEED chooses the same again."""
    return int(os.environ.get("INDEPENDENT_SEED", random.SystemRandom().randrange(1 << 32)))


def find_under(found: dict[str, set[str]], folder: str) -> set[str]:
    """Give the ids that were found in a folder."""
    return {each for name, ids in found.items() if name.startswith(folder) for each in ids}


def test_a_thousand_erased_people_are_nowhere(office: Office, tmp_path: Path, seed: int) -> None:
    """Neither devices nor installs, in any file: lake, ledger, lists, exports. The others stay."""
    everybody = range(1, PEOPLE + 1)
    chosen = random.Random(seed).sample(everybody, ERASED)  # noqa: S311 - no secret
    landed: list[Row | bytes] = []
    for each in everybody:
        landed += [*events_of(each), *broken_of(each)[1:]]
    office.world.land(landed)
    office.world.ingest()
    export_lake(office.world.settings, str(tmp_path / "export"))
    devices = {device_of(person) for person in chosen}
    people = devices | {appsflyer_id_of(person) for person in chosen}
    before = search(tmp_path)
    assert people <= find_under(before, "lake/events")
    assert people <= find_under(before, "export")
    assert devices <= find_under(before, "lake/quarantine")
    office.drop("a.csv", "idfa\n" + "\n".join(device_of(person).upper() for person in chosen))

    report = office.sweep()
    office.vacuum()
    office.empty_landing()

    assert report.requests["done"] == ERASED
    found = {name: len(ids & people) for name, ids in search(tmp_path).items() if ids & people}
    assert found == {}, f"INDEPENDENT_SEED={seed}"
    assert len(office.world.events()) == 2 * (PEOPLE - ERASED)
    assert office.verify().verified == ERASED


def test_the_search_is_independent() -> None:
    """It knows nothing of the proof that it stands beside."""
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(str(name).startswith("etl.proving") for name in imported)


def test_the_search_finds_what_is_hidden() -> None:
    """In base64 of percent-encoding, twice, and in escapes."""
    device = device_of(1)
    twice = "".join(f"%25{ord(each):02X}" for each in device)
    hidden = base64.b64encode(f'{{"url":"{twice}"}}'.encode())
    assert device in find_ids(b'{"raw":"' + hidden + b'"}')
    assert device in find_ids(b"".join(b"\\u%04x" % byte for byte in device.encode()))
    assert message(1)["appsflyer_id"] in find_ids(json.dumps(message(1)).encode())
