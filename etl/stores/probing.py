"""Find out whether two writers are safe in a store, before they lose each other's commits."""

import secrets
from typing import Final

from etl.errors import StorageError, StoreRefusedWrite, StoreUnavailable, UnsafeStore
from etl.stores.opening import Store
from etl.stores.writing import create_object, delete_object

PROBE_PREFIX: Final = "_probe-"


def probe_conditional_put(store: Store) -> None:
    """Create one object twice and see that the second attempt is refused; nothing stays behind.

    Delta's commits are puts on the condition that the key is free; a store that ignores the condition
    lets one of two commits vanish. Raises UnsafeStore for such a store, and what a write raises for one
    that takes no write at all.
    """
    key = f"{PROBE_PREFIX}{secrets.token_hex(8)}"
    try:
        is_created = create_probe(store, key)
        is_overwritten = create_object(store, key, b"second")
    finally:
        delete_object(store, key)
    if not is_created or is_overwritten:
        message = (
            f"{store.uri}: the store ignores conditional puts (If-None-Match), so concurrent commits "
            "would be lost; use S3, Google Cloud Storage, Azure, a local disk, or a server that honours them"
        )
        raise UnsafeStore(message)


def create_probe(store: Store, key: str) -> bool:
    """Create the object for the first time; a store that knows no conditions refuses it."""
    try:
        return create_object(store, key, b"first")
    except (StoreRefusedWrite, StoreUnavailable):
        raise
    except StorageError as error:
        message = f"{store.uri}: the store does not take conditional puts: {error.message}"
        raise UnsafeStore(message) from error
