import base64
import gzip
import io
import random
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.proving.parquet import list_gaps
from etl.proving.reading import scan_values
from etl.proving.texts import BLOCK_BYTES, TextScanner
from tests.proving.wrapping import (
    PACKINGS,
    WRAPPINGS,
    around,
    carriers,
    cased_ids,
    inner_wrappings,
    scan,
    want,
)

PERSON = "123e4567-e89b-12d3-a456-426614174000"
NOISE = random.Random(1).randbytes(4000)  # noqa: S311 - no secret
OTHER = "00000000-e89b-12d3-a456-426614174000"


def wrap(person: str, names: list[str]) -> bytes:
    """Wrap an id, innermost first."""
    content = person.encode()
    for name in names:
        content = WRAPPINGS[name](content)
    return content


def write_parquet(table: pa.Table, **options: object) -> bytes:
    """Write a table as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


@st.composite
def plant(draw: st.DrawFn) -> tuple[str, bytes]:
    """Plant an id of any shape, wrapped up to thrice in any order, among noise, in any packing."""
    person, mark = draw(cased_ids), draw(around).encode()
    content = wrap(person, draw(inner_wrappings))
    outer = draw(st.sampled_from([None, *WRAPPINGS]))
    content = WRAPPINGS[outer](mark + content + mark) if outer else content
    before, after = draw(st.binary(max_size=300)), draw(st.binary(max_size=300))
    return person, draw(st.sampled_from(list(PACKINGS.values())))(before + b"\n" + content + b"\n" + after)


@settings(max_examples=300, deadline=None)
@given(plant())
def test_a_planted_id_is_found(planted: tuple[str, bytes]) -> None:
    """Wherever and however an id is planted, it is found, and nobody else is."""
    person, content = planted
    assert scan(content, person, OTHER).findings
    assert scan(content, OTHER).findings == ()


@settings(max_examples=40, deadline=None)
@given(
    cased_ids,
    st.sampled_from(list(WRAPPINGS)),
    st.integers(-300, 300),
    st.sampled_from([b"\0", b"\n", b"~", b"x"]),
)
def test_an_id_on_the_border_of_two_blocks_is_found(
    person: str, wrapping: str, shift: int, filler: bytes
) -> None:
    """Wherever a block ends in a wrapped id, it is found."""
    wrapped = b'"' + wrap(person, [wrapping]) + b'"'
    content = filler * (BLOCK_BYTES + shift) + wrapped + filler * 5000
    assert scan(content, person).findings
    assert scan(content, OTHER).is_clean


@pytest.mark.parametrize("offset", range(4))
@pytest.mark.parametrize("before", range(3))
def test_base64_is_read_wherever_it_begins(offset: int, before: int) -> None:
    """An id is found at each alignment within base64, and where letters of the alphabet stand before."""
    run = base64.b64encode(b"\xff" * before + PERSON.encode() + b"\xff" * 5)
    assert carriers(scan(b"x" * offset + run, PERSON)) == {"bytes > base64"}


def test_four_wrappings_are_seen_through() -> None:
    """Base64 of JSON escapes of percent-encoding, twice, in gzip: the path says so."""
    content = wrap(PERSON, ["percent", "percent", "json", "base64"])
    found = scan(gzip.compress(b'{"raw":"' + content + b'"}'), PERSON)
    assert carriers(found) == {"gzip > base64 > json > percent > percent"}


def test_a_dictionary_of_values_that_no_row_has_is_read() -> None:
    """A Parquet dictionary keeps a person whose rows are gone: found there."""
    values = pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["kept", PERSON]))
    content = write_parquet(pa.table({"idfa": values}), compression="zstd")
    assert "parquet:idfa" in carriers(scan(content, PERSON))


@pytest.mark.parametrize("has_dictionary", [True, False])
def test_nested_columns_are_read(has_dictionary: bool) -> None:  # noqa: FBT001 - of the table
    """Lists, maps, structs and bytes of a fixed size hold ids too; the path names the column."""
    table = pa.table(
        {
            "embedded_ids": pa.array([[OTHER], [PERSON], None]),
            "extra": pa.array([[("k", PERSON)], [], None], pa.map_(pa.string(), pa.string())),
            "deep": pa.array([{"a": [{"b": f"x={PERSON}"}]}, None, None]),
            "fixed": pa.array([PERSON.encode(), None, None], pa.binary(36)),
            "number": pa.array([1, 2, 3]),
        }
    )
    content = write_parquet(table, compression="zstd", use_dictionary=has_dictionary, write_statistics=False)
    found = {carrier.split(".")[0] for carrier in carriers(scan(content, PERSON))}
    assert found >= {"parquet:embedded_ids", "parquet:extra", "parquet:deep", "parquet:fixed"}


def test_the_footer_is_read() -> None:
    """Statistics and key-value metadata are bytes of the file as any."""
    table = pa.table({"x": [1]}).replace_schema_metadata({"note": f"made for {PERSON}"})
    assert any(carrier.startswith("bytes") for carrier in carriers(scan(write_parquet(table), PERSON)))
    table = pa.table({"id": [PERSON] * 3})
    assert "bytes" in carriers(scan(write_parquet(table, compression="zstd"), PERSON))


@pytest.mark.parametrize("wrapping", ["percent", "base64"])
def test_what_is_in_no_column_is_read_through_wrappings(wrapping: str) -> None:
    """The footer and bytes that lie between columns and footer hide nothing; each id counts once."""
    wrapped = wrap(PERSON, [wrapping]).decode()
    file, table = io.BytesIO(), pa.table({"x": [1]})
    with pq.ParquetWriter(file, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"note": f"<{wrapped}> and <{OTHER}>"})
    found = scan(file.getvalue(), PERSON, OTHER)
    assert [(each.carrier, each.count) for each in found.findings] == [
        ("bytes", 1),
        (f"bytes > {wrapping}", 1),
    ]

    whole = write_parquet(table)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    lost = whole[:footer] + f"<{wrapped}>".encode() + whole[footer:]
    assert carriers(scan(lost, PERSON)) == {f"bytes > {wrapping}"}


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_every_byte_is_a_columns_or_in_a_gap(compression: str) -> None:
    """What columns take and what is in none make the file up, with dictionaries and indexes of pages."""
    table = pa.table({"id": [PERSON, OTHER] * 500, "number": range(1_000), "none": pa.nulls(1_000)})
    content = write_parquet(table, compression=compression, row_group_size=300, write_page_index=True)
    metadata = pq.read_metadata(io.BytesIO(content))
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    in_columns = sum(group.column(leaf).total_compressed_size for group in groups for leaf in range(3))
    gaps = list_gaps(metadata, len(content))
    assert sum(stop - start for start, stop in gaps) == len(content) - in_columns
    assert gaps[-1][0] <= len(content) - metadata.serialized_size - 8


@pytest.mark.parametrize("flipped", [0x01, 0x80])
def test_a_footer_may_say_anything(flipped: int) -> None:
    """Whichever byte of it is another, the process goes on, and what cannot be read is told."""
    table = pa.table({"id": [PERSON], "numbers": [[1, 2]], "fixed": pa.array([b"1234"], pa.binary(4))})
    content = write_parquet(table, compression="zstd", write_page_index=True)
    told = set()
    footer = len(content) - pq.read_metadata(io.BytesIO(content)).serialized_size - 8
    for place in range(footer, len(content)):
        changed = bytearray(content)
        changed[place] ^= flipped
        found = scan(bytes(changed), PERSON)
        told.add(found.unread)
    assert told == {(), ("parquet: damaged",)}


def test_other_columns_of_a_damaged_file_are_read() -> None:
    """Where a column's page is damaged, those beside it and in other row groups are looked at."""
    names = [f"c{number}" for number in range(4)]
    table = pa.table({name: ["x" * 50] * 9 + [f"{PERSON[:-1]}{name[1]}"] for name in names})
    content = bytearray(write_parquet(table, compression="zstd", use_dictionary=False, row_group_size=10))
    chunk = pq.read_metadata(io.BytesIO(content)).row_group(0).column(1)
    end = chunk.data_page_offset + chunk.total_compressed_size
    content[end - 30 : end] = bytes(30)
    people = [f"{PERSON[:-1]}{number}" for number in range(4)]
    found = scan(bytes(content), *people, columns=names)
    assert found.unread == ("parquet: damaged",)
    assert set(carriers(found)) >= {"parquet:c0", "parquet:c2", "parquet:c3"}


