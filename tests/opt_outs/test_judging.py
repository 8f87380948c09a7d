"""Each id of a list is accepted, a duplicate, or rejected; and no list shows an id."""

from __future__ import annotations

import csv
import io
import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.errors import UnreadableList
from etl.opt_outs.codes import REJECTIONS, SENTENCES, UNREADABLE
from etl.opt_outs.judging import Judging, judge_list, list_lookups
from etl.opt_outs.lists import read_list
from tests.opt_outs.lists import GAID, IDFA, IDFV, NOW, SHA1, judge, list_judged, make_id, refusals, tell

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
CODES = {reason.code for reason in REJECTIONS}
CELLS = st.one_of(
    st.sampled_from(
        [IDFA, GAID, IDFA.lower(), IDFV, SHA1, "0", "null", "ann@example.com", "", "+4930 1234567"]
    ),
    st.integers(0, 40).map(make_id),
    st.integers(0, 40).map(lambda number: make_id(number, "idfa")),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12),
)


def write_csv(rows: list[list[str]], separator: str) -> str:
    """Write CSV as Python does it."""
    sink = io.StringIO()
    csv.writer(sink, delimiter=separator).writerows(rows)
    return sink.getvalue()


def count_ids(row: list[str], line: str) -> int:
    """Count the verdicts that a line of four fields, of which the third names apps, must have."""
    if line.lstrip().startswith("#"):
        return 1
    return max(1, sum(bool(row[place].strip()) for place in (0, 1, 3)))


def test_the_same_id_again_is_a_duplicate_however_spelled() -> None:
    """Ids are compared trimmed and case-folded, within their type."""
    judged = judge(f"idfa\n{IDFA}\n {IDFA.lower()}\n{make_id(1)}\n{IDFA}\n")
    assert [(each.line, each.of_line) for each in judged.duplicates] == [(3, 2), (5, 2)]
    assert [each.line for each in judged.accepted] == [2, 4]


@pytest.mark.parametrize(
    "other", [f"{GAID},,do_not_share", f"{GAID},id1234567890,", f"{GAID},com.acme.app,erase"]
)
def test_another_wish_for_an_id_is_no_duplicate(other: str) -> None:
    """Other apps, or another kind: both are to be honoured."""
    judged = judge(f"gaid,apps,kind\n{GAID},,\n{other}\n")
    assert (len(judged.accepted), judged.duplicates) == (2, ())


@pytest.mark.parametrize(
    ("first", "again", "earliest"),
    [
        ("2026-06-01", "2026-05-01", MAY),
        ("2026-05-01", "2026-06-01", MAY),
        ("", "2026-06-01", JUNE),
        ("2026-06-01", "", JUNE),
        ("", "", None),
    ],
)
def test_the_earliest_time_of_duplicates_counts(first: str, again: str, earliest: datetime | None) -> None:
    """A deadline counts from when the person first asked."""
    (found,) = judge(f"gaid,date\n{GAID},{first}\n{GAID},{again}\n").accepted
    assert (found.line, found.requested_at) == (2, earliest)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        *((kind, "erase") for kind in ("", "erase", "Erasure", "DELETE", "null")),
        *((kind, "do_not_share") for kind in ("do_not_share", "Do not share", "do-not-sell", "DoNotShare")),
    ],
)
def test_kinds(kind: str, expected: str) -> None:
    """Erasure unless the list says otherwise."""
    (found,) = judge(f"gaid,kind\n{GAID},{kind}\n").accepted
    assert found.kind == expected


@pytest.mark.parametrize("kind", ["opt_out", "access", "?", "-", "erase please"])
def test_an_unknown_kind_is_never_taken_for_erasure(kind: str) -> None:
    """A healthy row must not be destroyed for a word that nobody knows."""
    assert refusals(judge(f"gaid,kind\n{GAID},{kind}\n")) == [(2, "kind_unknown")]


def test_a_list_of_who_opted_out_and_who_did_not_is_not_read() -> None:
    """To pass over such a column would erase those who consented."""
    with pytest.raises(UnreadableList, match=r"^column_unclear: "):
        judge(f"device_id,opt_out\n{IDFA},true\n{GAID},false\n", "list.csv")


def test_a_kind_that_is_no_text_is_unknown() -> None:
    """JSON can hold anything there."""
    assert refusals(judge(json.dumps([{"gaid": GAID, "kind": 1}]))) == [(1, "kind_unknown")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"device_id,type\n{GAID.upper()},gaid", [(2, "gaid", GAID)]),
        (f"device_id,type\n{GAID.upper()},Advertising ID", [(2, "gaid", GAID)]),
        (f"advertising_id,type\n{IDFA},idfa", [(2, "idfa", IDFA)]),
        (f"identity_value,identity_type\n{IDFA},ios_advertising_id", [(2, "idfa", IDFA)]),
        (f"device_id,idfv,type\n{GAID},{IDFV},gaid", [(2, "gaid", GAID), (2, "idfv", IDFV)]),
    ],
)
def test_a_column_of_types_gives_the_type(text: str, expected: list[tuple[int, str, str]]) -> None:
    """In any spelling; beside several ids only to the one whose column gives none."""
    assert tell(judge(text)) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"device_id,type\n{GAID},phone", "type_unknown"),
        (f"device_id,type\n{GAID},device_id", "type_unknown"),
        (f"idfa,type\n{IDFA},gaid", "type_contradicted"),
    ],
)
def test_a_type_that_is_unknown_or_contradicted_is_rejected(text: str, code: str) -> None:
    """It is not overruled by the casing."""
    assert refusals(judge(text)) == [(2, code)]


