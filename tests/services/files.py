"""The files of a folder, some of which SQLite takes away as its last connection closes."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def read_files(folder: Path) -> dict[Path, bytes]:
    """Read every file of a folder, in the order of their names; what is gone meanwhile is none of them."""
    contents: dict[Path, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with suppress(FileNotFoundError):
                contents[path] = path.read_bytes()
    return contents


def read_all(folder: Path) -> bytes:
    """Read every file of a folder, one after the other."""
    return b"".join(read_files(folder).values())


def for_all(folder: Path, act: Callable[[Path], object]) -> None:
    """Do something to a folder and all in it; what is gone meanwhile is not missed."""
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):
            act(path)
