"""A list is read whatever its form, and every line of it is accounted for."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
from datetime import UTC, datetime
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from etl.errors import UnreadableList
from etl.opt_outs.decoding import unpack_list
from etl.opt_outs.lists import read_list
from etl.opt_outs.parquet import read_parquet
from tests.opt_outs.lists import GAID, IDFA, IDFV, SHA1, judge, make_id, refusals, tell

BOTH = [(1, "idfa", IDFA), (2, "gaid", GAID)]
BELOW = [(2, "idfa", IDFA), (3, "gaid", GAID)]
AUGUST = datetime(2021, 8, 11, tzinfo=UTC)


def write_parquet(table: pa.Table) -> bytes:
    """Write a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def fail(data: bytes | str, name: str = "list.txt") -> str:
    """Give the code of a list that cannot be read at all."""
    with pytest.raises(UnreadableList) as caught:
        read_list(name, data.encode() if isinstance(data, str) else data)
    return caught.value.code


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_one_id_a_line(end: str, last: bool) -> None:  # noqa: FBT001 - a parameter
    """However lines end, and whether or not the last one does."""
    assert tell(judge(f"{IDFA}{end}{GAID}{end if last else ''}")) == BOTH


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_csv_with_a_header(separator: str, quote: str) -> None:
    """The separator is found, and quotation marks are taken off."""
    lines = [("Name", "Device ID", "App"), ("x", IDFA, "id1234567890"), ("y", GAID, "")]
    text = "\n".join(separator.join(f"{quote}{each}{quote}" for each in line) for line in lines)
    judged = judge(text, "list.csv")
    assert tell(judged) == BELOW
    assert [each.scope.app_ids for each in judged.accepted] == [("id1234567890",), ()]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_without_a_header_has_the_documented_order(separator: str) -> None:
    """Device id, type, app ids, requested-at, kind."""
    fields = (IDFA.lower(), "idfa", "id1234567890", "2021-08-11", "do_not_share")
    (found,) = judge(separator.join(fields)).accepted
    assert (found.identifier.text, found.identifier.id_type) == (IDFA, "idfa")
    assert (found.scope.app_ids, found.kind) == (("id1234567890",), "do_not_share")
    assert found.requested_at == AUGUST


@pytest.mark.parametrize("text", ["ann,customer_user_id", "ann,customer_user_id\nbob,customer_user_id"])
def test_a_row_with_a_type_is_not_taken_for_a_header(text: str) -> None:
    """The first person of a list without a header is on it, too."""
    assert [each[2] for each in tell(judge(text))] == [line.split(",")[0] for line in text.split("\n")]


def test_a_line_with_a_device_id_is_never_a_header() -> None:
    """Whatever words stand beside it, and whatever the next line has."""
    assert tell(judge(f"{IDFA},idfa\n{GAID},\n")) == BOTH


def test_the_separator_is_what_leaves_an_id_in_front() -> None:
    """Others may stand between the apps."""
    (found,) = judge(f"{IDFA};;id1234567890,com.acme.app,com.acme.app-store\n").accepted
    assert len(found.scope.app_ids) == 3


def test_a_header_with_one_known_name_is_a_header() -> None:
    """Ids stand below it, and no types."""
    assert tell(judge(f"who,idfa\nann,{IDFA}\n")) == [(2, "idfa", IDFA)]


def test_a_line_that_names_the_separator_is_heeded() -> None:
    """Spreadsheets write it."""
    assert tell(judge(f"sep=;\nidfa;note\n{IDFA};a,b,c,d\n")) == [(3, "idfa", IDFA)]


@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("latin-1"),
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16-be+bom", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"],
)
def test_common_encodings_are_told_apart(encode: object) -> None:
    """By the mark, by UTF-16's zeros, by being UTF-8, and else Windows-1252."""
    text = f"customer_user_id;gaid\nJürgen Müß;\nñ;{GAID}\n"
    judged = judge(encode(text), "list.csv")  # type: ignore[operator]  # they are functions
    assert tell(judged) == [
        (2, "customer_user_id", "Jürgen Müß"),
        (3, "customer_user_id", "ñ"),
        (3, "gaid", GAID),
    ]


