"""Files are cut into records by their quotes, each counted once; a broken one costs itself."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.lines import merge_blocks
from etl.appsflyer.pull.headers import read_form
from etl.appsflyer.pull.reading import PullReader
from etl.appsflyer.pull.records import read_header, read_records
from etl.appsflyer.pull.reports import REPORTS

HEADER: Final = b"App ID,Event Name,Event Time,Event Value\n"
Cell = str | None


def read(
    data: bytes, block_bytes: int = 1 << 20
) -> tuple[list[tuple[int, Cell, Cell]], list[tuple[int, str]]]:
    """Give the records that could be read (line, name, value) and those that could not (line, reason)."""
    form = read_form(read_header(io.BytesIO(data)), REPORTS["in_app_events_report"])
    reader = PullReader(form)
    rows: list[tuple[int, Cell, Cell]] = []
    refused: list[tuple[int, str]] = []
    for block in read_records(io.BytesIO(data), form.width, form.delimiter, block_bytes=block_bytes):
        refused += [(each.position, each.reason.value) for each in block.rejects]
        lines = merge_blocks([(0, block)])
        found = reader.read(lines)
        refused += [(int(lines.positions[each.line]), each.reason.value) for each in found.rejects]
        for batch in found.batches:
            columns = (batch.columns[name].to_pylist() for name in ("event_name", "event_value"))
            rows += zip(lines.positions[batch.positions].tolist(), *columns, strict=True)
    return sorted(rows), sorted(refused)


@pytest.mark.parametrize("block_bytes", [5, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_record_is_at_its_first_line(block_bytes: int, end: bytes) -> None:
    """Quoted line ends are no ends of records; blank lines are none, and the last needs no end."""
    lines = [HEADER[:-1], b'a,one,t,"x', b'y"', b"", b"a,two,t,", b'a,three,t,"say ""hi"""']
    value = f"x{end.decode()}y"
    assert read(end.join(lines), block_bytes) == (
        [(2, "one", value), (5, "two", None), (6, "three", 'say "hi"')],
        [],
    )


def test_a_quote_that_nothing_closes_costs_its_line() -> None:
    """The records behind it are read, whether or not another quote follows."""
    lines = b'a,o"ne,t,\na,two,t,"v"\na,three,t,\n'
    assert read(HEADER + lines) == ([(3, "two", "v"), (4, "three", None)], [(2, "invalid_csv")])


def test_a_record_of_another_width_is_refused_alone() -> None:
    """One cell too few, or too many, is no guess of which is missing."""
    lines = b"a,one,t\na,two,t,v\na,three,t,v,w\n"
    assert read(HEADER + lines) == ([(3, "two", "v")], [(2, "invalid_csv"), (4, "invalid_csv")])


def test_bytes_that_are_no_utf_8_are_refused_alone() -> None:
    """A record in another encoding is told; its neighbours are read."""
    lines = b"a,\xff\xfe,t,v\na,two,t,v\n"
    assert read(HEADER + lines) == ([(3, "two", "v")], [(2, "invalid_utf8")])


def test_a_damaged_stream_counts() -> None:
    """What a cut gzip stream cannot give is told, once, beside what it gives."""
    whole = gzip.compress(HEADER + b"a,one,t,v\n" * 5000)
    rows, refused = read(whole[:-20])
    assert rows
    assert [reason for _, reason in refused][-1] == "truncated_object"


CELLS = st.text(st.sampled_from('a",\n\r; é'), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=12), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_what_a_writer_wrote_is_read(values: list[tuple[str, str]], block_bytes: int, end: str) -> None:
    """Whatever stands in quoted cells, however the file is cut into blocks, comes back the same."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["App ID", "Event Name", "Event Time", "Event Value"])
    writer.writerows(("a", name, "t", value) for name, value in values)
    rows, refused = read(text.getvalue().encode(), block_bytes)
    assert [(name, value) for _, name, value in rows] == [
        (name or None, value or None) for name, value in values
    ]
    assert refused == []


def test_equal_records_are_numbered() -> None:
    """Records that are equal in all cells are events of their own, told apart by their number."""
    data = HEADER + b"a,one,t,v\n" * 3 + b"a,two,t,v\n"
    form = read_form(read_header(io.BytesIO(data)), REPORTS["in_app_events_report"])
    reader = PullReader(form)
    strays = [
        (stray.name, stray.text)
        for block in read_records(io.BytesIO(data), form.width, form.delimiter, block_bytes=12)
        for batch in reader.read(merge_blocks([(0, block)])).batches
        for stray in batch.strays
    ]
    assert strays == [("pull_copy", "2"), ("pull_copy", "3")]
