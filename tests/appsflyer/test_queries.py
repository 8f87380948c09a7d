from collections.abc import Sequence
from urllib.parse import quote, quote_plus

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.messages import Reason, TextBatch
from etl.appsflyer.queries import read_queries
from etl.appsflyer.query_line import find_query
from etl.appsflyer.query_mend import split_raw
from etl.appsflyer.query_names import MESSAGE_NAMES

QUERY = (
    "app_id=id1&event_name=af%20buy&event_value=%7B%22a%22%3A1%7D&event_time=2019-01-01%2000%3A00%3A00.123"
)
FIELDS = {
    "app_id": "id1",
    "event_name": "af buy",
    "event_value": '{"a":1}',
    "event_time": "2019-01-01 00:00:00.123",
}

LAYOUTS = {
    "bare": "{}",
    "url": "https://example.com/push?{}",
    "path": "/push?{}",
    "prefixed": "SomeName?{}",
    "dated prefix": "2019-01-01 00:00:00,123 INFO SomeName?{}",
    "apache": '1.2.3.4 - - [10/Oct/2019:13:55:36] "GET /p?{} HTTP/1.1" 200 2 "-" "UA (x; y) z"',
    "referrer": '1.2.3.4 - - [x] "GET /p?{} HTTP/1.1" 200 2 "https://r.com/?app_id=zz&event_name=q&a=b" "UA"',
    "referrer first": '"https://r.com/?app_id=zz&event_name=q" 1.2.3.4 "GET /p?{} HTTP/2.0" 200',
    "alb": (
        "https 2018-07-02T22:23:00Z app/lb/50dc6c495c0c9188 1.2.3.4:2817 10.0.0.1:80 0.08 0.04 0.03 "
        '200 0 57 "GET https://www.example.com:443/p?{} HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn:aws:x "R=1"'
    ),
    "iis": "2020-01-01 00:00:00 10.0.0.1 GET /p {} 443 - 1.2.3.4 UA+(X) https://r.com/?a=1&c=2 200 0 0",
    "unquoted": "1.2.3.4 GET /p?{} HTTP/1.1 200",
    "no version": "1.2.3.4 GET /p?{} 200 https://r.com/?a=b&c=d",
    "key value": 'time=2020-01-01 method=GET uri="/p?{}" status=200',
    "unquoted key value": "time=2020-01-01 query={} status=200",
    "single quotes": "INFO 'GET /p?{}' done",
    "json": '{{"method":"GET","uri":"/p?{}","referer":"https://r.com/?a=b"}}',
    "json in text": '{{\\"uri\\":\\"/p?{}\\"}}',
    "raw question mark": '"GET /p?layouts_own=a?b&{} HTTP/1.1" 200',
}


def read(*lines: str | bytes, **options: object) -> TextBatch:
    """Read lines, numbered from 1."""
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    positions = np.arange(1, len(lines) + 1)
    return read_queries(pa.array(raw, pa.binary()), positions, **options)  # type: ignore[arg-type]


def rows_of(batch: TextBatch) -> list[dict[str, str]]:
    """Give each row as a dictionary, strays included."""
    rows = [
        {name: column[row].as_py() for name, column in batch.columns.items() if column[row].is_valid}
        for row in range(batch.rows)
    ]
    for stray in batch.strays:
        rows[stray.row][stray.name] = stray.text
    return rows


def reasons_of(batch: TextBatch) -> list[tuple[int, Reason]]:
    """Give the position and reason of each reject."""
    return [(reject.position, reject.reason) for reject in batch.rejects]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_gives_the_message(layout: str) -> None:
    """A message is found in any layout, and nothing of the line around it is taken for a value."""
    row = rows_of(read(layout.format(QUERY)))[0]
    assert {name: row.get(name) for name in FIELDS} == FIELDS
    assert set(row) <= {*FIELDS, "x", "layouts_own"}


def test_layouts_may_be_mixed() -> None:
    """Lines of different layouts stand in one batch, each in its row."""
    batch = read(*(layout.format(QUERY) for layout in LAYOUTS.values()))
    assert batch.messages == batch.rows == len(LAYOUTS)
    assert batch.columns["event_time"].to_pylist() == [FIELDS["event_time"]] * len(LAYOUTS)


