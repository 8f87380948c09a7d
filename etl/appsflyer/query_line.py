"""Finding the message in one line, for the lines whose layout the fast way does not decide."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

_METHOD = re.compile(rb"\b(?:GET|POST|HEAD|PUT)\s+(?=\S)")
_VERSION = re.compile(rb"\sHTTP/\d")
_WORD = re.compile(rb'[^\s"]+')
_PREFIXED = re.compile(rb"(?:^|[\s\"'(\[])[^\s\"'/?=&]+\?(?=[^\s=&?]+=)")
_CLOSING = {ord("'"): b"'", ord("<"): b"<>", ord("("): b")", ord("["): b"]", ord("{"): b"}", ord("`"): b"`"}
# What JSON encoders make of `&`, `=` and `/` in a string.
_ESCAPES = ((b"\\u0026", b"&"), (b"\\u003d", b"="), (b"\\/", b"/"))


def find_query(line: bytes, names: Container[bytes]) -> bytes | None:
    """Give the query in a line that has most of some names, the first of equals, or None.

    A request in the line (`GET … HTTP/1.1`) excludes every other URL, as those are referrers. A query that
    spaces do not end, since it was written out decoded, is given whole.
    """
    for escape, text in _ESCAPES:
        line = line.replace(escape, text)
    if (target := _find_target(line)) is not None:
        return _choose([_take_query(target)], names)
    return _choose(_list_queries(line), names)


def count_names(query: bytes, names: Container[bytes]) -> int:
    """Count the parameters of a query whose name is one of some."""
    return sum(pair.partition(b"=")[0] in names for pair in query.split(b"&"))


def _find_target(line: bytes) -> bytes | None:
    method = _METHOD.search(line)
    version = _VERSION.search(line, method.end()) if method else None
    return line[method.end() : version.start()].rstrip() if method and version else None


def _choose(queries: Iterator[bytes] | list[bytes], names: Container[bytes]) -> bytes | None:
    best = max(queries, key=lambda query: count_names(query, names), default=b"")
    return best if count_names(best, names) else None


def _list_queries(line: bytes) -> Iterator[bytes]:
    if prefixed := _PREFIXED.search(line):
        yield _cut_quoted(line, prefixed)
    for word in _WORD.finditer(line):
        is_quoted = b"'" in line[: word.start()]
        yield _take_query(word[0].rstrip(b"'") if is_quoted else word[0])


def _take_query(word: bytes) -> bytes:
    head, mark, query = word.partition(b"?")
    if not mark or b"&" in head:
        return _strip_key(word).rstrip(b"\\")
    return _close(head, query)


def _strip_key(word: bytes) -> bytes:
    """Drop the key of a `query=app_id=…` pair."""
    key, _, rest = word.partition(b"=")
    return rest if b"=" in rest.partition(b"&")[0] and b"&" not in key else word


def _close(head: bytes, query: bytes) -> bytes:
    """Drop what closes a bracket or quote that was opened before the query."""
    for opener, closers in _CLOSING.items():
        if opener in head:
            query = re.split(rb"[" + re.escape(closers) + rb"]", query, maxsplit=1)[0]
    return query.rstrip(b"\\")


def _cut_quoted(line: bytes, prefixed: re.Match[bytes]) -> bytes:
    before, rest = line[: prefixed.end()], line[prefixed.end() :]
    is_quoted = before.count(b'"') % 2 == 1
    query = re.split(rb'(?<!\\)"', rest, maxsplit=1)[0] if is_quoted else rest
    version = _VERSION.search(query)
    return query[: version.start()].rstrip() if version else query