def test_a_parquet_file_without_its_end_is_read_as_bytes() -> None:
    """Where no footer says what is where, all bytes are looked at through wrappings, and it is told."""
    content = write_parquet(pa.table({"x": [wrap(PERSON, ["percent"])]}), compression="none")[:-6]
    found = scan(content, PERSON)
    assert "bytes > percent" in carriers(found)
    assert found.unread == ("parquet: damaged",)


def test_columns_of_one_name_are_all_read() -> None:
    """A file may have two columns of a name, and one whose name has a dot."""
    columns = [pa.array([OTHER]), pa.array([PERSON]), pa.array([PERSON])]
    content = write_parquet(pa.Table.from_arrays(columns, names=["id", "id", "a.b"]), compression="zstd")
    assert {"parquet:id", "parquet:a.b"} <= set(carriers(scan(content, PERSON)))


def test_many_columns_and_row_groups_are_all_read() -> None:
    """Wherever one stands among columns that are read together, of whatever size, it is found."""
    rows = 3_000
    for place in (0, 1, 2):
        columns = [pa.array(["x" * (2_000 if column else 1)] * rows) for column in range(3)]
        columns[place] = pa.array(["y"] * (rows - 1) + [PERSON])
        table = pa.Table.from_arrays(columns, names=["a", "b", "c"])
        content = write_parquet(table, use_dictionary=False, row_group_size=1_000, compression="zstd")
        assert f"parquet:{'abc'[place]}" in carriers(scan(content, PERSON))


