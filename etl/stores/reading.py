"""Read an object in blocks and hold it to the version that was listed."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from fsspec.spec import AbstractBufferedFile
from typing_extensions import Buffer, override

from etl.errors import ObjectChanged
from etl.stores.objects import LandedObject, describe_details, read_file_version
from etl.stores.opening import Store
from etl.stores.translating import explain_errors

BLOCK_BYTES: Final = 8 * 1024**2

AnyFile: TypeAlias = io.FileIO | AbstractBufferedFile


class CheckedReader(io.RawIOBase):
    """A file of the store's client whose errors are ours, and only its: a decoder's errors pass by."""

    def __init__(self, store: Store, landed: LandedObject, file: AnyFile) -> None:
        """Wrap a file that is open for reading."""
        self._store = store
        self._landed = landed
        self._file = file

    @override
    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer and return how many bytes that were; 0 is the end."""
        with explain_errors(self._store, self._landed.key):
            return int(self._file.readinto(buffer))


@contextmanager
def open_object(store: Store, landed: LandedObject, block_bytes: int = BLOCK_BYTES) -> Iterator[BinaryIO]:
    """Open an object for reading in blocks, whole and at the version that was listed.

    Raises ObjectVanished, ObjectForbidden or StoreUnavailable from the reads, and ObjectChanged from a
    read or, at the latest, on leaving: what was read before is then not to be used.
    """
    with explain_errors(store, landed.key):
        file = open_raw(store, landed, block_bytes)
    with file:
        check_version(store, landed, file)
        with io.BufferedReader(CheckedReader(store, landed, file), block_bytes) as reader:
            yield reader
        check_version(store, landed, file, is_done=True)


@contextmanager
def open_seekable(store: Store, landed: LandedObject, block_bytes: int = BLOCK_BYTES) -> Iterator[BinaryIO]:
    """Open an object for reading anywhere in it, more than once, at the version that was listed.

    Errors of the store on opening and on leaving are ours, as those of `open_object`; those in between are
    its client's.
    """
    with explain_errors(store, landed.key):
        file = open_raw(store, landed, block_bytes)
    with file:
        check_version(store, landed, file)
        yield io.BufferedReader(file, block_bytes) if isinstance(file, io.FileIO) else file
        check_version(store, landed, file, is_done=True)


def open_raw(store: Store, landed: LandedObject, block_bytes: int) -> AnyFile:
    """Return the store's own file, unbuffered where the caller's buffer does the same."""
    path = store.path_of(landed.key)
    if store.is_local:
        return Path(path).open("rb", buffering=0)
    return store.fs.open(path, "rb", block_size=block_bytes, cache_type="readahead")


def check_version(store: Store, landed: LandedObject, file: AnyFile, *, is_done: bool = False) -> None:
    """Raise ObjectChanged if the open file is not the version that was listed."""
    with explain_errors(store, landed.key):
        version = read_open_version(store, landed, file, is_done=is_done)
    if version != landed.version:
        message = f"{landed.uri}: is no longer the version that was listed; the next run reads the new one"
        raise ObjectChanged(message)


def read_open_version(store: Store, landed: LandedObject, file: AnyFile, *, is_done: bool) -> str:
    """Return the version of what an open file reads.

    S3 needs no second look: every range is requested on the condition that the entity tag is unchanged.
    """
    if isinstance(file, io.FileIO):
        return read_file_version(os.fstat(file.fileno()))
    if is_done and store.scheme != "s3":
        return describe_details(store, landed.key, store.fs.info(store.path_of(landed.key))).version
    return describe_details(store, landed.key, file.details).version


def read_object(store: Store, landed: LandedObject) -> bytes:
    """Return an object's bytes, at the version that was listed; for objects that fit in memory."""
    with open_object(store, landed) as file:
        return file.read()
