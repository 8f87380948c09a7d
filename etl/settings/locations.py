"""Where stores and the ledger are: which forms are accepted, and relative paths made absolute (pure)."""

from itertools import product
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SCHEMES: Final = ("file", "s3", "gs", "abfs", "abfss", "az")
LEDGER_SCHEMES: Final = ("sqlite", "postgresql", "postgresql+psycopg")
SQLITE: Final = "sqlite:///"


def check_location(location: str) -> str:
    """Accept a folder or a URI of a known scheme."""
    scheme, separator, rest = location.partition("://")
    if not location.strip() or (separator and not rest.strip("/")):
        message = "names no place; give a folder, or a URI such as s3://bucket/prefix"
        raise ValueError(message)
    if separator and scheme not in SCHEMES:
        message = f"has the unknown scheme {scheme!r}; use a folder or one of {', '.join(SCHEMES)}"
        raise ValueError(message)
    return location


def check_ledger_url(url: str) -> str:
    """Accept the databases that the ledger is tested with."""
    if urlsplit(url).scheme not in LEDGER_SCHEMES:
        message = (
            "is no ledger URL; use sqlite:///ledger.db for one machine or postgresql+psycopg://… for many"
        )
        raise ValueError(message)
    return url


def resolve_location(location: str, folder: Path) -> str:
    """Return an object storage URI as it is, and a folder as an absolute path."""
    if location.startswith("file://"):
        location = urlsplit(location).path
    return location if "://" in location else str((folder / location).resolve())


def resolve_ledger_url(url: str, folder: Path) -> str:
    """Return the URL with SQLite's file absolute; a database in memory stays in memory."""
    file = url.removeprefix(SQLITE)
    if file in {url, "", ":memory:"}:
        return url
    return f"{SQLITE}{(folder / file).resolve()}"


def is_within(location: str, container: str) -> bool:
    """Say whether a resolved location is the container or lies in it."""
    return f"{location.rstrip('/')}/".startswith(f"{container.rstrip('/')}/")


def find_overlaps(stores: dict[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of names where the first store lies in the second, or is the same."""
    return [
        (inner, outer)
        for inner, outer in product(stores, stores)
        if inner != outer and is_within(stores[inner], stores[outer])
    ]