def test_a_database_file_is_read_free_pages_and_log_included(tmp_path: Path) -> None:
    """A row that SQLite deleted is found until it is overwritten; an independent search agrees."""
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE people (id TEXT)")
        database.executemany("INSERT INTO people VALUES (?)", [(PERSON,)] * 500)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("DELETE FROM people")
    content = path.read_bytes()
    assert (
        sum(finding.count for finding in scan(content, PERSON).findings) >= content.count(PERSON.encode()) > 0
    )


def test_the_name_of_an_object_is_read() -> None:
    """An object that is named after a person is found by its name."""
    assert carriers(scan(b"", PERSON, key=f"exports/{PERSON}.csv")) == {"name"}


def test_values_that_a_caller_read_are_scanned() -> None:
    """Rows of a database are texts or bytes, and never run into each other."""
    found = scan_values(
        TextScanner(want(PERSON)), "postgres", ["x", PERSON, PERSON.encode(), PERSON[:18], PERSON[18:]]
    )
    assert [finding.count for finding in found.findings] == [2]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (gzip.compress(NOISE)[:-900], "gzip: truncated_object"),
        (b"PAR1 and no more", "parquet: damaged"),
        (b"PK\x03\x04....", "zip: not looked into"),
    ],
)
def test_what_cannot_be_read_is_not_clean(content: bytes, fault: str) -> None:
    """A damaged object, or one of a kind that is not looked into, is told and proves nothing."""
    found = scan(content, PERSON)
    assert found.unread == (fault,)
    assert not found.is_clean


def test_what_is_read_before_damage_counts() -> None:
    """An id in the sound part of a broken stream is found."""
    found = scan(gzip.compress(PERSON.encode() + NOISE)[:-900], PERSON)
    assert "gzip" in carriers(found)


def test_a_finding_does_not_show_whom() -> None:
    """Its representation has neither the id, nor its hash, nor the name that might hold it."""
    found = scan(PERSON.encode(), PERSON, key=f"of {PERSON}")
    assert PERSON not in repr(found)
    assert all(finding.subject not in repr(found) for finding in found.findings)


def test_ids_without_a_shape_are_found_by_column() -> None:
    """A customer's id is found in the named column only, in any casing, also in a dictionary alone."""
    values = pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["x", " Customer 7"]))
    content = write_parquet(pa.table({"customer_user_id": values, "city": ["CUSTOMER 7", "y"]}))
    found = scan(content, "customer 7", columns=["customer_user_id", "absent"])
    assert [(finding.carrier, finding.count) for finding in found.findings] == [
        ("parquet:customer_user_id", 1)
    ]
    assert scan(content, "customer 8", columns=["customer_user_id"]).is_clean


def test_an_id_that_has_a_shape_too_counts_once() -> None:
    """A device id in a named column is seen twice, by its shape and as a whole, and is there once."""
    content = write_parquet(
        pa.table({"customer_user_id": [PERSON]}), use_dictionary=False, compression="zstd"
    )
    found = scan(content, PERSON, columns=["customer_user_id"])
    assert ("parquet:customer_user_id", 1) in [(each.carrier, each.count) for each in found.findings]


def test_blocks_of_a_large_stream_are_counted_once() -> None:
    """Where lines end, an id on a line is counted once, whatever the block it is in."""
    lines = b"".join(b"%d some line of a landed object\n" % number for number in range(120_000))
    half = lines.index(b"\n", BLOCK_BYTES - 20) + 1
    content = lines[:half] + PERSON.encode() + b"\n" + lines[half:]
    assert [finding.count for finding in scan(content, PERSON).findings] == [1]
    assert scan(content, PERSON).read_bytes == len(content)