def test_one_damaged_byte_does_not_change_other_names() -> None:
    """UTF-8 that is damaged is not taken for Windows-1252, in which everybody else would be misspelled."""
    assert fail("customer_user_id\nJürgen\n".encode() + b"\xff\n") == "encoding_mixed"


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, zstandard.compress, lambda data: gzip.compress(gzip.compress(data))],
    ids=["gzip", "bzip2", "zstd", "twice"],
)
@pytest.mark.parametrize("name", ["list.csv", "list.csv.gz"])
def test_a_packed_list_is_unpacked(pack: object, name: str) -> None:
    """The bytes say so, whatever the name says."""
    assert tell(judge(pack(f"id\n{IDFA}\n{GAID}\n".encode()), name)) == BELOW  # type: ignore[operator]  # as above


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps([IDFA, GAID]), "list.json"),
        (json.dumps([{"idfa": IDFA}, {"advertising_id": GAID}], indent=2), "list.json"),
        (json.dumps([IDFA, {"deviceId": GAID, "note": [1]}]), "list"),
        (json.dumps({"device_ids": [IDFA, GAID]}), "list.json"),
        (json.dumps({"device-ids": [IDFA, GAID], "test": False}, indent=1), "body"),
        (f'{{"idfa": "{IDFA}"}}\n{{"gaid": "{GAID}", "more": {{"a": 1}}}}\n', "list.ndjson"),
        (f'{{"idfa": "{IDFA}"}}\n{{"gaid": "{GAID}"}}', "list.txt"),
        (f'"{IDFA}"\n"{GAID}"\n', "list.jsonl"),
    ],
)
def test_json_of_every_form(text: str, name: str) -> None:
    """Strings or objects in an array, one object, or an object a line, numbered by line or place."""
    assert tell(judge(text, name)) == BOTH


def test_a_body_for_liftoff_is_a_list() -> None:
    """Its type, apps and time are those of each id (Liftoff: GDPR Opt-Out API v3)."""
    body = {
        "ts": 1628640000,
        "device-ids": [GAID.upper(), make_id(1)],
        "device-id-type": "gaid",
        "test": False,
        "app-store-ids": ["1234567890"],
    }
    judged = judge(json.dumps(body), "body.json")
    assert tell(judged) == [(1, "gaid", GAID), (2, "gaid", make_id(1))]
    assert {each.requested_at for each in judged.accepted} == {AUGUST}
    assert {each.scope.app_ids for each in judged.accepted} == {("id1234567890",)}


def test_a_body_that_says_test_opts_nobody_out() -> None:
    """A rehearsal that was left lying is not a person's wish."""
    text = json.dumps({"device-ids": [IDFA, GAID], "test": True})
    assert refusals(judge(text)) == [(1, "test_request"), (2, "test_request")]
    assert refusals(judge(json.dumps({"device-ids": [IDFA], "test": "maybe"}))) == [(1, "test_unclear")]


def test_a_body_with_a_digest_is_one_row() -> None:
    """The digest is an id of its own, for our own erasure."""
    text = json.dumps({"device-ids": [IDFA], "device-id-sha1": SHA1, "test": False})
    assert tell(judge(text)) == [(1, "idfa", IDFA), (1, "sha1", SHA1)]


def test_parquet() -> None:
    """Columns by name; lists, instants, numbers and gaps as Parquet has them."""
    table = pa.table(
        {
            "index": [0, 1, 2],
            "Device-ID": pa.array([IDFA, GAID, None], pa.dictionary(pa.int32(), pa.string())),
            "cuid": pa.array([None, None, 77], pa.int64()),
            "apps": [["id1234567890"], None, None],
            "requested_at": pa.array([AUGUST, None, None], pa.timestamp("ns", "UTC")),
        }
    )
    judged = judge(write_parquet(table), "list.parquet")
    assert tell(judged) == [*BOTH, (3, "customer_user_id", "77")]
    assert judged.accepted[0].requested_at == AUGUST
    assert judged.accepted[0].scope.store_ids == ("1234567890",)