def test_go_json_escapes_are_read() -> None:
    """JSON loggers that write `&` as an escape lose nothing."""
    line = '{"uri":"/p?' + QUERY.replace("&", "\\u0026") + '"}'
    assert rows_of(read(line)) == [FIELDS]


def test_cloudfront_columns_are_decoded_twice() -> None:
    """CloudFront's second encoding is taken off, and the query's own once."""
    line = "2019-12-04\t21:02:31\tGET\t/p\thttps://r.com/?app_id=z\t{}\t-\tHit"
    query = QUERY + "&event_time_selected_timezone=2019%2B0800&x=%2541"
    batch = read(line.format(query.replace("%", "%25")), line.format("-"), "short", query_column=5)
    assert rows_of(batch) == [{**FIELDS, "event_time_selected_timezone": "2019+0800", "x": "%41"}]
    assert reasons_of(batch) == [(2, Reason.NO_MESSAGE), (3, Reason.NO_MESSAGE)]


def test_values_are_decoded_once() -> None:
    """A percent sequence is decoded once, and a plus is a space unless it was encoded."""
    query = "app_id=i&a=%2B0800&b=+0800&c=%252B&d=x%20y&e=%C3%A4&na%6De=v&f=a=b"
    row = rows_of(read(query))[0]
    expected = {"a": "+0800", "b": " 0800", "c": "%2B", "d": "x y", "e": "ä", "name": "v", "f": "a=b"}
    assert row == {"app_id": "i", **expected}


def test_broken_percent_sequences_stay() -> None:
    """What is no percent sequence is kept as it is, at the end of a line as well."""
    batch = read("app_id=i&a=100%&b=%zz&c=%4", "41=x&app_id=j&d=%")
    assert rows_of(batch) == [
        {"app_id": "i", "a": "100%", "b": "%zz", "c": "%4"},
        {"app_id": "j", "41": "x", "d": "%"},
    ]


def test_unencoded_lines_are_taken_as_they_are() -> None:
    """Values of a query that was written out decoded may hold spaces, plus and percent signs."""
    line = "SomeName?app_id=i&event_time=2019-01-01 00:00:00.123&install_time=2019 1+0800&c=50%41"
    assert rows_of(read(line)) == [
        {
            "app_id": "i",
            "event_time": "2019-01-01 00:00:00.123",
            "install_time": "2019 1+0800",
            "c": "50%41",
        }
    ]


def test_raw_json_keeps_its_ampersands() -> None:
    """In an unencoded line, `&` and `=` inside a JSON value do not cut it."""
    value = '{"url":"http://x.com/?a=1&b=2&app_id=3","n":"x & y"}'
    line = f"SomeName?app_id=i&event_value={value}&event_time=2019-01-01 00:00:00"
    assert rows_of(read(line)) == [{"app_id": "i", "event_value": value, "event_time": "2019-01-01 00:00:00"}]


def test_raw_urls_keep_their_queries() -> None:
    """In an unencoded line, a URL ends before the first field that is not repeated."""
    url = "https://app.appsflyer.com/x?c=1&pid=2&clickid=3&android_id=ff&foo=bar"
    line = f"SomeName?event_time=2019-01-01 00:00:00&original_url={url}&app_id=i&android_id=ff"
    row = rows_of(read(line))[0]
    assert row["app_id"] == "i"
    assert row["android_id"] == "ff"
    assert row["original_url"].startswith("https://app.appsflyer.com/x?")


@pytest.mark.parametrize(
    "line",
    [
        '1.2.3.4 - - [x] "GET /health HTTP/1.1" 200 2 "-" "ELB-HealthChecker/2.0"',
        '1.2.3.4 - - [x] "GET /favicon.ico HTTP/1.1" 404 2 "https://h.com/p?app_id=1&event_name=x" "UA"',
        '1.2.3.4 - - [x] "GET /?utm_source=a&b=c HTTP/1.1" 200',
        '<html><body class="app_id">Not found</body></html>',
        "-",
        "",
        "?",
        "=&=&=",
        "my_app_id=1&pre_event_name=2",
    ],
)
def test_lines_without_a_message_are_rejected_whole(line: str) -> None:
    """Health checks, icons, pages and stray text are no messages; the raw line is kept."""
    batch = read(line, QUERY)
    assert reasons_of(batch) == [(1, Reason.NO_MESSAGE)]
    assert batch.rejects[0].raw == line.encode()
    assert rows_of(batch) == [FIELDS]


