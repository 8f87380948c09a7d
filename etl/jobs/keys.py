"""The keys of hashes, which come from the environment: without the right one, nothing is planned or sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.hash_keys import HashKey
from etl.ledger.database import Ledger
from etl.ledger.suppressions import check_hash_key, stamp_erased, stream_erased
from etl.settings.secrets import Secrets, load_secrets

if TYPE_CHECKING:
    from etl.erased import Erased


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of people's hashes, by which they are suppressed, and that of Liftoff's user ids."""

    subjects: HashKey = field(repr=False)
    user_ids: bytes = field(repr=False)


def require_keys(ledger: Ledger, secrets: Secrets | None = None) -> Keys:
    """Give the keys; raises ConfigurationError without one, or with one that is not the ledger's.

    With another key nobody who is suppressed would be recognized, so this fails closed.
    """
    found = secrets or load_secrets()
    keys = found.list_hash_keys()
    check_hash_key(ledger, keys)
    given = found.user_id_key
    return Keys(keys, keys[0] if given is None else given.get_secret_value().encode())


def find_erased(ledger: Ledger, secrets: Secrets | None = None) -> Erased | None:
    """Find who was erased; None where nobody was. Raises ConfigurationError as `require_keys`."""
    from etl.erased import collect_erased

    if stamp_erased(ledger) is None:
        return None
    return collect_erased(require_keys(ledger, secrets).subjects, stream_erased(ledger))
