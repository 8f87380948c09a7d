"""The story of one event: row, load, landed line, how that is read today, and what Liftoff heard of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from etl.appsflyer.formats.framing import read_blocks
from etl.appsflyer.lines import Lines, merge_blocks
from etl.appsflyer.masking import mask_raw, mask_row
from etl.appsflyer.messages import Block, TextBatch
from etl.appsflyer.normalize import TypedBatch, normalize_batch
from etl.appsflyer.parse import JsonParser
from etl.appsflyer.read import ReadingRules, read_lines
from etl.errors import StorageError, UsageError
from etl.jobs.discovery import RunObject
from etl.jobs.normalizing import group_by_rules
from etl.jobs.pulls.reading import read_record
from etl.jobs.telling import Telling, describe_telling, tell_of
from etl.lake.reading import Lake, open_lake
from etl.settings import Settings
from etl.stores import LandedObject, Store, find_object, open_object, open_store

Row = dict[str, object]

# Columns that the run decides, not the message.
_RUN_COLUMNS = frozenset({"quality_flags", "source_uri", "loaded_at", "load_id", "source_position"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """One event: all of it masked unless revealed.

    `message` holds the fields as the parser reads them today, `changed` names the columns that it would fill
    differently today. A record of a Pull file is shown as it is, since its file does not tell all that is
    needed to read it.
    """

    event: Row
    load: Row | None
    source_uri: str
    source_position: int
    raw: str | None
    missing: str | None
    message: Mapping[str, object] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    telling: Telling | None = None
    is_pulled: bool = False


def explain_event(settings: Settings, event_id: str, *, is_revealed: bool = False) -> list[Explanation]:
    """Explain the events that have this id, or this occurrence id; UsageError when there is none."""
    lake = open_lake(settings)
    rows = find_events(lake, event_id)
    if not rows:
        raise UsageError(name_way_out(lake, event_id))
    return [_explain(settings, lake, row, is_revealed=is_revealed) for row in rows]


def find_events(lake: Lake, event_id: str) -> list[Row]:
    """Find rows of `events` by their id or their occurrence's."""
    test = (pc.field("event_id") == event_id) | (pc.field("occurrence_id") == event_id)
    found = lake.events.dataset().to_table(filter=test).to_pylist()
    return [row | {"extra": dict(row["extra"] or ())} for row in found]


def name_way_out(lake: Lake, event_id: str) -> str:
    """Say what to do about an id that no event has."""
    test = pc.field("quarantine_id") == event_id
    if lake.quarantine.dataset().count_rows(filter=test):
        return "This is the id of a message in quarantine; show it with: pushlift quarantine show ID"
    return (
        "No event has this id. Ids are 32 hexadecimal digits in the columns event_id and occurrence_id;"
        " find one with: pushlift sql 'select event_id from events where …'"
    )


def find_landed(landing: Store, row: Row, load: Row | None) -> LandedObject | str:
    """Find the object that a row came from, as it was; or say why it cannot be read."""
    key = str(row["source_uri"]).removeprefix(landing.uri_of(""))
    landed = find_object(landing, key)
    if landed is None:
        return "the object is no longer in landing"
    if load is not None and load["source_version"] != landed.version:
        return "the object in landing is another version since"
    return landed


def read_line(landing: Store, landed: LandedObject, position: int) -> Lines | None:
    """Read the line at a position of a landed object, alone."""
    with open_object(landing, landed) as raw:
        for block in read_blocks(raw):
            if not block.messages:
                continue
            lines = merge_blocks([(0, block)])
            found = np.flatnonzero(lines.positions == position).tolist()
            if found:
                return cut_line(block, lines, found[0])
    return None


def cut_line(block: Block, lines: Lines, line: int) -> Lines:
    """Cut one line out of a block, with how it landed."""
    raw = lines.raw(line)
    alone = Block(
        style=block.style,
        payload=lines.index.line(line) + b"\n",
        messages=1,
        first_position=int(lines.positions[line]),
        raw_of=lambda _: raw,
        query_column=block.query_column,
    )
    return merge_blocks([(0, alone)])


