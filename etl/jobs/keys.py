"""The keys of hashes, which come from the environment: without the right one, nothing is planned or sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from etl.ledger.database import Ledger
from etl.ledger.suppressions import check_hash_key
from etl.settings.secrets import Secrets, load_secrets


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of people's hashes, by which they are suppressed, and that of Liftoff's user ids."""

    subjects: bytes = field(repr=False)
    user_ids: bytes = field(repr=False)


def require_keys(ledger: Ledger, secrets: Secrets | None = None) -> Keys:
    """Give the keys; raises ConfigurationError without one, or with one that is not the ledger's.

    With another key nobody who is suppressed would be recognized, so this fails closed.
    """
    found = secrets or load_secrets()
    subjects = b"" if found.hash_key is None else found.hash_key.get_secret_value().encode()
    check_hash_key(ledger, subjects)
    return Keys(
        subjects, subjects if found.user_id_key is None else found.user_id_key.get_secret_value().encode()
    )
