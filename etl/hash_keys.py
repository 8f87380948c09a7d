"""Keys of hashes, one on top of the other: what is hashed can be led on to a new key, and never back.

Of an id that is gone only its hash can be hashed again. So a new key goes on top, `HMAC(new, HMAC(old, id))`,
of what is kept as of what is looked up, and all keys are needed for as long as anybody is suppressed.
"""

import hashlib
import hmac

HashKey = bytes | tuple[bytes, ...]
"""A key, or all that were, the oldest first: each hashes, as text, what the one before it gave."""


def list_keys(key: HashKey) -> tuple[bytes, ...]:
    """List the keys that hash one after the other."""
    return (key,) if isinstance(key, bytes) else key


def digest_bytes(key: HashKey, data: bytes) -> str:
    """Give HMAC-SHA-256 of any bytes as 64 hex digits, key after key."""
    for each in list_keys(key):
        data = hmac.new(each, data, hashlib.sha256).hexdigest().encode()
    return data.decode()
