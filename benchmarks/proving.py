"""What proving costs beside decompressing: `python -m benchmarks.proving FOLDER [FILE...]` prints JSON.

Without files it makes three of about 200 MB each in the folder: Parquet as the lake has it, with two new
hashes and three new ids in every row, and JSON lines as gzip and as zstd. Each is decompressed alone, column
by column as the scan reads it, and scanned, in turns in one process; the ratio is of the medians
of the processor's seconds.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from etl.appsflyer.compiled.machine_code import warm_up
from etl.appsflyer.formats.compression import decompress
from etl.proving.parquet import MAGIC, list_packs, open_parquet, read_pack
from etl.proving.reading import scan_object
from etl.proving.texts import TextScanner
from etl.proving.wanted import Wanted
from etl.subjects import hash_subject

_RUNS = 3
_ROWS_A_GROUP = 20_000
_BYTES = 200 << 20
_KEY = b"a key of the benchmark's own, 32+"
_WANTED = 10_000

Result = TypeVar("Result")


def main(folder: Path, files: list[Path]) -> None:
    """Measure files, made if none are named."""
    warm_up()
    wanted = Wanted(_KEY, [hash_subject(_KEY, f"someone {number}") for number in range(_WANTED)])
    measured = {path.name: measure(path, wanted) for path in files or make_files(folder)}
    sys.stdout.write(json.dumps(measured, indent=1) + "\n")


def measure(path: Path, wanted: Wanted) -> dict[str, float]:
    """Decompress and scan a file in turns."""
    content = path.read_bytes()
    sizes, alone, scanned = 0, [], []
    for _ in range(_RUNS):
        seconds, sizes = time_call(lambda: read_alone(content))
        alone.append(seconds)
        seconds, scan = time_call(lambda: scan_object(TextScanner(wanted), path.name, io.BytesIO(content)))
        scanned.append(seconds)
        if not scan.is_clean:
            raise ValueError(f"{path.name} holds someone who is in none.")
    return {
        "file_bytes": len(content),
        "decompressed_bytes": sizes,
        "decompressing_seconds": round(statistics.median(alone), 3),
        "scanning_seconds": round(statistics.median(scanned), 3),
        "ratio": round(statistics.median(scanned) / statistics.median(alone), 2),
    }


def time_call(call: Callable[[], Result]) -> tuple[float, Result]:
    """Time a call by the processor, whatever else the machine does."""
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


def read_alone(content: bytes) -> int:
    """Decompress and do nothing else; gives how many bytes that were."""
    if content.startswith(MAGIC):
        file = open_parquet(io.BytesIO(content))
        packs = [read_pack(file, *pack) for pack in list_packs(file.metadata)]
        return sum(values.nbytes for pack in packs for _, values in pack)
    return sum(map(len, decompress(io.BytesIO(content))))


def make_files(folder: Path) -> Iterator[Path]:
    """Make the files, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (
        ("lake.parquet", make_parquet),
        ("landed.json.gz", make_gzip),
        ("landed.json.zst", make_zstd),
    ):
        path = folder / name
        if not path.exists():
            make(path)
        yield path


def make_parquet(path: Path) -> None:
    """Write rows until the pages hold enough."""
    chance, size, writer = random.Random(7), 0, None
    while size < _BYTES:
        rows = pa.Table.from_pylist([make_row(chance) for _ in range(_ROWS_A_GROUP)])
        writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
        writer.write_table(rows)
        size += rows.nbytes
    if writer:
        writer.close()


def make_gzip(path: Path) -> None:
    """Write lines as gzip."""
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.writelines(make_lines())


def make_zstd(path: Path) -> None:
    """Write lines as zstd."""
    with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as file:
        for line in make_lines():
            file.write(line)


def make_lines() -> Iterator[bytes]:
    """Give lines until there is enough."""
    chance, size = random.Random(7), 0
    while size < _BYTES:
        line = json.dumps(make_row(chance)).encode() + b"\n"
        size += len(line)
        yield line


def make_row(chance: random.Random) -> dict[str, str]:
    """Make up an event: as large as the sample's are, with ids of its own in columns, a URL and a value."""
    advertising = str(uuid.UUID(int=chance.getrandbits(128)))
    event = hashlib.md5(chance.randbytes(16), usedforsecurity=False).hexdigest()
    appsflyer = f"{chance.randrange(10**12, 2 * 10**12)}-{chance.randrange(10**18, 10**19)}"
    words = [f"{chance.choice(_WORDS)}={chance.randrange(10**6)}" for _ in range(12)]
    return {
        "event_id": event,
        "occurrence_id": hashlib.md5(event.encode(), usedforsecurity=False).hexdigest(),
        "appsflyer_id": appsflyer,
        "advertising_id": advertising,
        "idfv": str(uuid.UUID(int=chance.getrandbits(128))).upper(),
        "app_id": f"id{chance.randrange(3)}",
        "event_name": chance.choice(_WORDS),
        "country_code": chance.choice(("NO", "US", "DE", "FR")),
        "user_agent": f"Mozilla/5.0 (Linux; Android {chance.randrange(9, 15)}) AppleWebKit/537.36",
        "event_value": json.dumps({"af_content": chance.choice(_WORDS), "af_price": chance.randrange(10**4)}),
        "original_url": "https://app.appsflyer.com/id1?"
        + "&".join(words)
        + "&u="
        + quote("https://shop.example/a b"),
        "source_uri": f"s3://landing/11/{chance.randrange(1, 29):02d}/part-{chance.randrange(9)}.json.gz",
    }


_WORDS = (
    "install",
    "af_purchase",
    "af_content_view",
    "level_achieved",
    "campaign",
    "network",
    "creative",
    "channel",
)

if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), [Path(name) for name in sys.argv[2:]])
