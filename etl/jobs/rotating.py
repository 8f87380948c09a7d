"""The story of a new key of hashes: the operator sets it beside the old ones, and the ledger goes over to it.

From the moment that the environment has the new key until the ledger has gone over, nothing is ingested,
planned, sent or swept: no step recognizes people by half of the keys.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from etl.errors import ConfigurationError, UsageError
from etl.jobs.planning.story import PLANNING_LOCK
from etl.jobs.sweep.story import SWEEP_LOCK
from etl.lake.publish import PUBLISH_LOCK
from etl.ledger.database import Ledger
from etl.ledger.facts import read_fact
from etl.ledger.holding import hold_lock
from etl.ledger.rotating import HashCounts, count_hashes, renew_hashes
from etl.ledger.senders import expire_senders
from etl.ledger.suppressions import HASH_KEY_FACT, prove_key
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings, load_secrets

LOCK_SECONDS: Final = 60.0
# Longer than the lock of a holder that was killed lasts.
WAIT_SECONDS: Final = 150.0


@dataclass(frozen=True, slots=True)
class RotationReport:
    """A rotation: the number of keys from then on, and the rows that were, or would be, hashed once more.

    `is_done` says that the ledger had the new key already, so that there was nothing to do.
    """

    is_dry_run: bool
    is_done: bool
    keys: int
    hashes: HashCounts


def rotate_key(
    settings: Settings,
    secrets: Secrets | None = None,
    *,
    is_dry_run: bool,
    wait_seconds: float = WAIT_SECONDS,
) -> RotationReport:
    """Take the ledger over to the new key of hashes, or say what that would change.

    Safe to repeat, and to kill at any moment: one transaction does it. Waits for sweeps, plannings and
    publishes to end, and has others wait. Raises ConfigurationError where the keys that are set are not those
    of the ledger and one more, LockHeld while a plan is being sent.
    """
    ledger = open_current_ledger(settings.storage.ledger)
    keys = (secrets or load_secrets()).list_hash_keys()
    if _find_out(ledger, keys):
        return RotationReport(is_dry_run, True, len(keys), count_hashes(ledger))
    if is_dry_run:
        return RotationReport(True, False, len(keys), count_hashes(ledger))
    with (
        hold_lock(ledger, SWEEP_LOCK, LOCK_SECONDS, wait_seconds),
        hold_lock(ledger, PLANNING_LOCK, LOCK_SECONDS, wait_seconds),
        hold_lock(ledger, PUBLISH_LOCK, LOCK_SECONDS, wait_seconds),
    ):
        expire_senders(ledger)
        return RotationReport(False, False, len(keys), renew_hashes(ledger, keys))


def describe_rotation(report: RotationReport) -> Iterator[str]:
    """Describe a rotation in lines for people."""
    if report.is_done:
        yield "The ledger has this key of hashes already; there is nothing to rotate."
        return
    would = "Would hash" if report.is_dry_run else "Hashed"
    yield f"{would} once more, with the new key:"
    yield from (f"  {count:>12,}  {name}" for name, count in asdict(report.hashes).items())
    if report.is_dry_run:
        yield "Nothing was changed; add --yes."
    yield (
        f"Keep all {report.keys} keys, in PUSHLIFT_HASH_KEY and PUSHLIFT_HASH_KEYS_BEFORE: without one of"
        " them nobody who is suppressed is recognized, and nothing is ingested, planned, sent or swept."
    )


def _find_out(ledger: Ledger, keys: tuple[bytes, ...]) -> bool:
    """Tell whether the ledger has the keys already; raises unless it does, or lacks the last one alone."""
    if not keys:
        raise ConfigurationError(
            "The key of subjects' hashes is missing: set PUSHLIFT_HASH_KEY to the new one."
        )
    known = read_fact(ledger, HASH_KEY_FACT)
    if known is None:
        raise UsageError(
            "The ledger holds no hash yet: it begins with whatever key is set when it needs one."
        )
    if hmac.compare_digest(known, prove_key(keys)):
        return True
    if len(keys) > 1 and hmac.compare_digest(known, prove_key(keys[:-1])):
        return False
    raise ConfigurationError(
        "To rotate, set PUSHLIFT_HASH_KEY to the new key and PUSHLIFT_HASH_KEYS_BEFORE to a JSON list of all"
        " before it, the oldest first; those that are set are not the ledger's and one more."
    )
