import hashlib
import tracemalloc
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from etl.sample import Shape, generate_landing
from tests.sample.reading import Landing, list_objects, read_bytes


def hash_landing(target: Path) -> dict[str, str]:
    """Hash every object under its key."""
    return {
        path.relative_to(target).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in list_objects(target)
    }


@pytest.mark.parametrize("shape", list(Shape))
def test_processes_do_not_change_a_byte(tmp_path: Path, shape: Shape) -> None:
    """The same arguments give the same files and the same truth, whatever the number of processes."""
    one = generate_landing(tmp_path / "one", 1_500, shape=shape, processes=1)
    two = generate_landing(tmp_path / "two", 1_500, shape=shape, processes=2)
    assert hash_landing(tmp_path / "one") == hash_landing(tmp_path / "two")
    assert one == two


def test_another_seed_gives_other_files(tmp_path: Path) -> None:
    """The seed decides names and bytes."""
    generate_landing(tmp_path / "one", 100, seed=1)
    generate_landing(tmp_path / "two", 100, seed=2)
    assert not set(hash_landing(tmp_path / "one").values()) & set(hash_landing(tmp_path / "two").values())


def test_gzip_headers_hold_no_time(benchmark_shape: Landing) -> None:
    """The modification time of gzip is zero."""
    assert {path.read_bytes()[4:8] for path in list_objects(benchmark_shape.target)} == {b"\0\0\0\0"}


def test_benchmark_messages_are_about_four_kilobytes(benchmark_shape: Landing) -> None:
    """The benchmark shape has the size that the figures are stated for."""
    read = sum(len(read_bytes(path)) for path in list_objects(benchmark_shape.target))
    assert read == benchmark_shape.truth.uncompressed_bytes
    assert 3_800 < read / benchmark_shape.truth.messages < 4_200


def test_benchmark_has_exactly_the_messages_asked_for(benchmark_shape: Landing) -> None:
    """Junk comes beside the messages asked for; two in a hundred of them are resent."""
    assert len(benchmark_shape.messages) == 16_000
    assert len(benchmark_shape.junk) == 2
    assert benchmark_shape.truth.duplicates == 320


def test_benchmark_resends_reach_other_objects(benchmark_shape: Landing) -> None:
    """Some messages are resent into the next object, some within theirs."""
    lines = [set(read_bytes(path).splitlines()) for path in list_objects(benchmark_shape.target)]
    across = sum(len(before & after) for before, after in pairwise(lines))
    assert 50 < across < 320


def test_one_object_can_hold_everything(tmp_path: Path) -> None:
    """A single object is written whatever its size."""
    truth = generate_landing(tmp_path, 500, shape=Shape.V2_GZIP_NDJSON, objects=1)
    (path,) = list_objects(tmp_path)
    assert truth.objects == 1
    assert read_bytes(path).count(b"\n") == 500


def test_memory_is_bounded_by_a_block(tmp_path: Path) -> None:
    """The peak stays where it is when an object grows."""
    peaks = [measure_peak_bytes(tmp_path, messages) for messages in (4_096, 4_096, 12_288)]
    assert peaks[2] < peaks[1] * 1.2


def measure_peak_bytes(target: Path, messages: int) -> int:
    """Write one object and give the most memory that it took."""
    tracemalloc.start()
    try:
        generate_landing(target, messages, shape=Shape.V2_GZIP_NDJSON, objects=1, processes=1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_objects_lie_under_hours_of_the_days_asked_for(tmp_path: Path) -> None:
    """A key is the endpoint, the UTC hour that the object was closed in, and a name."""
    truth = generate_landing(tmp_path, 480, days=1, start=date(2026, 3, 8), objects=24)
    keys = sorted(hash_landing(tmp_path))
    assert truth.objects == len(keys) == 24
    assert {key.split("/", 1)[1][:13] for key in keys} == {"2026/03/08/07", "2026/03/08/15", "2026/03/08/23"}


@pytest.mark.parametrize(
    ("messages", "days", "objects"), [(0, 2, None), (10, 0, None), (10, 2, 11), (10, 2, 0)]
)
def test_impossible_requests_are_refused(
    tmp_path: Path, messages: int, days: int, objects: int | None
) -> None:
    """What cannot be made is refused before anything is written, with the way out."""
    with pytest.raises(ValueError, match="ask for at least one message"):
        generate_landing(tmp_path, messages, days=days, objects=objects)
    assert list_objects(tmp_path) == []


@pytest.mark.parametrize("messages", [1, 7, 49, 50, 51, 400])
def test_small_landings_can_be_made(tmp_path: Path, messages: int) -> None:
    """Any number of messages from one on is written exactly."""
    truth = generate_landing(tmp_path, messages)
    assert truth.messages - sum(truth.quarantined.values()) == messages
