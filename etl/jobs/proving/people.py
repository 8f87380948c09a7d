"""Who must not be found: everybody whose erasure is done, by the keyed hashes of every form of their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl.hash_keys import HashKey
from etl.ledger.database import Ledger
from etl.ledger.proving import Due, list_links_of, list_not_gone
from etl.ledger.suppressions import EVERY_APP, list_erased
from etl.proving.wanted import Wanted
from etl.subjects import hash_forms


@dataclass(frozen=True, slots=True)
class Sought:
    """Hashes that must not be found, each with the apps in which it must not."""

    apps: Mapping[str, frozenset[str]] = field(repr=False)

    def make_wanted(self, key: HashKey) -> Wanted:
        """Make what a scan looks tokens up in."""
        return Wanted(key, self.apps)

    def is_sought(self, found: str, app_id: str) -> bool:
        """Tell whether a hash must not be found among rows of an app."""
        return not self.apps[found].isdisjoint({app_id, EVERY_APP})

    def is_sought_everywhere(self, found: str) -> bool:
        """Tell whether a hash must not be found in any app."""
        return EVERY_APP in self.apps[found]


def seek_people(ledger: Ledger, key: HashKey) -> Sought:
    """Find who must be gone: who is suppressed to be erased, but for those whose erasure is still due."""
    # In this order: whoever is suppressed in between is in neither.
    suppressed = list_erased(ledger)
    still_here = {pair for due in list_not_gone(ledger) for pair in _list_forms(ledger, key, due)}
    # Nearly all are sought in one app or in all, so that few sets do for millions of hashes.
    alone = {app_id: frozenset({app_id}) for app_id, _ in suppressed}
    apps: dict[str, frozenset[str]] = {}
    for app_id, form in suppressed:
        if (app_id, form) not in still_here:
            apps[form] = apps[form] | alone[app_id] if form in apps else alone[app_id]
    return Sought(apps)


def _list_forms(ledger: Ledger, key: HashKey, due: Due) -> list[tuple[str, str]]:
    forms = (due.subject,) if due.is_digest else hash_forms(key, due.identifier)
    linked = list_links_of(ledger, (due.subject, due.app_id))
    return [*((due.app_id, form) for form in forms), *linked]
