import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.errors import ConfigurationError, ObjectForbidden
from etl.stores import Store, delete_object, find_object, list_objects, open_store, write_object
from tests.services.s3 import S3Server

KEYS = ["Z", "a-b", "a.b/c", "a/b", "a/c/d.gz", "é x"]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store of each kind with a few objects."""
    for key in KEYS:
        write_object(store, key, key.encode())
    return store


def test_objects_are_listed_in_the_order_of_their_keys(filled: Store) -> None:
    """Every object at any depth is listed once, sorted, with its own name, size and instant."""
    listed = list(list_objects(filled))

    assert [landed.key for landed in listed] == sorted(KEYS)
    assert [landed.uri for landed in listed] == [f"{filled.uri}/{key}" for key in sorted(KEYS)]
    assert [landed.size for landed in listed] == [len(key.encode()) for key in sorted(KEYS)]
    assert all(abs(datetime.now(UTC) - landed.modified_at) < timedelta(minutes=5) for landed in listed)


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("a", ["a-b", "a.b/c", "a/b", "a/c/d.gz"]),
        ("a/", ["a/b", "a/c/d.gz"]),
        ("a/c", ["a/c/d.gz"]),
        ("a/c/d.gz", ["a/c/d.gz"]),
        ("absent/", []),
        ("Z/", []),
    ],
)
def test_a_prefix_is_the_beginning_of_keys(filled: Store, prefix: str, keys: list[str]) -> None:
    """A prefix means the same in a folder as in a bucket: text, not a folder."""
    assert [landed.key for landed in list_objects(filled, prefix)] == keys


def test_the_version_changes_with_the_bytes_and_only_then(store: Store) -> None:
    """An object that nobody touches keeps its version; one that is replaced gets another."""
    write_object(store, "kept", b"1")
    write_object(store, "replaced", b"1")
    before = {landed.key: landed.version for landed in list_objects(store)}

    write_object(store, "replaced", b"2")
    after = {landed.key: landed.version for landed in list_objects(store)}

    assert after["kept"] == before["kept"]
    assert after["replaced"] != before["replaced"]


def test_one_object_is_found_as_it_is_listed(filled: Store) -> None:
    """Looking one object up says the same as the listing."""
    landed = {each.key: each for each in list_objects(filled)}["a/b"]
    found = find_object(filled, "a/b")

    assert found is not None
    assert (found.uri, found.key, found.size, found.version) == (
        landed.uri,
        landed.key,
        landed.size,
        landed.version,
    )


def test_what_is_not_there_is_not_found(filled: Store) -> None:
    """Neither an absent key nor a folder is an object."""
    assert find_object(filled, "absent") is None
    assert find_object(filled, "a") is None


def test_more_objects_than_a_page_are_all_listed(s3_store: Store) -> None:
    """S3 answers with at most a thousand keys at a time."""
    s3_store.fs.pipe({s3_store.path_of(f"{number:04}"): b"" for number in range(1001)})

    assert [landed.key for landed in list_objects(s3_store)] == [f"{number:04}" for number in range(1001)]


def test_folder_placeholders_are_no_objects(s3_store: Store) -> None:
    """Consoles make an empty object that ends in a slash for a folder."""
    bucket, _, key = s3_store.path_of("folder/").partition("/")
    s3_store.fs.call_s3("put_object", Bucket=bucket, Key=key, Body=b"")

    assert list(list_objects(s3_store)) == []


def test_an_unfinished_write_is_not_listed(local_store: Store) -> None:
    """What a killed writer left behind is not taken for an object."""
    Path(local_store.path_of(".a.gz.1234.pushlift-tmp")).write_bytes(b"half")

    assert list(list_objects(local_store)) == []


def test_ten_thousand_local_objects_are_listed_in_half_a_second(local_store: Store) -> None:
    """A rerun with nothing new spends its time elsewhere."""
    for number in range(10_000):
        folder = Path(local_store.path_of(f"{number % 24:02}"))
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.gz").touch()
    started = time.process_time()

    assert sum(1 for _ in list_objects(local_store)) == 10_000
    assert time.process_time() - started < 0.5


def test_a_folder_that_does_not_exist_is_a_matter_of_configuration(tmp_path: Path) -> None:
    """A mistyped landing is not an empty one."""
    with pytest.raises(ConfigurationError, match="no such folder; create it"):
        list(list_objects(open_store(str(tmp_path / "absent"))))


def test_a_bucket_that_does_not_exist_is_a_matter_of_configuration(s3_credentials: S3Server) -> None:
    """A mistyped bucket is not an empty one."""
    with pytest.raises(ConfigurationError, match="no such bucket; create it"):
        list(list_objects(open_store("s3://absent/x", s3_credentials.options)))


def test_wrong_credentials_are_forbidden(
    s3_uri: str, s3_credentials: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused listing is an error, never an empty landing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger")

    with pytest.raises(ObjectForbidden, match="refuses access"):
        list(list_objects(open_store(s3_uri, s3_credentials.options)))


def test_a_forbidden_folder_is_told(local_store: Store, unprivileged: None) -> None:
    """A folder that may not be listed would hide what landed in it."""
    folder = Path(local_store.path_of("closed"))
    folder.mkdir()
    folder.chmod(0)

    with pytest.raises(ObjectForbidden, match="closed/: the folder may not be listed"):
        list(list_objects(local_store))


def test_deleting_twice_is_deleting(filled: Store) -> None:
    """An object that is gone is as good as deleted."""
    delete_object(filled, "a/b")
    delete_object(filled, "a/b")

    assert "a/b" not in [landed.key for landed in list_objects(filled)]
