"""Finding the query that is the message in lines of any layout, without looking at the lines one by one.

Decided at numpy's speed are lines that are nothing but a query, a URL or `SomeName?query`, and log lines of
which one word has a message's names. The rest, and lines in doubt, go through `query_line` one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from etl.appsflyer.byte_lines import (
    Bytes,
    Lines,
    Mask,
    Offsets,
    append_lines,
    count_in,
    first_in,
    last_before,
)
from etl.appsflyer.query_line import find_query
from etl.appsflyer.query_marks import Marks
from etl.appsflyer.query_names import Anchors, find_anchors

_IS_CLOSER = np.zeros(256, dtype=bool)
_IS_CLOSER[np.frombuffer(b"'>)]}`\\", dtype=np.uint8)] = True
_ESCAPED_AMPERSAND = np.frombuffer(b"\\u0026", dtype=np.uint8)
_REQUEST_END = np.frombuffer(b" HTTP/", dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Queries:
    """The query of each line, empty where there is none.

    `is_raw` marks those written out decoded. `marks` are those of the data, or None once lines are out of
    order.
    """

    lines: Lines
    has_query: Mask
    is_raw: Mask
    marks: Marks | None


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a query stands in some lines, and for which of them that is sure."""

    starts: Offsets
    ends: Offsets
    is_sure: Mask


def locate_queries(lines: Lines, marks: Marks, names: Collection[str]) -> Queries:
    """Find the query in each line that has one of the names; a line with none of them has no query."""
    anchors = find_anchors(lines, marks.equals, names)
    whole = _find_whole(lines, marks, anchors)
    word = _find_word(lines, marks, anchors)
    is_escaped = _has_escape(lines, marks)
    is_sure = (whole.is_sure | word.is_sure) & ~is_escaped
    starts = np.where(is_sure, np.where(whole.is_sure, whole.starts, word.starts), lines.starts)
    ends = np.where(is_sure, np.where(whole.is_sure, whole.ends, word.ends), lines.starts)
    is_raw = count_in(marks.breaks, starts, ends) > 0
    sure = Queries(Lines(lines.data, starts, ends), is_sure, is_raw, marks)
    is_doubtful = _has_any(anchors.starts, lines.starts, lines.ends) | is_escaped
    rows = np.flatnonzero(is_doubtful & ~is_sure)
    return _decide_doubtful(sure, lines, rows, names) if len(rows) else sure


def replace_queries(
    queries: Queries, rows: Offsets, replacements: Sequence[bytes | None], *, are_raw: Sequence[bool]
) -> Queries:
    """Give some lines other queries, or none."""
    has_query, is_raw = queries.has_query.copy(), queries.is_raw.copy()
    has_query[rows] = [query is not None for query in replacements]
    is_raw[rows] = are_raw
    lines = append_lines(queries.lines, rows, [query or b"" for query in replacements])
    return Queries(lines, has_query, is_raw, marks=None)


def _decide_doubtful(sure: Queries, lines: Lines, rows: Offsets, names: Collection[str]) -> Queries:
    wanted = {name.encode() for name in names}
    queries = [find_query(lines.cut(row), wanted) for row in rows]
    return replace_queries(sure, rows, queries, are_raw=[_is_broken(query or b"") for query in queries])


def _is_broken(query: bytes) -> bool:
    return any(byte <= 32 or byte == 34 for byte in query)  # noqa: PLR2004 - whitespace and the double quote


