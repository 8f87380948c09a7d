"""Turn what the stores' clients raise into our errors, named by the remedy."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pkgutil import resolve_name
from typing import Final

from etl.errors import (
    ConfigurationError,
    ObjectChanged,
    ObjectForbidden,
    ObjectVanished,
    PushliftError,
    StorageError,
    StoreRefusedWrite,
    StoreUnavailable,
)
from etl.stores.opening import EXTRAS, Store

AZURE: Final = ("azure.core.exceptions:AzureError", "aiohttp:ClientError")
TRANSPORT_ERRORS: Final = {
    "s3": ("botocore.exceptions:BotoCoreError", "botocore.exceptions:ClientError", "aiohttp:ClientError"),
    "gs": ("google.auth.exceptions:GoogleAuthError", "gcsfs.retry:HttpError", "aiohttp:ClientError"),
    **{scheme: AZURE for scheme, extra in EXTRAS.items() if extra == "azure"},
}
CHANGED: Final = frozenset({"PreconditionFailed", "412", "InvalidRange", "416"})
MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
REFUSALS: Final = {
    errno.ENOSPC: "no space is left; make room",
    errno.EDQUOT: "the quota is used up; raise it or make room",
    errno.EFBIG: "the file would be larger than the store allows; write smaller files",
    errno.EROFS: "the store is read-only; mount it writable or name another",
    errno.EACCES: "writing is forbidden; grant it",
    errno.EPERM: "writing is forbidden; grant it",
}
# A full or over-quota object store says so with a code of its own.
REFUSAL_CODES: Final = frozenset({"InsufficientCapacity", "QuotaExceeded", "XMinioStorageFull", "507"})


@cache
def list_transport_errors(scheme: str) -> tuple[type[Exception], ...]:
    """Return the kinds of errors that a scheme's client raises by itself; OSError is common to all."""
    return (OSError, *(resolve_name(name) for name in TRANSPORT_ERRORS.get(scheme, ())))


@contextmanager
def explain_errors(store: Store, key: str, *, is_write: bool = False) -> Iterator[None]:
    """Raise one of our errors for whatever the store's client raises inside."""
    try:
        yield
    except list_transport_errors(store.scheme) as error:
        translate: Callable[[Exception, str], PushliftError] = (
            translate_write_error if is_write else translate_read_error
        )
        raise translate(error, store.uri_of(key)) from error


def find_error_code(error: BaseException | None) -> str | None:
    """Return the code in an object store's answer, wherever the client put it in the chain of causes."""
    while error is not None:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict):
            return str(answer.get("Error", {}).get("Code"))
        error = error.__cause__
    return None


def translate_read_error(error: Exception, uri: str) -> PushliftError:
    """Return the error that says what became of an object between listing and reading."""
    code = find_error_code(error)
    if code == "NoSuchBucket":
        return ConfigurationError(f"{uri}: no such bucket; create it, or name another in the configuration")
    if code in CHANGED:
        return ObjectChanged(f"{uri}: changed while it was read; the next run reads the new version")
    if isinstance(error, PermissionError):
        return ObjectForbidden(f"{uri}: the store refuses access; grant reading it")
    if isinstance(error, OSError) and (isinstance(error, FileNotFoundError) or error.errno in MISSING):
        return ObjectVanished(f"{uri}: is no longer there")
    return translate_other_error(error, uri, "read")


def translate_write_error(error: Exception, uri: str) -> PushliftError:
    """Return the error that says why a store took no write."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, PermissionError):
        number = errno.EACCES
    if find_error_code(error) in REFUSAL_CODES:
        number = errno.ENOSPC
    if number in REFUSALS:
        return StoreRefusedWrite(f"{uri}: cannot be written: {REFUSALS[number]}")
    if isinstance(error, FileNotFoundError):
        return ConfigurationError(f"{uri}: its bucket or folder does not exist; create it, or name another")
    if number in {errno.ENOTDIR, errno.EEXIST}:
        return ConfigurationError(f"{uri}: its folder is a file; name another, or move the file away")
    return translate_other_error(error, uri, "written")


def translate_other_error(error: Exception, uri: str, done: str) -> PushliftError:
    """Return a retryable error where the network or the store failed, else a plain one."""
    if "Credentials" in type(error).__name__:
        return ConfigurationError(f"{uri}: no credentials were found; set those of the store's vendor")
    fact = f"{uri}: could not be {done}: {type(error).__name__}: {error}"
    is_lasting = isinstance(error, OSError) and error.errno in {errno.EINVAL, errno.ENOSYS, errno.EISDIR}
    return StorageError(fact) if is_lasting else StoreUnavailable(f"{fact}; try again later")
