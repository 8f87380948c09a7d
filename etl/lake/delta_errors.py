"""Turn what deltalake raises into our errors, named by the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError

from etl.errors import ObjectForbidden, StorageError, StoreRefusedWrite, StoreUnavailable

# deltalake gives the cause in words alone.
_FULL: Final = re.compile(r"no space left|quota exceeded|insufficient ?storage|file too large", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(
    r"permission ?denied|access ?denied|read-only file system|forbidden|unauthenticated|unauthorized",
    re.IGNORECASE,
)


@contextmanager
def explain_delta_errors(uri: str, *, is_write: bool = False) -> Iterator[None]:
    """Raise one of our errors for what deltalake raises inside.

    A CommitFailedError, which means that another writer won, is let through.
    """
    try:
        yield
    except CommitFailedError as error:
        if _FULL.search(str(error)) or _FORBIDDEN.search(str(error)):
            raise _translate(error, uri, is_write=is_write) from error
        raise
    except (DeltaError, OSError) as error:
        raise _translate(error, uri, is_write=is_write) from error


def _translate(error: Exception, uri: str, *, is_write: bool) -> StorageError:
    text = str(error)
    if _FULL.search(text):
        return StoreRefusedWrite(f"{uri}: cannot be written: no space is left; make room")
    if _FORBIDDEN.search(text):
        if is_write:
            return StoreRefusedWrite(f"{uri}: cannot be written: writing is forbidden; grant it")
        return ObjectForbidden(f"{uri}: the store refuses access; grant reading it")
    fact = (
        f"{uri}: the table could not be {'written' if is_write else 'read'}: {type(error).__name__}: {text}"
    )
    if isinstance(error, DeltaProtocolError):
        return StorageError(fact)
    return StoreUnavailable(f"{fact}; try again later")
