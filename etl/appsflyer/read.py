"""Lines to text batches: the block's style picks the fast path, odd lines are tried one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.envelope import open_envelopes
from etl.appsflyer.fields import V1_SPECIAL, canonical_name
from etl.appsflyer.formats.framing import frame_values
from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.lines import Lines
from etl.appsflyer.macros import Template
from etl.appsflyer.messages import Positions, Reason, Reject, Stray, Style, TextBatch
from etl.appsflyer.objects import UnreadableObject, read_object
from etl.appsflyer.parse import JsonParser
from etl.appsflyer.queries import read_queries

_SCALAR_REASONS = frozenset({Reason.INVALID_JSON, Reason.NOT_AN_OBJECT})


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How the messages of a source are packed: inside an envelope, or as a partner's postback template."""

    template: Template | None = None
    envelope: str | None = None
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class LineReject:
    """A line, or a part of one, that holds no message; `raw` is None where the whole line is meant."""

    line: int
    reason: Reason
    raw: bytes | None = None


@dataclass(slots=True)
class ReadLines:
    """What lines came to: batches whose positions are line numbers, and rejects.

    `extra_messages` counts, for the few lines that hold several messages, those beyond the first; it comes
    from framing, not from the parser.
    """

    batches: list[TextBatch] = field(default_factory=list)
    rejects: list[LineReject] = field(default_factory=list)
    extra_messages: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Salvaged:
    """What was got out of odd lines: objects, and lines that look like GET messages."""

    objects: list[tuple[int, Mapping[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[int, bytes]] = field(default_factory=list)


def read_lines(lines: Lines, parser: JsonParser, rules: ReadingRules) -> ReadLines:
    """Read lines; each is in a batch, or rejected, or both in parts."""
    read = ReadLines()
    numbers = np.arange(lines.count, dtype=np.int64)
    if lines.style is Style.TEXT:
        _read_text(lines.index.as_array(), numbers, lines.query_column, read, rules)
    elif rules.envelope:
        _read_envelopes(lines.index.as_array(), parser, read, rules, rules.envelope)
    else:
        _read_json(lines.index, numbers, parser, read, rules)
    if rules.app_id is not None:
        read.batches = [_fill_app_id(batch, rules.app_id) for batch in read.batches]
    return read


def _fill_app_id(batch: TextBatch, app_id: str) -> TextBatch:
    """Let the source's app stand in where a message names none."""
    given = pa.scalar(app_id, pa.string())
    named = batch.columns.get("app_id", pa.nulls(batch.rows, pa.string()))
    is_named = pc.fill_null(pc.not_equal(named, ""), fill_value=False)
    return replace(batch, columns={**batch.columns, "app_id": pc.if_else(is_named, named, given)})


def _read_json(
    index: LineIndex, numbers: Positions, parser: JsonParser, read: ReadLines, rules: ReadingRules
) -> None:
    """Read lines of JSON; `numbers` are their lines' numbers."""
    parsed = parser.parse(index, len(numbers))
    read.batches.append(TextBatch(parsed.columns, numbers, len(numbers), void=parsed.leftover))
    if len(parsed.leftover):
        _salvage(((int(numbers[row]), index.line(row)) for row in parsed.leftover.tolist()), read, rules)


def _read_envelopes(
    lines: pa.Array, parser: JsonParser, read: ReadLines, rules: ReadingRules, path: str
) -> None:
    """Read the messages inside envelopes, each of which is a line of JSON."""
    opened = open_envelopes(lines, path)
    read.rejects += [LineReject(line, Reason.ENVELOPE_MISSING) for line in opened.missing_rows.tolist()]
    read.rejects += [LineReject(line, Reason.ENVELOPE_INVALID) for line in opened.invalid_rows.tolist()]
    if len(opened.json_rows):
        payload = b"\n".join([*opened.json_lines.to_pylist(), b""])
        _read_json(LineIndex(payload), opened.json_rows, parser, read, rules)
    if len(opened.text_rows):
        _read_text(opened.text_lines, opened.text_rows, None, read, rules)


def _read_text(
    lines: pa.Array, numbers: Positions, query_column: int | None, read: ReadLines, rules: ReadingRules
) -> None:
    """Read GET messages; a line without one may still hold JSON."""
    batch = read_queries(
        lines, numbers, query_column=query_column, template=rules.template, app_id=rules.app_id
    )
    read.batches.append(batch)
    braced = [_may_hold_json(each) for each in batch.rejects]
    read.rejects += [
        LineReject(each.position, each.reason)
        for each, is_braced in zip(batch.rejects, braced, strict=True)
        if not is_braced
    ]
    odd = [
        (each.position, each.raw) for each, is_braced in zip(batch.rejects, braced, strict=True) if is_braced
    ]
    _salvage(odd, read, rules, otherwise=Reason.NO_MESSAGE)


def _may_hold_json(reject: Reject) -> bool:
    return reject.reason is Reason.NO_MESSAGE and b"{" in reject.raw


def _salvage(
    odd_lines: Iterable[tuple[int, bytes]],
    read: ReadLines,
    rules: ReadingRules,
    otherwise: Reason | None = None,
) -> None:
    """Read odd lines one by one; `otherwise` is a better reason for those that hold nothing."""
    salvaged = _Salvaged()
    for line, raw in odd_lines:
        reason = _salvage_line(line, raw, salvaged, read)
        if reason is not None:
            read.rejects.append(LineReject(line, otherwise or reason))
    if salvaged.objects:
        read.batches.append(_as_batch(salvaged.objects))
    if salvaged.texts:
        batch = read_queries(
            pa.array([raw for _, raw in salvaged.texts], pa.binary()),
            np.array([line for line, _ in salvaged.texts], dtype=np.int64),
            query_column=None,
            template=rules.template,
            app_id=rules.app_id,
        )
        read.batches.append(batch)
        read.rejects += [LineReject(each.position, each.reason) for each in batch.rejects]


def _salvage_line(line: int, raw: bytes, salvaged: _Salvaged, read: ReadLines) -> Reason | None:
    """Read one odd line into `salvaged`; gives the reason when it holds nothing."""
    try:
        salvaged.objects.append((line, read_object(raw)))
    except UnreadableObject as error:
        if error.reason not in _SCALAR_REASONS:
            return error.reason
        if _looks_like_query(raw):
            salvaged.texts.append((line, raw))
            return None
        return _salvage_parts(line, raw, salvaged, read, error.reason)
    return None


def _looks_like_query(raw: bytes) -> bool:
    head = raw.lstrip()[:1]
    return head not in {b"{", b"["} and b"=" in raw and b"&" in raw


def _salvage_parts(
    line: int, raw: bytes, salvaged: _Salvaged, read: ReadLines, reason: Reason
) -> Reason | None:
    """Read a line's several JSON values, or the one behind a prefix; what is between is rejected."""
    start = raw.find(b"{")
    values = frame_values(raw[start:] if _is_prefix(raw[:start]) else raw)
    if not values.messages:
        return reason
    rejects = [LineReject(line, each.reason, each.raw) for each in values.rejects]
    for message in values.messages:
        try:
            salvaged.objects.append((line, read_object(message)))
        except UnreadableObject as error:
            rejects.append(LineReject(line, error.reason, message))
    read.rejects += rejects
    extra = len(values.messages) + len(values.rejects) - 1
    if extra:
        read.extra_messages[line] = extra
    return None


def _is_prefix(raw: bytes) -> bool:
    """Tell whether bytes before the first brace are a log's prefix, such as a time and a level."""
    return bool(raw.strip(b" \t[],")) and b'"' not in raw


def _as_batch(objects: Sequence[tuple[int, Mapping[str, str | None]]]) -> TextBatch:
    """Make a batch of objects; names that the authority does not know become strays."""
    met = {name for _, item in objects for name in item}
    known = sorted(name for name in met if name in V1_SPECIAL or canonical_name(name) is not None)
    unknown = met.difference(known)
    strays = [
        Stray(row, name, text)
        for row, (_, item) in enumerate(objects)
        for name, text in item.items()
        if text and name in unknown
    ]
    return TextBatch(
        columns={name: pa.array([item.get(name) for _, item in objects], pa.string()) for name in known},
        positions=np.array([line for line, _ in objects], dtype=np.int64),
        messages=len(objects),
        strays=tuple(strays),
    )