def read_event(lines: Lines, rules: ReadingRules, event_id: object) -> tuple[Row, Row]:
    """Read a line as an ingest would: the event's fields as texts, and its columns; empty where it is not."""
    read = read_lines(lines, JsonParser(), rules)
    for batch in read.batches:
        found = _find_event(batch, event_id)
        if found:
            return found
    return {}, {}


def describe_explanation(found: Explanation) -> Iterator[str]:
    """Describe one event in lines for people."""
    yield f"event {found.event['event_id']}"
    yield from (
        f"  {name:<34} {value}" for name, value in found.event.items() if value not in (None, "", {}, [])
    )
    yield f"landed in {found.source_uri}, position {found.source_position}"
    yield f"  {found.raw}" if found.missing is None else f"  ({found.missing})"
    if found.load:
        yield f"load {found.load['load_id']}"
        yield from (f"  {name:<34} {value}" for name, value in found.load.items() if value is not None)
    if found.missing is None and not found.is_pulled:
        yield "read today"
        if found.changed:
            yield f"  differently in {', '.join(found.changed)}; ingest --reprocess would replace the row"
        else:
            yield "  the same"
    if found.telling is not None:
        yield from describe_telling(found.telling)


def _explain(settings: Settings, lake: Lake, row: Row, *, is_revealed: bool) -> Explanation:
    load = _find_load(lake, row["load_id"])
    pulled = open_store(settings.storage.pull, settings.storage.options)
    is_pulled = str(row["source_uri"]).startswith(pulled.uri_of(""))
    landing = pulled if is_pulled else open_store(settings.storage.landing, settings.storage.options)
    position = int(str(row["source_position"]))
    try:
        landed = find_landed(landing, row, load)
        read = read_record if is_pulled else read_line
        lines = None if isinstance(landed, str) else read(landing, landed, position)
    except StorageError as error:
        landed, lines = error.message, None
    message: Row = {}
    changed: tuple[str, ...] = ()
    if lines is not None and not isinstance(landed, str) and not is_pulled:
        message, columns = read_event(lines, _rules_of(settings, landed), row["event_id"])
        changed = _find_changes(row, columns)
    raw = lines.raw(0) if lines is not None else b""
    return Explanation(
        event=row if is_revealed else mask_row(row),
        load=load,
        source_uri=str(row["source_uri"]),
        source_position=position,
        raw=None
        if lines is None
        else raw.decode("utf-8", "backslashreplace")
        if is_revealed
        else mask_raw(raw),
        missing=None
        if lines is not None
        else landed
        if isinstance(landed, str)
        else "nothing is at this position",
        message=message if is_revealed else mask_row(message),
        changed=changed,
        telling=tell_of(settings, row),
        is_pulled=is_pulled,
    )


def _find_load(lake: Lake, load_id: object) -> Row | None:
    rows: list[Row] = lake.loads.dataset().to_table(filter=pc.field("load_id") == load_id).to_pylist()
    return rows[0] if rows else None


def _rules_of(settings: Settings, landed: LandedObject) -> ReadingRules:
    alone = RunObject(0, landed, landed.modified_at, landed.modified_at)
    return next(rules for rules, _ in group_by_rules(settings.ingest, [alone]))


def _find_event(batch: TextBatch, event_id: object) -> tuple[Row, Row] | None:
    if not batch.rows:
        return None
    typed: TypedBatch = normalize_batch(batch)
    ids = typed.columns["event_id"].to_pylist()
    if event_id not in ids:
        return None
    row = ids.index(event_id)
    columns = {name: column[row].as_py() for name, column in typed.columns.items()}
    columns["extra"] = dict(columns["extra"] or ())
    return dict(typed.texts_of([row])[0]), columns


def _find_changes(row: Row, columns: Row) -> tuple[str, ...]:
    if not columns:
        return ("event_id",)
    return tuple(
        sorted(
            name
            for name in columns
            if name in row and name not in _RUN_COLUMNS and columns[name] != row[name]
        )
    )
