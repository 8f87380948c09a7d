"""Machine code on disk: named by what it was made of, whole or unused, and a few versions of it at most.

Whoever finds none, or none that is whole, compiles again; so files may be removed at any time, and processes
that have loaded one keep what they have.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# Versions of a kernel that are kept in a folder, the newest: installations that share one must not drive each
# other out.
KEPT_VERSIONS = 4
_CHECKSUM_BYTES = hashlib.sha256().digest_size


def list_folders() -> list[Path]:
    """List where code may be kept: beside the source, else in the user's cache."""
    folders = [Path(__file__).parent / "__pycache__"]
    with suppress(RuntimeError):
        folders.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pushlift")
    return folders


def read_code(folders: Sequence[Path], name: str, digest: str) -> bytes | None:
    """Read code from the first folder that has it whole: its checksum stands before it."""
    for folder in folders:
        with suppress(OSError):
            kept = _path(folder, name, digest).read_bytes()
            checksum, code = kept[:_CHECKSUM_BYTES], kept[_CHECKSUM_BYTES:]
            if hashlib.sha256(code).digest() == checksum:
                return code
    return None


def keep_code(folders: Sequence[Path], name: str, digest: str, code: bytes) -> None:
    """Keep code in the first folder that can be written, if there is one."""
    for folder in folders:
        with suppress(OSError):
            _write(_path(folder, name, digest), hashlib.sha256(code).digest() + code)
            _remove_old(folder, name)
            return


def _path(folder: Path, name: str, digest: str) -> Path:
    return folder / f"{name}-{digest}.o"


def _write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, whoever else does so."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    draft.write_bytes(content)
    draft.replace(path)


def _remove_old(folder: Path, name: str) -> None:
    """Remove all but the newest versions, and with them what killed processes left unfinished."""
    dated = []
    for path in folder.glob(f"{name}-*.o*"):
        with suppress(OSError):
            dated.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(dated)[:-KEPT_VERSIONS]:
        with suppress(OSError):
            path.unlink()
