import gzip
import os
from pathlib import Path

import pytest

from etl.errors import ObjectChanged, ObjectForbidden, ObjectVanished, StoreUnavailable
from etl.settings import StoreOptions
from etl.stores import (
    LandedObject,
    Store,
    delete_object,
    list_objects,
    open_object,
    open_store,
    read_object,
    write_object,
)
from tests.services.s3 import S3Server, find_free_ports

BIG = os.urandom(1024) * 6 * 1024


def land(store: Store, data: bytes, key: str = "landed") -> LandedObject:
    """Write an object and return it as it is listed."""
    write_object(store, key, data)
    return next(landed for landed in list_objects(store) if landed.key == key)


@pytest.mark.parametrize("data", [b"", b"x", BIG])
def test_an_object_is_read_as_it_was_written(store: Store, data: bytes) -> None:
    """Empty, small and many blocks long."""
    assert read_object(store, land(store, data)) == data


def test_an_object_is_read_in_blocks(store: Store) -> None:
    """Memory is bounded by the block, not by the object."""
    landed = land(store, BIG)

    with open_object(store, landed, block_bytes=1024**2) as file:
        blocks = list(iter(lambda: file.read(1024**2), b""))

    assert b"".join(blocks) == BIG
    assert max(map(len, blocks)) == 1024**2


def test_an_object_that_changed_since_it_was_listed_is_not_read(store: Store) -> None:
    """The bytes that are read are those of the version that the ledger will record."""
    landed = land(store, b"first")
    write_object(store, landed.key, b"second")

    with pytest.raises(ObjectChanged, match="no longer the version that was listed"):
        read_object(store, landed)


def test_an_object_that_changes_while_it_is_read_is_told(s3_store: Store) -> None:
    """No mixture of two versions is taken for an object."""
    landed = land(s3_store, BIG)

    with pytest.raises(ObjectChanged), open_object(s3_store, landed, block_bytes=1024**2) as file:
        file.read(1)
        write_object(s3_store, landed.key, BIG[::-1])
        file.read()


def test_a_file_that_grows_while_it_is_read_is_told(local_store: Store) -> None:
    """A file that is still being written is read again when it is finished."""
    landed = land(local_store, b"first")

    with pytest.raises(ObjectChanged), open_object(local_store, landed) as file:
        file.read()
        with Path(landed.uri).open("ab") as writer:
            writer.write(b" and more")


def test_a_file_that_is_replaced_while_it_is_read_stays_the_old_one(local_store: Store) -> None:
    """A rename leaves an open file whole: what is read is the version that was listed."""
    landed = land(local_store, b"first")

    with open_object(local_store, landed) as file:
        write_object(local_store, landed.key, b"second")
        assert file.read() == b"first"


def test_an_object_that_vanished_is_told(store: Store) -> None:
    """An object that was listed can be gone when its turn comes."""
    landed = land(store, b"x")
    delete_object(store, landed.key)

    with pytest.raises(ObjectVanished, match="landed: is no longer there"):
        read_object(store, landed)


def test_an_object_that_vanishes_while_it_is_read_is_told(s3_store: Store) -> None:
    """The rest of an object that was deleted in between is not taken for its end."""
    landed = land(s3_store, BIG)

    with pytest.raises(ObjectVanished), open_object(s3_store, landed, block_bytes=1024**2) as file:
        file.read(1)
        delete_object(s3_store, landed.key)
        file.read()


def test_a_forbidden_file_is_told(local_store: Store, unprivileged: None) -> None:
    """Rights can be taken away between listing and reading."""
    landed = land(local_store, b"x")
    Path(landed.uri).chmod(0)

    with pytest.raises(ObjectForbidden, match="refuses access; grant reading it"):
        read_object(local_store, landed)


def test_a_forbidden_object_is_told(
    s3_store: Store, s3_credentials: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, from a server that checks credentials."""
    landed = land(s3_store, b"x")
    s3_store.fs.clear_instance_cache()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")

    with pytest.raises(ObjectForbidden, match="refuses access; grant reading it"):
        read_object(open_store(s3_store.uri, s3_credentials.options), landed)


def test_a_decoders_error_stays_its_own(store: Store) -> None:
    """Broken content is no trouble of the store."""
    landed = land(store, b"\x1f\x8b no gzip at all")

    with (
        pytest.raises(gzip.BadGzipFile),
        open_object(store, landed) as file,
        gzip.open(file) as unzipped,
    ):
        unzipped.read()


def test_a_server_that_does_not_answer_is_worth_a_retry(
    s3_credentials: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting can help when the network fails."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    options = StoreOptions(endpoint_url=f"http://127.0.0.1:{find_free_ports(1)[0]}", allow_http=True)

    with pytest.raises(StoreUnavailable) as trouble:
        list(list_objects(open_store("s3://bucket", options)))

    assert trouble.value.is_retryable
