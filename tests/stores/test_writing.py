import resource
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etl.errors import ConfigurationError, StoreRefusedWrite
from etl.stores import (
    Store,
    create_object,
    find_object,
    list_objects,
    open_for_writing,
    open_store,
    read_object,
    write_object,
)
from tests.services.s3 import S3Server

PART = b"0123456789abcdef" * 64 * 1024


@pytest.fixture
def small_files_only() -> Iterator[None]:
    """Let the system refuse every file over 64 KiB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def read(store: Store, key: str) -> bytes:
    """Return an object's bytes as they are now."""
    landed = find_object(store, key)
    assert landed is not None
    return read_object(store, landed)


@pytest.mark.parametrize("parts", [0, 1, 12])
def test_what_is_written_in_parts_is_one_object(store: Store, parts: int) -> None:
    """Empty, small, and larger than one part of an upload."""
    with open_for_writing(store, "a/b") as file:
        for _ in range(parts):
            file.write(PART)

    assert read(store, "a/b") == PART * parts


def test_an_object_appears_only_when_it_is_whole(store: Store) -> None:
    """A reader sees the old object until the new one is complete."""
    write_object(store, "x", b"old")

    with open_for_writing(store, "x") as file:
        file.write(PART * 12)
        assert read(store, "x") == b"old"

    assert len(read(store, "x")) == len(PART) * 12


@pytest.mark.parametrize("parts", [1, 12])
def test_a_failed_write_leaves_nothing(store: Store, parts: int) -> None:
    """An error in the writer's block leaves the old object, and no other."""
    write_object(store, "x", b"old")

    with pytest.raises(ZeroDivisionError), open_for_writing(store, "x") as file:
        file.write(PART * parts)
        raise ZeroDivisionError

    assert read(store, "x") == b"old"
    assert [landed.key for landed in list_objects(store)] == ["x"]
    if store.is_local:
        assert [path.name for path in Path(store.root).iterdir()] == ["x"]


def test_only_one_of_many_creates_an_object(store: Store) -> None:
    """Creating is a decision: one writer wins, the others are told, the winner's bytes stay."""
    with ThreadPoolExecutor(4) as threads:
        texts = [str(number).encode() for number in range(4)]
        outcomes = list(threads.map(lambda text: create_object(store, "lock", text), texts))

    assert outcomes.count(True) == 1
    assert read(store, "lock") == texts[outcomes.index(True)]
    assert [landed.key for landed in list_objects(store)] == ["lock"]


def test_a_full_disk_is_told_and_readers_are_undisturbed(local_store: Store, small_files_only: None) -> None:
    """The error names the object and the way out; what was there stays."""
    write_object(local_store, "x", b"old")

    with pytest.raises(StoreRefusedWrite, match="store/x: cannot be written: the file would be larger"):
        write_object(local_store, "x", PART)

    assert read(local_store, "x") == b"old"
    assert [path.name for path in Path(local_store.root).iterdir()] == ["x"]


def test_a_read_only_folder_is_told(local_store: Store, unprivileged: None) -> None:
    """A refused write is no surprise of the operating system, but a sentence."""
    Path(local_store.root).chmod(0o555)

    with pytest.raises(StoreRefusedWrite, match="x: cannot be written: writing is forbidden; grant it"):
        write_object(local_store, "x", b"1")


def test_a_bucket_that_may_only_be_read_is_told(
    s3_store: Store, s3_credentials: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, from a server that checks what each key may do."""
    s3_store.fs.clear_instance_cache()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_credentials.reader_key)
    store = open_store(s3_store.uri, s3_credentials.options)

    assert list(list_objects(store)) == []
    with pytest.raises(StoreRefusedWrite, match="writing is forbidden; grant it"):
        write_object(store, "x", b"1")


def test_a_bucket_that_does_not_exist_takes_no_write(s3_credentials: S3Server) -> None:
    """A mistyped bucket is a matter of configuration."""
    with pytest.raises(ConfigurationError, match="absent/x: its bucket or folder does not exist"):
        write_object(open_store("s3://absent", s3_credentials.options), "x", b"1")


def test_a_file_where_a_folder_should_be_is_a_matter_of_configuration(tmp_path: Path) -> None:
    """To try again later would never help."""
    (tmp_path / "lake").write_text("", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="lake/a: its folder is a file"):
        write_object(open_store(str(tmp_path / "lake")), "a", b"x")
