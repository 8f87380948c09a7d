"""What is in a store: every object, sorted by key, with its version."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from etl.errors import ConfigurationError, ObjectForbidden
from etl.stores.objects import LandedObject, describe_details, describe_file
from etl.stores.opening import Store
from etl.stores.translating import explain_errors

# What an unfinished local write is called; no listing shows it.
TEMPORARY_SUFFIX: Final = ".pushlift-tmp"


def list_objects(store: Store, prefix: str = "") -> Iterator[LandedObject]:
    """Yield the objects whose keys start with `prefix`, sorted by key; a prefix that nothing has yields none.

    Links to folders are not followed. Raises ConfigurationError when the folder or bucket itself does
    not exist, and ObjectForbidden when it, or a folder in it, may not be listed.
    """
    if store.is_local:
        yield from list_local_objects(store, prefix)
    else:
        yield from sorted(list_remote_objects(store, prefix), key=lambda landed: landed.key)


def list_local_objects(store: Store, prefix: str) -> Iterator[LandedObject]:
    """Yield a folder's files, one directory in memory at a time."""
    if not Path(store.root).is_dir():
        message = f"{store.uri}: no such folder; create it, or name another in the configuration"
        raise ConfigurationError(message)
    folder, _, _ = prefix.rpartition("/")
    yield from walk_folder(store, f"{folder}/" if folder else "", prefix)


def walk_folder(store: Store, folder: str, prefix: str) -> Iterator[LandedObject]:
    """Yield the files below a folder key (`a/b/`) whose keys start with the prefix, in the keys' order."""
    for key, entry in scan_folder(store, folder):
        if not key.startswith(prefix[: len(key)]):
            continue
        if key.endswith("/"):
            yield from walk_folder(store, key, prefix)
        elif key.startswith(prefix) and not key.endswith(TEMPORARY_SUFFIX):
            with suppress(FileNotFoundError):  # deleted since the folder was read
                yield describe_file(store, key, entry.stat())


def scan_folder(store: Store, folder: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Return a folder's files and folders by key; a folder's key ends in a slash, which sorts it rightly."""
    try:
        with os.scandir(store.path_of(folder)) as entries:
            return sorted(
                (
                    (f"{folder}{entry.name}{'/' if entry.is_dir(follow_symlinks=False) else ''}", entry)
                    for entry in entries
                    if entry.is_file() or entry.is_dir(follow_symlinks=False)
                ),
                key=lambda found: found[0],
            )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        message = f"{store.uri_of(folder)}: the folder may not be listed; grant reading it"
        raise ObjectForbidden(message) from error


def list_remote_objects(store: Store, prefix: str) -> Iterator[LandedObject]:
    """Yield an object store's objects; folder placeholders are no objects."""
    with explain_errors(store, prefix):
        pages = list_s3_pages(store, prefix) if store.scheme == "s3" else find_details(store, prefix)
        for details in pages:
            key = details["name"].removeprefix(f"{store.root}/")
            if not key.endswith("/"):
                yield describe_details(store, key, details)


def list_s3_pages(store: Store, prefix: str) -> Iterator[Mapping[str, Any]]:
    """Yield S3's listing page by page: s3fs would keep a dictionary of each object until the end."""
    bucket, _, root = store.path_of(prefix).partition("/")
    token: dict[str, str] = {}
    while True:
        page = store.fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=root, **token)
        for found in page.get("Contents", ()):
            yield found | {"name": f"{bucket}/{found['Key']}"}
        if not page.get("IsTruncated"):
            return
        token = {"ContinuationToken": page["NextContinuationToken"]}


def find_details(store: Store, prefix: str) -> Iterable[Mapping[str, Any]]:
    """Return another object store's listing."""
    folder, _, start = store.path_of(prefix).rpartition("/")
    found: dict[str, Mapping[str, Any]] = store.fs.find(folder, prefix=start, detail=True)
    return found.values()


def list_present(store: Store, prefix: str = "") -> Iterator[LandedObject]:
    """List a store's objects; a local folder that is not there yet has none."""
    if not store.is_local or Path(store.root).is_dir():
        yield from list_objects(store, prefix)
