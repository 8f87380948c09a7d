"""Reading text lines that hold Push API GET messages: access logs, CloudFront logs, URLs and bare queries.

Vendor documents followed: "AppsFlyer: Push API V2.0" (GET: the fields as a query) and "AppsFlyer: Postbacks
for analytics partners". All lines are read together at numpy's speed; only lines in doubt are looked at one
by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from etl.appsflyer.byte_lines import Mask, Offsets, mark_rows, trim_line_ends, view_lines
from etl.appsflyer.fields import V1_SPECIAL, canonical_name
from etl.appsflyer.locate import Queries, locate_queries, replace_queries
from etl.appsflyer.macros import Template, resolve_parameter
from etl.appsflyer.messages import Positions, Reason, Reject, Stray, TextBatch
from etl.appsflyer.percent import find_invalid
from etl.appsflyer.postback_columns import fit_postbacks
from etl.appsflyer.query_marks import find_marks
from etl.appsflyer.query_mend import encode_raw, mend_currencies, take_column
from etl.appsflyer.query_names import MESSAGE_NAMES
from etl.appsflyer.query_pairs import Pairs, split_queries, walk_columns

# A name that fewer rows have than one in so many gets no column, unless it is a known field's.
_RARE_ROWS = 64
_HAS_PARAMETER = r"(?:^|[?&\s\"])[^?&=\s\"]+=[^\s\"]"


@dataclass(slots=True)
class _Columns:
    """Columns of all lines, before the rejected ones are taken out."""

    template: Template | None
    texts: dict[str, pa.Array]
    strays: list[Stray]
    is_invalid: Mask


def read_queries(
    lines: pa.Array,
    positions: Positions,
    *,
    query_column: int | None = None,
    template: Template | None = None,
    app_id: str | None = None,
) -> TextBatch:
    """Read one message a line: where it stands in the line, its parameters, each decoded once.

    `lines` is an array of bytes or text; `query_column` the 0-based tab-separated column of CloudFront's
    logs in which the query is encoded once more. Columns bear the wire names, or with a `template` the
    fields that its parameters stand for, and empty values are null. `app_id` stands in where a message has
    none. `+` is a space (write `%2B` for a plus), but a query that was written out decoded, which spaces
    and quotes show, is taken as it is.

    Lines are rejected as `NO_MESSAGE`, `TEMPLATE_MISMATCH`, `INVALID_UTF8` or `DUPLICATE_KEYS` (a repeated
    parameter whose values differ); nothing is raised for what they hold. `messages` is the number of lines.
    """
    queries = _find_queries(lines, query_column, template)
    pairs = split_queries(queries)
    if len(doubtful := _find_doubtful(pairs, queries)):
        encoded = [encode_raw(queries.lines.cut(row)) for row in doubtful]
        pairs = split_queries(replace_queries(queries, doubtful, encoded, are_raw=[False] * len(encoded)))
    columns = _lay_out(pairs, len(lines), template)
    reasons = _give_reasons(lines, queries, pairs, columns, template)
    kept = np.flatnonzero(reasons == "")
    texts = _keep_rows(columns.texts, kept, len(lines))
    if template is not None:
        texts = fit_postbacks(texts, template, len(kept))
    return TextBatch(
        columns=_fill_app_id(texts, app_id, len(kept)),
        positions=positions[kept],
        messages=len(lines),
        rejects=_list_rejects(lines, positions, reasons),
        strays=_keep_strays(columns.strays, kept),
    )


def _find_queries(lines: pa.Array, query_column: int | None, template: Template | None) -> Queries:
    viewed = trim_line_ends(view_lines(lines))
    if query_column is not None:
        viewed = take_column(viewed, query_column)
    names = MESSAGE_NAMES if template is None else _list_names(template)
    marks = find_marks(viewed.data)
    mended = mend_currencies(viewed, marks.equals)
    return locate_queries(mended, marks if mended is viewed else find_marks(mended.data), names)


def _list_names(template: Template) -> frozenset[str]:
    return frozenset(parameter.name for parameter in template.parameters if parameter.macro is not None)


def _find_doubtful(pairs: Pairs, queries: Queries) -> Offsets:
    """Find raw queries that hold a name which is no field's, one name twice, or a piece without one."""
    if not queries.is_raw.any():
        return np.empty(0, dtype=np.int64)
    is_odd = np.array([not _is_field(name.decode(errors="replace")) for name in pairs.names], dtype=bool)
    odd = pairs.rows[is_odd[pairs.codes]] if len(is_odd) else pairs.rows
    rows = np.concatenate([odd, pairs.rows[pairs.repeated()], pairs.lone_rows])
    return np.flatnonzero(mark_rows(rows, len(queries.lines)) & queries.is_raw)