def _find_whole(lines: Lines, marks: Marks, anchors: Anchors) -> _Found:
    """Find lines that are a query, or a query behind one word and a question mark, up to their end."""
    first_break = first_in(marks.breaks, lines.starts, lines.ends)
    first_mark = first_in(marks.questions, lines.starts, lines.ends)
    first_equal = first_in(marks.equals, lines.starts, lines.ends)
    first_pair = first_in(marks.ampersands, lines.starts, lines.ends)
    is_behind = (first_mark < first_break) & (first_mark < first_equal)
    is_bare = (first_equal < first_break) & (first_equal < first_mark)
    is_bare &= (first_pair < first_break) | np.isin(lines.starts, anchors.starts)
    starts = np.where(is_behind, first_mark + 1, lines.starts)
    is_path = is_behind & (count_in(marks.slashes, lines.starts, first_mark) > 0)
    is_sure = (is_behind | is_bare) & (count_in(anchors.starts, starts, lines.ends) > 0)
    is_sure &= ~is_path | _goes_on(lines, marks, starts)
    is_sure &= ~_has_any(marks.openers, lines.starts, starts)
    return _Found(starts, lines.ends, is_sure)


def _goes_on(lines: Lines, marks: Marks, starts: Offsets) -> Mask:
    """Say whether a query has no break, or another parameter behind its first one."""
    first_break = first_in(marks.breaks, starts, lines.ends)
    stop = np.minimum(
        first_in(marks.questions, first_break, lines.ends), first_in(marks.quotes, first_break, lines.ends)
    )
    mask: Mask = (first_break == lines.ends) | (count_in(marks.ampersands, first_break, stop) > 0)
    return mask


def _find_word(lines: Lines, marks: Marks, anchors: Anchors) -> _Found:
    """Find the word of a log line in which the first known name stands."""
    anchor = first_in(anchors.starts, lines.starts, lines.ends)
    word = last_before(marks.breaks, anchor, lines.starts) + 1
    ends = first_in(marks.breaks, anchor, lines.ends)
    mark = first_in(marks.questions, word, anchor)
    has_mark = (mark < anchor) & (mark < first_in(marks.ampersands, word, anchor))
    starts = np.where(has_mark, mark + 1, word)
    is_request = _matches(lines.data, ends, _REQUEST_END)
    is_only = count_in(anchors.starts, ends, lines.ends) == 0
    is_only &= ~_has_request(lines, marks) & ~_goes_beyond(lines, marks, ends)
    is_sure = (
        (anchor < lines.ends)
        & (is_request | is_only)
        & ~_IS_CLOSER[lines.data[ends - 1]]
        & ~_has_any(marks.openers, word, starts)
    )
    is_sure &= np.where(
        has_mark, count_in(marks.slashes, word, mark) > 0, _starts_pair(lines, marks, anchor, word)
    )
    return _Found(starts, ends, is_sure)


def _starts_pair(lines: Lines, marks: Marks, anchor: Offsets, word: Offsets) -> Mask:
    """Say whether a word is a query from its start on, not `query=app_id=…`."""
    first_pair = first_in(marks.ampersands, word, np.maximum(anchor, word))
    is_plain = count_in(marks.equals, word, first_pair) <= 1
    is_pair: Mask = is_plain & ((anchor == word) | (lines.data[anchor - 1] == ord("&")))
    return is_pair


def _goes_beyond(lines: Lines, marks: Marks, ends: Offsets) -> Mask:
    stop = np.minimum(first_in(marks.questions, ends, lines.ends), first_in(marks.quotes, ends, lines.ends))
    return count_in(marks.ampersands, ends, stop) > 0


def _has_any(positions: Offsets, starts: Offsets, ends: Offsets) -> Mask:
    return count_in(positions, starts, ends) > 0


def _has_request(lines: Lines, marks: Marks) -> Mask:
    starts = marks.slashes - len(_REQUEST_END) + 1
    is_end = _matches(lines.data, starts, _REQUEST_END)
    return _has_any(starts[is_end], lines.starts, lines.ends)


def _has_escape(lines: Lines, marks: Marks) -> Mask:
    is_escape = _matches(lines.data, marks.openers, _ESCAPED_AMPERSAND)
    return _has_any(marks.openers[is_escape], lines.starts, lines.ends)


def _matches(data: Bytes, places: Offsets, text: Bytes) -> Mask:
    is_equal = np.ones(len(places), dtype=bool)
    for index, byte in enumerate(text):
        is_equal &= data.take(places + index, mode="clip") == byte
    return is_equal