def test_the_lake_is_asked_by_folded_ids() -> None:
    """Only of those whose type it can tell."""
    rows = read_list("list.csv", f"device_id,sha1,cuid\n{IDFA},{SHA1},ann\n{GAID},,\n,,\n".encode())
    assert set(list_lookups(rows)) == {IDFA.lower(), GAID}
    judged = judge_list(rows, Judging(NOW, seen=lambda folded: {"idfv"} if folded == IDFA.lower() else set()))
    assert (2, "idfv", IDFA) in tell(judged)


def test_every_code_has_one_sentence() -> None:
    """Codes are data, told apart by themselves."""
    codes = [reason.code for reason in (*REJECTIONS, *UNREADABLE)]
    assert len(set(codes)) == len(codes)
    assert all(SENTENCES[code].endswith((".", "…")) for code in codes)


@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=20), st.sampled_from(",;\t|"))
@example([["", "", '"', IDFA]], "\t")
def test_every_line_is_accounted_for_once(rows: list[list[str]], separator: str) -> None:
    """Accepted, duplicates and rejected are all ids; a line without one, or a comment, counts as one."""
    header = ["device_id", "idfa", "apps", "customer_user_id"]
    judged = judge(write_csv([header, *rows], separator), "list.csv")
    written = {
        line: count_ids(row, write_csv([row], separator))
        for line, row in enumerate(rows, start=2)
        # Nothing but tabs is a blank line.
        if not write_csv([row], separator).isspace()
    }
    assert judged.total == sum(written.values())
    assert list_judged(judged) == set(written)
    assert {each.code for each in judged.rejected} <= CODES


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30, unique=True),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    st.sampled_from(["device_id", None]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_is_written_is_read(
    numbers: list[int], separator: str, encoding: str, header: str | None, end: str
) -> None:
    """Whatever the separator, the encoding, the header and the ends of lines."""
    ids = [make_id(number, "idfa" if number % 2 else "gaid") for number in numbers]
    types = ["idfa" if number % 2 else "gaid" for number in numbers]
    lines = [[header, "type"], *map(list, zip(ids, types, strict=True))] if header else list(zip(ids, types))  # noqa: B905
    text = end.join(separator.join(map(str, line)) for line in lines)
    first = 2 if header else 1
    assert tell(judge(text.encode(encoding), "list.csv")) == [
        (line, id_type, text)
        for line, (id_type, text) in enumerate(zip(types, ids, strict=True), start=first)
    ]


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.sampled_from([IDFA, GAID, "0"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["idfa", "id", "type", "apps", "ts", "kind", "test", "x"]), inner),
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=8), st.booleans())
def test_whatever_json_holds_is_accounted_for(elements: list[Any], is_lines: bool) -> None:  # noqa: FBT001 - a parameter
    """Each element has at least one verdict, and none raises anything."""
    text = "\n".join(map(json.dumps, elements)) if is_lines else json.dumps(elements)
    if not text:
        return
    judged = judge(text, "list.ndjson" if is_lines else "list.json")
    assert list_judged(judged) == set(range(1, len(elements) + 1))


@given(
    st.binary(max_size=300), st.sampled_from(["list.csv", "list.json", "list.ndjson", "list.parquet", "list"])
)
def test_any_bytes_are_judged_or_an_error_with_a_code(data: bytes, name: str) -> None:
    """Nothing that is dropped can stop a sweep in another way."""
    try:
        judge(data, name)
    except UnreadableList as error:
        assert error.code in {reason.code for reason in UNREADABLE}  # noqa: PT017 - either is right


SECRETS = ("ann@example.com", IDFA, GAID, IDFA.lower(), "Zqx-user-77", SHA1)


def every_repr(text: str) -> str:
    """Show whatever a list becomes on its way."""
    found = read_list("list.csv", text.encode())
    judged = judge_list(found, Judging(NOW))
    return f"{found!r}{list(found)!r}{judged!r}{judged}{judged.accepted[:1]}"


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: f"device_id,type,apps,date,kind,test\n{secret},,,,,\n",
        lambda secret: f"device_id,type,apps,date,kind,test\n{IDFV},{secret},,,,\n",
        lambda secret: f"device_id,type,apps,date,kind,test\n{IDFV},,{secret},,,\n",
        lambda secret: f"device_id,type,apps,date,kind,test\n{IDFV},,,{secret},,\n",
        lambda secret: f"device_id,type,apps,date,kind,test\n{IDFV},,,,{secret},\n",
        lambda secret: f"device_id,type,apps,date,kind,test\n{IDFV},,,,,{secret}\n",
        lambda secret: f"customer_user_id\n{secret}\n# {secret}\n",
    ],
)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_repr_shows_what_stands_in_a_list(
    make: Callable[[str], str], secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not an id, nor anything else: columns may be shifted, so any of them may hold one."""
    caplog.set_level(logging.DEBUG)
    assert secret not in every_repr(make(secret)) + caplog.text


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda secret: f"name,{secret},date\n", "list.csv"),
        (lambda secret: f'["{secret}"', "list.json"),
        (lambda secret: f'{{"{secret}": 1}}', "list.json"),
        (lambda secret: "PAR1" + secret, "list.parquet"),
        (lambda secret: f"\x00\x00\x00{secret}", "list.csv"),
    ],
)
def test_no_error_quotes_a_list(make: Callable[[str], str], name: str, secret: str) -> None:
    """Neither itself nor what it was raised from, as far as it is shown."""
    try:
        judge(make(secret), name)
    except UnreadableList as error:
        shown = "".join(traceback.format_exception(error)) + repr(error)
        assert secret not in shown.replace(str(make), "")