def _lay_out(pairs: Pairs, rows: int, template: Template | None) -> _Columns:
    columns = _Columns(template, {}, [], np.zeros(rows, dtype=bool))
    for name, span in walk_columns(pairs):
        _put_column(columns, pairs, name, span)
    return columns


def _put_column(columns: _Columns, pairs: Pairs, name: bytes, span: slice) -> None:
    rows = len(columns.is_invalid)
    try:
        wire = name.decode()
    except UnicodeDecodeError:
        columns.is_invalid[pairs.rows[span]] = True
        return
    if (span.stop - span.start) * _RARE_ROWS < rows and not _is_declared(wire, columns.template):
        _put_strays(columns, pairs, wire, span)
        return
    values = pairs.lay_out(span, rows)
    if invalid := find_invalid(values):
        columns.is_invalid[invalid] = True
        values = _drop_rows(values, invalid)
    columns.texts[wire] = values.cast(pa.string())


def _put_strays(columns: _Columns, pairs: Pairs, wire: str, span: slice) -> None:
    template = columns.template
    name = wire if template is None else resolve_parameter(template, wire).target
    values = pairs.values(np.arange(span.start, span.stop)).to_pylist()
    for row, value in zip(pairs.rows[span].tolist(), values, strict=True):
        try:
            columns.strays.append(Stray(row, name, value.decode()))
        except UnicodeDecodeError:
            columns.is_invalid[row] = True


def _is_field(wire: str) -> bool:
    return canonical_name(wire) is not None or wire in V1_SPECIAL


def _is_declared(wire: str, template: Template | None) -> bool:
    if _is_field(wire):
        return True
    return template is not None and (
        wire in template.by_name or resolve_parameter(template, wire).target != wire
    )


def _drop_rows(values: pa.Array, rows: list[int]) -> pa.Array:
    index = np.arange(len(values))
    return values.take(pa.array(index, mask=mark_rows(np.array(rows, dtype=np.int64), len(values))))


def _give_reasons(
    lines: pa.Array, queries: Queries, pairs: Pairs, columns: _Columns, template: Template | None
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    reasons = np.full(len(lines), "", dtype=object)
    reasons[_find_conflicts(pairs)] = Reason.DUPLICATE_KEYS
    reasons[columns.is_invalid] = Reason.INVALID_UTF8
    missing = np.flatnonzero(~queries.has_query)
    reasons[missing] = Reason.NO_MESSAGE
    if template is not None and len(missing):
        texts = lines.take(pa.array(missing)).cast(pa.binary()).fill_null(b"")
        has_parameter = pa.compute.match_substring_regex(texts, _HAS_PARAMETER).to_numpy(zero_copy_only=False)
        reasons[missing[has_parameter]] = Reason.TEMPLATE_MISMATCH
    return reasons


def _find_conflicts(pairs: Pairs) -> Offsets:
    repeated = pairs.repeated()
    if not len(repeated):
        return repeated
    is_other = pa.compute.not_equal(pairs.values(repeated), pairs.values(repeated - 1))
    conflicts: Offsets = pairs.rows[repeated[is_other.to_numpy(zero_copy_only=False)]]
    return conflicts


def _list_rejects(
    lines: pa.Array, positions: Positions, reasons: np.ndarray[tuple[int], np.dtype[np.object_]]
) -> tuple[Reject, ...]:
    rows = np.flatnonzero(reasons != "")
    raws = lines.take(pa.array(rows)).cast(pa.binary()).to_pylist()
    return tuple(
        Reject(int(positions[row]), reasons[row], raw or b"") for row, raw in zip(rows, raws, strict=True)
    )


def _keep_rows(texts: Mapping[str, pa.Array], kept: Offsets, rows: int) -> dict[str, pa.Array]:
    if len(kept) == rows:
        return dict(texts)
    index = pa.array(kept)
    taken = {name: column.take(index) for name, column in texts.items()}
    return {name: column for name, column in taken.items() if column.null_count < len(column)}


def _keep_strays(strays: list[Stray], kept: Offsets) -> tuple[Stray, ...]:
    row_of = {row: index for index, row in enumerate(kept.tolist())} if strays else {}
    return tuple(replace(stray, row=row_of[stray.row]) for stray in strays if stray.row in row_of)


def _fill_app_id(texts: dict[str, pa.Array], app_id: str | None, rows: int) -> Mapping[str, pa.Array]:
    if app_id is not None:
        given = pa.scalar(app_id, pa.string())
        column = texts.get("app_id")
        texts["app_id"] = pa.repeat(given, rows) if column is None else column.fill_null(given)
    return texts
