"""One object of a store, with the version that a later read is held to."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.stores.opening import Store
from etl.stores.translating import explain_errors


@dataclass(frozen=True, slots=True)
class LandedObject:
    """An object as it was listed: `key` is relative to the store, `version` changes when the bytes do.

    `version` is the object store's entity tag, or a local file's modification time in ns and its size.
    `size` is in bytes, `modified_at` in UTC.
    """

    uri: str
    key: str
    size: int
    version: str
    modified_at: datetime


def find_object(store: Store, key: str) -> LandedObject | None:
    """Return the object of this key as it is now, or None."""
    with explain_errors(store, key), suppress(FileNotFoundError):
        if store.is_local:
            path = Path(store.path_of(key))
            return describe_file(store, key, path.stat()) if path.is_file() else None
        details = store.fs.info(store.path_of(key))
        return describe_details(store, key, details) if details["type"] == "file" else None
    return None


def describe_file(store: Store, key: str, status: os.stat_result) -> LandedObject:
    """Return a local file as an object."""
    return LandedObject(
        uri=store.uri_of(key),
        key=key,
        size=status.st_size,
        version=read_file_version(status),
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def read_file_version(status: os.stat_result) -> str:
    """Return the version of a local file."""
    return f"{status.st_mtime_ns}-{status.st_size}"


def describe_details(store: Store, key: str, details: Mapping[str, Any]) -> LandedObject:
    """Return an object store's description as an object."""
    return LandedObject(
        uri=store.uri_of(key),
        key=key,
        size=details["Size"] if "Size" in details else details["size"],
        version=read_details_version(details),
        modified_at=read_modified_at(details),
    )


def read_details_version(details: Mapping[str, Any]) -> str:
    """Return the entity tag, by the name that each client gives it."""
    tag = details.get("ETag") or details.get("etag") or f"{read_modified_at(details)}-{details['size']}"
    return str(tag).strip('"')


def read_modified_at(details: Mapping[str, Any]) -> datetime:
    """Return the modification time, by the name that each client gives it."""
    names = ("LastModified", "last_modified", "mtime", "updated")
    value = next(details[name] for name in names if details.get(name))
    instant: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant.astimezone(UTC)
