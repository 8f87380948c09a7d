"""Write objects whole or not at all, create them once, and delete them."""

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from fsspec.spec import AbstractBufferedFile
from typing_extensions import Buffer, override

from etl.errors import ObjectChanged, ObjectVanished
from etl.stores.listing import TEMPORARY_SUFFIX
from etl.stores.objects import LandedObject, find_object
from etl.stores.opening import Store
from etl.stores.translating import CHANGED, explain_errors, find_error_code

WRITE_BYTES: Final = 1024**2


class CheckedWriter(io.RawIOBase):
    """A file of the store's client whose errors are ours."""

    def __init__(self, store: Store, key: str, file: io.FileIO | AbstractBufferedFile) -> None:
        """Wrap a file that is open for writing."""
        self._store = store
        self._key = key
        self._file = file

    @override
    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    @override
    def fileno(self) -> int:
        """Give the number of a local file."""
        return self._file.fileno()

    @override
    def write(self, data: Buffer, /) -> int:
        """Write the bytes and return how many that were."""
        with explain_errors(self._store, self._key, is_write=True):
            return int(self._file.write(data))


@contextmanager
def open_for_writing(store: Store, key: str) -> Iterator[BinaryIO]:
    """Open an object for writing; it appears, durable and whole, when the block ends without an error.

    An object of this key that was there before stays readable until then. Raises StoreRefusedWrite when
    the store is full, read-only or forbidden.
    """
    opened = open_local(store, key) if store.is_local else open_remote(store, key)
    with opened as file, io.BufferedWriter(CheckedWriter(store, key, file), WRITE_BYTES) as writer:
        yield writer


@contextmanager
def open_local(store: Store, key: str) -> Iterator[io.FileIO]:
    """Write beside the target, then rename: a reader sees the old file or the new one."""
    target = Path(store.path_of(key))
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
    try:
        with explain_errors(store, key, is_write=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            file = draft.open("xb", buffering=0)
        with file:
            yield file
            with explain_errors(store, key, is_write=True):
                os.fsync(file.fileno())
        with explain_errors(store, key, is_write=True):
            draft.replace(target)
            sync_folder(target.parent)
    finally:
        # Where the folder is a file, there is no draft either.
        with suppress(NotADirectoryError):
            draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def open_remote(store: Store, key: str) -> Iterator[AbstractBufferedFile]:
    """Upload in parts, and complete the upload only when the block ends without an error."""
    with explain_errors(store, key, is_write=True):
        file = store.fs.open(store.path_of(key), "wb", autocommit=False)
    try:
        yield file
    except BaseException:
        with suppress(Exception):
            file.discard()
        file.closed = True  # else its finaliser would complete the upload
        raise
    with explain_errors(store, key, is_write=True):
        file.close()
        file.commit()


def write_object(store: Store, key: str, data: bytes) -> None:
    """Write an object at once; atomic and durable as `open_for_writing`."""
    if store.is_local:
        with open_for_writing(store, key) as file:
            file.write(data)
    else:
        with explain_errors(store, key, is_write=True):
            store.fs.pipe_file(store.path_of(key), data)


def replace_object(store: Store, landed: LandedObject, source: BinaryIO) -> None:
    """Put other bytes in an object's place, whole or not at all, if it still is the version that was listed.

    A local file keeps its mode and modification time; an object store dates what is put. Raises ObjectChanged
    or ObjectVanished where it is not, StoreRefusedWrite as `open_for_writing`.
    """
    with open_for_writing(store, landed.key) as file:
        shutil.copyfileobj(source, file, WRITE_BYTES)
        file.flush()
        present = find_object(store, landed.key)
        if present is None:
            raise ObjectVanished(f"{landed.uri}: has gone since it was listed")
        if present.version != landed.version:
            raise ObjectChanged(f"{landed.uri}: is no longer the version that was listed; it was left alone")
        if store.is_local:
            _keep_status(store, landed.key, file)


def _keep_status(store: Store, key: str, file: BinaryIO) -> None:
    """Give a draft the mode and the times of what it replaces."""
    with explain_errors(store, key, is_write=True):
        status, number = Path(store.path_of(key)).stat(), file.fileno()
        os.fchmod(number, status.st_mode & 0o7777)
        os.utime(number, ns=(status.st_atime_ns, status.st_mtime_ns))


def create_object(store: Store, key: str, data: bytes) -> bool:
    """Write an object only if the key is free, and say whether it was; of two writers one wins."""
    with explain_errors(store, key, is_write=True):
        return create_local(store, key, data) if store.is_local else create_remote(store, key, data)


def create_local(store: Store, key: str, data: bytes) -> bool:
    """Link a finished draft to the target, which fails where the target exists (as deltalake commits)."""
    target = Path(store.path_of(key))
    draft_key = f"{key}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}"
    write_object(store, draft_key, data)
    draft = Path(store.path_of(draft_key))
    try:
        os.link(draft, target)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync_folder(target.parent)
    return True


def create_remote(store: Store, key: str, data: bytes) -> bool:
    """Put on the condition that the key is free."""
    try:
        store.fs.pipe_file(store.path_of(key), data, mode="create")
    except FileExistsError:
        return False
    except OSError as error:
        if find_error_code(error) not in CHANGED:
            raise
        return False
    return True


def delete_object(store: Store, key: str) -> None:
    """Delete an object; one that is not there is as good as deleted."""
    with explain_errors(store, key, is_write=True), suppress(FileNotFoundError):
        store.fs.rm_file(store.path_of(key))
