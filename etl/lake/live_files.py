"""The live files of tables as a file system for DuckDB: those of one version, to be read, and no other.

Where DuckDB can open a path itself it can also write there, if only by a `copy` inside a query. Here nothing
can be written, and drafts and superseded files have no name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import filter as match_names
from functools import lru_cache
from threading import get_ident
from typing import Any, Final
from urllib.parse import quote, unquote

from deltalake import DeltaTable
from fsspec import AbstractFileSystem

from etl.lake.families import read_omitted
from etl.lake.info import LiveFile, list_live_files
from etl.lake.tables import Table

PROTOCOL: Final = "lake"


@dataclass(frozen=True, order=True, slots=True)
class NamedFile:
    """A live file: its path, and the name by which DuckDB knows it, with its partition as Hive spells it.

    Files that leave out the same families of columns (`omitted`) have names in one folder.
    """

    name: str
    path: str
    omitted: str = ""

    @property
    def spelled(self) -> str:
        """The folder that the partition alone would give, from the table's on."""
        table, _, rest = _strip(self.name).partition("/")
        return f"{table}/{rest.partition('/')[2]}".rpartition("/")[0]


def name_live_files(table: Table, delta: DeltaTable, folder: str) -> list[NamedFile]:
    """Name the files of a table's version in a folder, by the partitions that the log tells, in order."""
    return sorted(
        NamedFile(_name(table, file), f"{folder}/{unquote(file.path)}", read_omitted(file.path))
        for file in list_live_files(table, delta)
    )


def _name(table: Table, file: LiveFile) -> str:
    folders = "".join(f"{name}={_spell(file.partition[name])}/" for name in table.partition_by)
    name = unquote(file.path.rpartition("/")[2])
    return f"{name_folder(table, read_omitted(file.path))}/{folders}{name}"


def name_folder(table: Table, omitted: str) -> str:
    """Name the folder of a table's files that leave out some families."""
    return f"{PROTOCOL}://{table.name}/{omitted or 'all'}"


@lru_cache(maxsize=4_096)
def _spell(value: str) -> str:
    """Spell a partition's value; an underscore in front is encoded, since Hive's null begins with two."""
    spelled = quote(value, safe="")
    return f"%5F{spelled[1:]}" if spelled.startswith("_") else spelled


class LiveFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no annotations
    """Files by their names, to be read; whatever else is asked of them is refused."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, files: Sequence[NamedFile]) -> None:
        """Take the files."""
        super().__init__()
        self._paths: Mapping[str, str] = {_strip(file.name): file.path for file in files}

    def open(self, path: str, mode: str = "rb", **_options: object) -> SharedFile:
        """Open a live file for reading; PermissionError for any other wish."""
        if mode != "rb":
            raise PermissionError("the lake is read-only here")
        return SharedFile(self._find(path))

    def info(self, path: str, **_options: object) -> dict[str, Any]:
        """Tell a file's size."""
        return {"name": path, "size": os.stat(self._find(path)).st_size, "type": "file"}  # noqa: PTH116 - of thousands

    def modified(self, path: str) -> datetime:
        """Tell when a file was written."""
        return datetime.fromtimestamp(os.stat(self._find(path)).st_mtime, UTC)  # noqa: PTH116 - of thousands

    def exists(self, path: str, **_options: object) -> bool:
        """Tell whether a name is a live file's."""
        return _strip(path) in self._paths

    def glob(self, path: str, **_options: object) -> list[str]:
        """Give the file of that name, or those that a pattern such as `lake://events/**` names."""
        if self.exists(path):
            return [path]
        return [f"{PROTOCOL}://{name}" for name in match_names(self._paths, _strip(path))]

    def unstrip_protocol(self, name: str) -> str:
        """Give the name as it is: all names here have their protocol."""
        return name

    def _find(self, path: str) -> str:
        found = self._paths.get(_strip(path))
        if found is None:
            raise FileNotFoundError("there is no live file of this name")
        return found


def _strip(path: str) -> str:
    return path.removeprefix(f"{PROTOCOL}://")


class SharedFile:
    """A file that several threads read at once, each at a place of its own.

    DuckDB seeks, then reads, and its threads share a file: with one place for all they would get each other's
    bytes.
    """

    def __init__(self, path: str) -> None:
        """Open the file."""
        self._descriptor = os.open(path, os.O_RDONLY)
        self._size = os.fstat(self._descriptor).st_size
        self._places: dict[int, int] = {}
        self.closed = False

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the calling thread's place."""
        if whence != os.SEEK_SET:
            offset += self._size if whence == os.SEEK_END else self.tell()
        self._places[get_ident()] = offset
        return offset

    def tell(self) -> int:
        """Give the calling thread's place."""
        return self._places.get(get_ident(), 0)

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes at the calling thread's place, or all that are left."""
        place = self.tell()
        found = os.pread(self._descriptor, self._size - place if size < 0 else size, place)
        self._places[get_ident()] = place + len(found)
        return found

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    def __del__(self) -> None:
        """Close what DuckDB left open."""
        if not getattr(self, "closed", True):
            self.close()