def test_parquet_of_a_data_frame() -> None:
    """An index that pandas adds is no column of ids."""
    sink = io.BytesIO()
    pd.DataFrame({"idfa": [IDFA], "date": [pd.Timestamp("2021-08-11")]}, index=["a"]).to_parquet(sink)
    judged = judge(sink.getvalue(), "list.parquet")
    assert tell(judged) == [(1, "idfa", IDFA)]
    assert judged.accepted[0].requested_at == AUGUST


def test_a_number_that_may_have_been_rounded_is_no_id() -> None:
    """Data frames make whole numbers with gaps floats, which do not hold every one of them."""
    table = pa.table({"customer_user_id": pa.array([1.0, None], pa.float64())})
    assert refusals(judge(write_parquet(table))) == [(1, "malformed"), (2, "no_id")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"# {IDFA},", "comment"),
        (f'"{IDFA},', "unclosed_quote"),
        (f"{IDFA},,,", "no_id"),
        (",", "no_id"),
        (f'{IDFA},"a"b"', "unclosed_quote"),
    ],
)
def test_a_bad_line_costs_nobody_but_itself(line: str, code: str) -> None:
    """The lines around it are read, even behind a quotation mark that nobody closed."""
    judged = judge(f"idfa,note\n{make_id(1, 'idfa')},\n{line}\n{make_id(2, 'idfa')},\n", "list.csv")
    expected = [] if line.startswith(f"{IDFA},,") else [(3, code)]
    assert refusals(judged) == expected
    assert [each.line for each in judged.accepted] == ([2, 4] if expected else [2, 3, 4])


@pytest.mark.parametrize("template", ["{wide}\n{id}\n", "{id}\n{wide}\n"])
def test_a_line_of_nothing_but_separators_costs_nobody_but_itself(template: str) -> None:
    """As a header it would be looked at name by name, which takes minutes for some megabytes."""
    found = judge(template.format(wide="," * 1_000_000, id=IDFA))

    assert [each.identifier.text for each in found.accepted] == [IDFA]
    assert len(found.rejected) == 1


def test_a_line_with_more_fields_than_columns_is_rejected() -> None:
    """Something is shifted, perhaps the id."""
    assert refusals(judge(f"idfa,apps\n{IDFA},id1234567890,com.acme.app\n")) == [(2, "too_many_fields")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "invalid_json"),
        ('{"idfa": NaN}', "invalid_json"),
        ("# comment", "comment"),
        ("17", "not_a_row"),
        ("[]", "not_a_row"),
        ("null", "not_a_row"),
        (f'{{"idfa": "{IDFA}", "idfa": "{GAID}"}}', "repeated_key"),
        (f'{{"idfa": "{IDFA}", "app_id": "x", "bundle": "y"}}', "repeated_key"),
        ('{"name": "x"}', "no_id"),
        ('{"idfa": null}', "no_id"),
        (f'{{"idfa": "{IDFA}", "opted_out": false}}', "key_unclear"),
        ('{"idfa": {"a": 1}}', "malformed"),
        ('{"idfa": true}', "malformed"),
        ("[" * 100_000, "invalid_json"),
    ],
)
def test_a_bad_line_of_json_costs_nobody_but_itself(line: str, code: str) -> None:
    """A key that stands twice is an error: one of its values would be lost."""
    judged = judge(f'{{"idfa": "{IDFA}"}}\n{line}\n{{"gaid": "{GAID}"}}\n', "list.ndjson")
    assert refusals(judged) == [(2, code)]
    assert [each.line for each in judged.accepted] == [1, 3]


def test_a_row_with_several_ids_is_all_of_them() -> None:
    """An id that is nobody's does not cost the person the others."""
    zeros = "00000000-0000-0000-0000-000000000000"
    judged = judge(f"idfa,idfv,gaid\n{zeros},{IDFV},\n", "list.csv")
    assert tell(judged) == [(2, "idfv", IDFV)]
    assert refusals(judged) == [(2, "nobody")]