def test_invalid_utf8_costs_one_line() -> None:
    """Bytes that are no UTF-8 in a value, encoded or not, or in a name reject their line alone."""
    batch = read(
        "app_id=i&a=%E4", b"app_id=i&a=\xff", "app_id=i&%FF=1", "app_id=i&a=%C3", "app_id=j&a=%C3%A4"
    )
    assert reasons_of(batch) == [(position, Reason.INVALID_UTF8) for position in (1, 2, 3, 4)]
    assert rows_of(batch) == [{"app_id": "j", "a": "ä"}]


def test_invalid_utf8_beside_the_query_is_nothing() -> None:
    """A user agent that is no UTF-8 does not cost the message."""
    assert rows_of(read(b'"GET /p?' + QUERY.encode() + b' HTTP/1.1" 200 "\xff\xfe"')) == [FIELDS]


def test_repeated_parameters_must_agree() -> None:
    """Equal repetitions are one value, an empty one is absent, and a contradiction is rejected."""
    batch = read("app_id=i&a=1&a=1", "app_id=i&a=&a=2", "app_id=i&a=1&a=2", "app_id=i&a=x%20y&a=x+y")
    assert reasons_of(batch) == [(3, Reason.DUPLICATE_KEYS)]
    assert [row["a"] for row in rows_of(batch)] == ["1", "2", "x y"]


@pytest.mark.parametrize(
    "broken", [b"\xc2\xa4", b"\xa4", b"&curren;", b"%C2%A4", b"%A4", b"\xc3\x82\xc2\xa4"]
)
def test_broken_currency_is_mended(broken: bytes) -> None:
    """`&currency=` that HTML made a currency sign of is read as what it was."""
    batch = read(b"app_id=i&event_name=x" + broken + b"cy=USD&z=1", QUERY, b"app_id=j&a=" + broken + b"cy=")
    assert rows_of(batch) == [
        {"app_id": "i", "event_name": "x", "currency": "USD", "z": "1"},
        FIELDS,
        {"app_id": "j"},
    ]


def test_empty_and_lone_parameters_are_absent() -> None:
    """A parameter without a value is null, with or without its equals sign."""
    batch = read("app_id=i&a=&b&&event_name=x&")
    assert rows_of(batch) == [{"app_id": "i", "event_name": "x"}]
    assert all(column.type == pa.string() for column in batch.columns.values())


def test_line_ends_are_no_part_of_a_value() -> None:
    """CRLF and LF at the end of a line are left out."""
    assert rows_of(read("app_id=i\r\n", "app_id=j\n")) == [{"app_id": "i"}, {"app_id": "j"}]


def test_slices_strings_and_nulls_are_read() -> None:
    """Lines may be text, a slice of a longer array, or null."""
    lines = pa.array(["junk", "app_id=i", None, "app_id=j"]).slice(1)
    batch = read_queries(lines, np.array([5, 7, 9]))
    assert batch.columns["app_id"].to_pylist() == ["i", "j"]
    assert batch.positions.tolist() == [5, 9]
    assert reasons_of(batch) == [(7, Reason.NO_MESSAGE)]


def test_no_lines_give_no_rows() -> None:
    """An empty batch is a batch."""
    batch = read_queries(pa.array([], pa.binary()), np.array([], dtype=np.int64))
    assert (batch.rows, batch.messages, batch.rejects) == (0, 0, ())


def test_rare_unknown_names_are_strays() -> None:
    """A name that almost no row has is kept aside, and points to its row after rejects are taken out."""
    batch = read("junk", *["app_id=i"] * 200, "app_id=j&odd=1", "app_id=k&state=x")
    assert [(stray.row, stray.name, stray.text) for stray in batch.strays] == [(200, "odd", "1")]
    assert batch.columns["state"].to_pylist()[-1] == "x"


