"""For which apps a wish is: AppsFlyer's ids and the stores', mapped to each other by the configuration."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from etl.errors import ConfigurationError
from etl.opt_outs.codes import Refused
from etl.opt_outs.records import Scope

Scoper = Callable[[tuple[str, ...] | None], Scope]

EVERYWHERE: Final = Scope()
# An iOS app's number, or an Android app's package.
_STORE_ID: Final = re.compile(r"[0-9]{1,20}|[A-Za-z][\w-]*(?:\.[\w-]+)+")


def make_scoper(store_ids: Mapping[str, str | None]) -> Scoper:
    """Make the function that gives the scope of a row's apps, from each AppsFlyer app id's store id.

    A list may call an app as AppsFlyer does (`id1234567890`) or as its store does (`1234567890`), which is
    then all of AppsFlyer's apps with this store id. No apps are all apps. The function raises Refused where
    one app of several is not mapped: in part a wish is not honoured. Raises ConfigurationError for a store id
    that Liftoff would refuse.
    """
    known = {app_id: store_id for app_id, store_id in store_ids.items() if store_id}
    if wrong := sorted(app_id for app_id, store_id in known.items() if not _STORE_ID.fullmatch(store_id)):
        raise ConfigurationError(
            f"apps.{wrong[0]!r}.app_store_id is no store's id; write the number of an iOS app without `id`,"
            " or the package of an Android app."
        )
    by_store: defaultdict[str, list[str]] = defaultdict(list)
    for app_id, store_id in known.items():
        by_store[store_id].append(app_id)

    @lru_cache(maxsize=4096)
    def find_scope(apps: tuple[str, ...] | None) -> Scope:
        if apps is None:
            raise Refused("apps_malformed")
        found = {app_id for app in apps for app_id in _find_apps(app, known, by_store)}
        return Scope(tuple(sorted(found)), tuple(sorted({known[app_id] for app_id in found})))

    return find_scope


def _find_apps(app: str, known: Mapping[str, str], by_store: Mapping[str, list[str]]) -> list[str]:
    if app in known:
        return [app]
    if found := by_store.get(app):
        return found
    raise Refused("app_unmapped")