def test_blank_lines_are_none() -> None:
    """They are passed over, and counted for the numbers of the others."""
    assert tell(judge(f"\n{IDFA}\n \n\n{GAID}\n\n")) == [(2, "idfa", IDFA), (5, "gaid", GAID)]


def test_a_header_alone_is_a_list_of_nobody() -> None:
    """Tools drop a list every day, with people on it or not."""
    assert judge("device_id,type\n", "list.csv").total == 0


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "list.csv", "empty"),
        (b" \n\n", "list.csv", "empty"),
        (codecs.BOM_UTF8, "list.csv", "empty"),
        (gzip.compress(b""), "list.csv.gz", "empty"),
        (gzip.compress(IDFA.encode())[:-9], "list.csv.gz", "damaged"),
        (b"PK\x03\x04rest", "list.xlsx", "unsupported"),
        (b"%PDF-1.7", "list.pdf", "unsupported"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "list.csv", "undecodable"),
        (b"idfa\n\x81\n", "list.csv", "undecodable"),
        (codecs.BOM_UTF16_LE + b"a", "list.csv", "undecodable"),
        (f'["{IDFA}"', "list.json", "json_malformed"),
        (f'["{IDFA}"', "list.txt", "json_malformed"),
        (f'{{"idfa": "{IDFA}"', "list", "json_malformed"),
        (IDFA, "list.json", "json_malformed"),
        ('"text"', "list.json", "json_malformed"),
        ("[" * 100_000, "list.json", "json_malformed"),
        ('{"data": []}', "list.json", "no_id_column"),
        ("Name;E-Mail;Date\n", "list.csv", "no_id_column"),
        (f"idfa,date,date\n{IDFA},,\n", "list.csv", "repeated_column"),
        (b"PAR1 and more", "list", "parquet_damaged"),
        (IDFA, "list.parquet", "parquet_damaged"),
        (write_parquet(pa.table({"x": [1]})), "list.parquet", "no_id_column"),
        (write_parquet(pa.table([[IDFA], [IDFA]], ["idfa", "idfa"])), "list.parquet", "repeated_column"),
    ],
)
def test_a_list_that_cannot_be_read_is_an_error_with_a_code(data: bytes | str, name: str, code: str) -> None:
    """It is never read in part, or as something else."""
    assert fail(data, name) == code


def test_a_list_that_unpacks_without_end_is_not_unpacked() -> None:
    """It cannot fill the memory."""
    with pytest.raises(UnreadableList, match=r"^too_large: "):
        unpack_list(gzip.compress(b"0" * 1_000_000), largest=100_000)


def test_parquet_that_unpacks_without_end_is_not_unpacked() -> None:
    """Its own words say how large it is."""
    data = write_parquet(pa.table({"idfa": ["0" * 1_000_000]}))
    with pytest.raises(UnreadableList, match=r"^too_large: "):
        read_parquet(data, largest=100_000)


def test_parquet_with_another_byte_is_read_or_refused() -> None:
    """Whichever of its footer it is, nothing but a refusal with its code is raised."""
    data = write_parquet(pa.table({"idfa": [IDFA], "date": ["2021-08-11"]}))
    refused = set()
    for place in range(len(data) - pq.read_metadata(io.BytesIO(data)).serialized_size - 8, len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x80
        try:
            list(read_list("list.parquet", bytes(changed)))
        except UnreadableList as error:
            refused.add(error.code)
    assert refused == {"parquet_damaged"}


def test_a_list_can_be_read_twice() -> None:
    """Once for what the lake knows of its ids, and once to judge them."""
    found = read_list("list.csv", f"idfa\n{IDFA}\n".encode())
    assert list(found) == list(found)
    assert found.form == "lines"


def test_uuids_of_parquet_are_ids() -> None:
    """Parquet has a type for them, which has no casing: the column's name says which they are."""
    column = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID(IDFA).bytes], pa.binary(16)))
    assert tell(judge(write_parquet(pa.table({"idfa": column})))) == [(1, "idfa", IDFA)]
    assert refusals(judge(write_parquet(pa.table({"device_id": column})))) == [(1, "malformed")]
