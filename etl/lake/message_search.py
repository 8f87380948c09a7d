"""Telling whether a landed message holds somebody who was erased."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from etl.appsflyer.id_scan import Texts
from etl.hash_keys import HashKey
from etl.lake.raw_search import list_readings, stands_in
from etl.proving.findings import Tally
from etl.proving.matching import Matcher
from etl.proving.texts import DEPTH, TextScanner
from etl.proving.unwrapping import unwrap, view_bytes
from etl.proving.wanted import Wanted

EVERY_APP: Final = "*"
# Words of letters and digits; an id that stands alone has all of its words between other characters.
_WORD: Final = re.compile(r"[^\W_]+")
_APP_KEY: Final = re.compile(r"app_?id|bundle_?id")
# What `list_readings` does not undo.
_BINARY: Final = frozenset({"base64", "utf-16"})
_NO_APPS: Final[frozenset[str]] = frozenset()

Scopes = Mapping[str, frozenset[str]]
"""The apps in which each is erased; `*` among them is every app."""


class MessageSearch:
    """Finds erased people in messages, through what `TextScanner` looks through.

    Ids that have a shape are looked up by keyed hash; others, of which the plain form must be known, are
    searched between characters that are no letters or digits. Where somebody is erased in some apps only,
    their message must be of one of them: it names the app, or no app at all.

    `app_id` is the app of all messages, where the configuration says so.
    """

    def __init__(self, key: HashKey, hashed: Scopes, free: Scopes, app_id: str | None = None) -> None:
        """Take the key, people by their keyed hashes, and folded ids of any form."""
        self._hashed, self._app_id = hashed, app_id
        self._scanner = TextScanner(Wanted(key, hashed))
        self._free: dict[str, dict[str, frozenset[str]]] = {}
        for form, apps in free.items():
            word = max(_WORD.findall(form), key=len, default="")
            if word:
                self._free.setdefault(word, {})[form] = apps

    def __repr__(self) -> str:
        """Tell how many there are, and nobody."""
        return f"<MessageSearch: {len(self._hashed)} hashes>"

    def may_hold(self, data: bytes) -> bool:
        """Tell whether somebody stands anywhere in some bytes, whatever the app."""
        return next(self._find(data), None) is not None

    def holds(self, message: bytes) -> bool:
        """Tell whether a message holds somebody who is erased in its app."""
        return any(self._is_of(message, apps) for apps in self._find(message))

    def _find(self, data: bytes) -> Iterator[frozenset[str]]:
        """Give the apps of each who stands there."""
        tally = Tally()
        texts = view_bytes(data)
        self._scanner.scan(texts, "message", tally)
        yield from {self._hashed[each.subject] for each in tally.list_findings("")}
        if self._free:
            yield from (apps for text in _list_readings(texts) for apps in self._find_free(text))

    def _find_free(self, text: str) -> Iterator[frozenset[str]]:
        for word in self._free.keys() & set(_WORD.findall(text)):
            yield from (apps for form, apps in self._free[word].items() if stands_in(form, text))

    def _is_of(self, message: bytes, apps: frozenset[str]) -> bool:
        if EVERY_APP in apps:
            return True
        if self._app_id is not None:
            return self._app_id in apps
        texts = list(_list_readings(view_bytes(message)))
        if not any(_APP_KEY.search(text) for text in texts):
            return True
        return any(stands_in(app.casefold(), text) for app in apps for text in texts)


def choose_free(forms: Iterable[str]) -> set[str]:
    """Choose the folded ids that have no shape by which `MessageSearch` would find them."""
    listed = list(forms)
    matcher = Matcher(Wanted(b"", ()))
    shaped = {each.decode() for each in matcher.list_messages(view_bytes("\n".join(listed).encode()))}
    return {form for form in listed if form not in shaped}


def join_scopes(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Join pairs of an app, or `*`, and somebody."""
    found: dict[str, frozenset[str]] = {}
    for app_id, who in pairs:
        found[who] = found.get(who, _NO_APPS) | {app_id}
    return found


def _list_readings(texts: Texts, depth: int = DEPTH) -> Iterator[str]:
    yield from list_readings(texts.data.tobytes().decode(errors="replace"))
    for name, inner in unwrap(texts) if depth else ():
        if name in _BINARY:
            yield from _list_readings(inner, depth - 1)
