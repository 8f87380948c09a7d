"""Whether a store keeps what was written over or deleted: there, an erasure is not the end of it.

Amazon S3's documents "Using versioning in S3 buckets", "Locking objects with Object Lock" and "Lifecycle
configuration elements" are followed, and servers that answer as S3 does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from etl.stores.opening import Store

_DAYS_A_YEAR: Final = 365
# A bucket whose versioning was suspended keeps the versions that it has.
_VERSIONED: Final = frozenset({"Enabled", "Suspended"})


@dataclass(frozen=True, slots=True)
class OldVersions:
    """What a store keeps of what is gone: `unknown` where it does not say.

    Old versions go `expire_days` after they became old, or never by themselves. None of those can be deleted
    within `lock_days` of their writing where objects are locked (0 without a default term).
    """

    uri: str
    state: Literal["none", "kept", "unknown"]
    expire_days: int | None = None
    lock_days: int | None = None

    def describe(self) -> str:
        """Say what stays in a sentence."""
        if self.state == "none":
            return f"{self.uri}: keeps no old versions"
        if self.state == "unknown":
            return (
                f"{self.uri}: does not say whether it keeps old versions of objects; if it does (versioning,"
                " soft delete, locks, snapshots), they are not erased"
            )
        return f"{self.uri}: old versions stay until {self._describe_end()}, not erased"

    def _describe_end(self) -> str:
        ends = "somebody deletes them" if self.expire_days is None else f"{self.expire_days} days after"
        if self.lock_days is None:
            return ends
        lock = (
            f"for {self.lock_days} days from their writing" if self.lock_days else "for as long as each says"
        )
        return f"{ends}, and are locked {lock}"


def find_old_versions(store: Store) -> OldVersions:
    """Ask a store whether it keeps old versions; whatever it answers, this does not fail."""
    if store.is_local:
        return OldVersions(store.uri, "none")
    if store.scheme != "s3":
        return OldVersions(store.uri, "unknown")
    bucket, _, prefix = store.root.partition("/")
    try:
        versioning = _ask(store, "get_bucket_versioning", bucket)
        lock = _ask_or_nothing(store, "get_object_lock_configuration", bucket)
        rules = _ask_or_nothing(store, "get_bucket_lifecycle_configuration", bucket)
    except Exception:  # noqa: BLE001 - a store that may not or cannot be asked is no reason to fail
        return OldVersions(store.uri, "unknown")
    lock_days = _find_lock_days(lock)
    if versioning.get("Status") not in _VERSIONED and lock_days is None:
        return OldVersions(store.uri, "none")
    return OldVersions(store.uri, "kept", _find_expiry(rules, prefix), lock_days)


def _ask(store: Store, question: str, bucket: str) -> Mapping[str, Any]:
    call: Callable[..., Mapping[str, Any]] = store.fs.call_s3
    return call(question, Bucket=bucket)


def _ask_or_nothing(store: Store, question: str, bucket: str) -> Mapping[str, Any]:
    """Ask for what a bucket need not have: then S3 answers with an error, as do servers that know no such."""
    try:
        return _ask(store, question, bucket)
    except Exception:  # noqa: BLE001 - as above
        return {}


def _find_lock_days(answer: Mapping[str, Any]) -> int | None:
    found = answer.get("ObjectLockConfiguration") or {}
    if found.get("ObjectLockEnabled") != "Enabled":
        return None
    retention = (found.get("Rule") or {}).get("DefaultRetention") or {}
    return int(retention.get("Days") or 0) + _DAYS_A_YEAR * int(retention.get("Years") or 0)


def _find_expiry(answer: Mapping[str, Any], prefix: str) -> int | None:
    """Find the days of the first rule to end old versions of everything below a prefix."""
    return min(_list_expiries(answer, prefix), default=None)


def _list_expiries(answer: Mapping[str, Any], prefix: str) -> Iterator[int]:
    for rule in answer.get("Rules") or ():
        days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
        chosen = rule.get("Filter") or {}
        is_for_all = not chosen.keys() - {"Prefix"}
        reach = chosen.get("Prefix") or rule.get("Prefix") or ""
        if rule.get("Status") == "Enabled" and days and is_for_all and f"{prefix}/".startswith(reach):
            yield int(days)