def test_app_id_stands_in_where_there_is_none() -> None:
    """A given app id fills messages without one and leaves the others alone."""
    batch = read("app_id=i&event_name=x", "event_name=y", app_id="given")
    assert batch.columns["app_id"].to_pylist() == ["i", "given"]


def test_a_long_line_of_junk_ends() -> None:
    """A long line of separators is read or rejected in reasonable time, as one message."""
    batch = read(b"SomeName?app_id=i& " + b'{"&=' * 500_000, QUERY)
    assert batch.messages == batch.rows + len(batch.rejects) == 2


def test_a_percent_sign_does_not_reach_over_a_line_end() -> None:
    """A percent sign at the end of a log line and digits at the start of the next are no sequence."""
    batch = read(f'"GET /p?{QUERY} HTTP/1.1" 200 50%', "41=x&app_id=j")
    assert rows_of(batch) == [FIELDS, {"41": "x", "app_id": "j"}]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_lines_in_doubt_are_read_like_the_others(layout: str) -> None:
    """The way that looks at one line finds the query that the fast way finds."""
    names = {name.encode() for name in MESSAGE_NAMES}
    found = find_query(layout.format(QUERY).encode(), names)
    assert found is not None
    assert found.endswith(QUERY.encode())


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        (b"a=1&b&app_id=i", [(b"a", b"1&b"), (b"app_id", b"i")]),
        (b'event_value={"a":"x&b=c"}&app_id=i', [(b"event_value", b'{"a":"x&b=c"}'), (b"app_id", b"i")]),
        (b'event_value={"a":"x&b=c&app_id=i', [(b"event_value", b'{"a":"x&b=c'), (b"app_id", b"i")]),
        (
            b"original_url=http://x/?a=1&b=2&app_id=i",
            [(b"original_url", b"http://x/?a=1&b=2"), (b"app_id", b"i")],
        ),
        (b"campaign=a & b = c&app_id=i", [(b"campaign", b"a & b = c"), (b"app_id", b"i")]),
    ],
)
def test_raw_queries_are_split_where_decidable(query: bytes, pairs: list[tuple[bytes, bytes]]) -> None:
    """A separator inside JSON, a URL or a text belongs to the value."""
    assert split_raw(query) == pairs


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MESSAGES = st.lists(
    st.tuples(st.dictionaries(NAMES, VALUES, max_size=8), VALUES).map(
        lambda pair: {**pair[0], "app_id": "x" + pair[1]}
    ),
    min_size=1,
    max_size=6,
)
ENCODERS = [quote_plus, lambda text: quote(text, safe=""), lambda text: quote(text, safe="/:@!$()*,;[]'")]


def spell(messages: Sequence[dict[str, str]], encode: object) -> list[str]:
    """Write messages as queries."""
    return ["&".join(f"{name}={encode(value)}" for name, value in row.items()) for row in messages]  # type: ignore[operator]


@given(MESSAGES, st.sampled_from(ENCODERS), st.lists(st.sampled_from(list(LAYOUTS)), min_size=6, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_fields_come_back(messages: list[dict[str, str]], encode: object, layouts: list[str]) -> None:
    """Fields that were written as a query in any layout and encoding are read back."""
    queries = spell(messages, encode)
    safe = [name if "'" not in query else "apache" for name, query in zip(layouts, queries, strict=False)]
    batch = read(*(LAYOUTS[name].format(query) for name, query in zip(safe, queries, strict=True)))
    expected = [{name: value for name, value in row.items() if value} for row in messages]
    found = [
        {name: row.get(name) for name in wanted} for row, wanted in zip(rows_of(batch), expected, strict=True)
    ]
    assert found == expected


@given(st.lists(st.binary(max_size=60), max_size=8), st.lists(st.binary(max_size=20), max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_rejected(noise: list[bytes], tails: list[bytes]) -> None:
    """Whatever the lines hold, nothing is raised and every line is a row or a reject."""
    lines = [*noise, *(b"app_id=i&" + tail for tail in tails), *(b"?event_name=" + tail for tail in tails)]
    batch = read(*lines)
    assert batch.rows + len(batch.rejects) == batch.messages == len(lines)
