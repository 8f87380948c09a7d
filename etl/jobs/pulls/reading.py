"""A file of the Pull API, read from its store block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.lines import Lines, merge_blocks
from etl.appsflyer.messages import Block, Style
from etl.appsflyer.pull.headers import Form, NoPullFileError, name_columns, read_form
from etl.appsflyer.pull.reading import PullReader, name_cells
from etl.appsflyer.pull.records import read_header, read_records
from etl.appsflyer.pull.reports import REPORTS
from etl.appsflyer.pull.source import PullSource
from etl.appsflyer.read import ReadLines
from etl.errors import UsageError
from etl.jobs.discovery import RunObject
from etl.stores import LandedObject, Store, open_object


def read_pulled(
    store: Store, each: RunObject, pull: PullSource, block_bytes: int
) -> Iterator[tuple[Block, Lines, ReadLines]]:
    """Read a file of a run: each block as it was cut, its records, and what these came to.

    A record that must be set aside is so under its columns' names.
    """
    form = read_form_of(store, each.landed, pull)
    reader = PullReader(form)
    with open_object(store, each.landed) as raw:
        for block in read_records(raw, form.width, form.delimiter, block_bytes=block_bytes):
            lines = merge_blocks([(each.ordinal, _name(block, form.names, form.delimiter))])
            yield block, lines, reader.read(lines)


def read_form_of(store: Store, landed: LandedObject, pull: PullSource) -> Form:
    """Read how a file is written; raises UsageError where it is no file of the Pull API."""
    with open_object(store, landed) as raw:
        header = read_header(raw)
    try:
        return read_form(header, REPORTS[pull.report], pull.zone, pull.app_id)
    except NoPullFileError as error:
        raise UsageError(f"{landed.uri} {error}") from None


def read_record(store: Store, landed: LandedObject, line: int) -> Lines | None:
    """Read the record that begins at a line of a file, under its columns' names; None where none does."""
    with open_object(store, landed) as raw:
        names, delimiter = name_columns(read_header(raw))
    with open_object(store, landed) as raw:
        for block in read_records(raw, len(names), delimiter):
            lines = merge_blocks([(0, _name(block, names, delimiter))])
            found = np.flatnonzero(lines.positions == line).tolist()
            if found:
                named = lines.raw(found[0]) + b"\n"
                return merge_blocks([(0, Block(Style.JSON, named, 1, line))])
    return None


def _name(block: Block, names: Sequence[str], delimiter: str) -> Block:
    index = LineIndex(block.payload, block.line_ends)
    return replace(block, raw_of=lambda number: name_cells(index.line(number), names, delimiter))
