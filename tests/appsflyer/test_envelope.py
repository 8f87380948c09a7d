import base64
import gzip
import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.envelope import EnvelopePathError, Envelopes, open_envelopes, require_path

MESSAGE = '{"app_id":"i","event_revenue":1.10,"n":12345678901234567890.10}'
QUERY = "app_id=i&event_name=x"


def encode(text: str) -> str:
    """Write a text as base64."""
    return base64.b64encode(text.encode()).decode()


def open_one(body: object, path: str = "$.body") -> Envelopes:
    """Open one envelope with this body."""
    return open_envelopes(pa.array([json.dumps({"body": body})]), path)


@pytest.mark.parametrize(
    "body",
    [
        json.loads('{"app_id":"i"}'),
        '{"app_id": "i"}',
        encode('{"app_id": "i"}'),
        base64.b64encode(gzip.compress(b'{"app_id": "i"}')).decode(),
        base64.urlsafe_b64encode(b'{"app_id": "i"}').decode().rstrip("="),
    ],
)
def test_objects_are_json_lines(body: object) -> None:
    """A message as an object, as text, or as base64 of either, even zipped, is a JSON line."""
    opened = open_one(body)
    assert [json.loads(line) for line in opened.json_lines.to_pylist()] == [{"app_id": "i"}]
    assert opened.json_rows.tolist() == [0]


@pytest.mark.parametrize(
    "body", [QUERY, encode(QUERY), base64.b64encode(gzip.compress(QUERY.encode())).decode()]
)
def test_other_texts_are_text_lines(body: str) -> None:
    """A query as text or base64 is a text line."""
    opened = open_one(body)
    assert opened.text_lines.to_pylist() == [QUERY.encode()]


def test_numbers_keep_their_text() -> None:
    """Money in an object stays as it was written."""
    line = '{"x":[1.50,{"a":2}],"m":[0,' + MESSAGE + "]}"
    assert open_envelopes(pa.array([line]), "$.m[1]").json_lines.to_pylist() == [MESSAGE.encode()]


@pytest.mark.parametrize("line", ['{"other":1}', '{"body":null}', '{"body":""}', '{"body":"  "}', "[1]"])
def test_nothing_under_the_path_is_missing(line: str) -> None:
    """A line without a value under the path has no message."""
    opened = open_envelopes(pa.array([line]), "$.body")
    assert opened.missing_rows.tolist() == [0]


@pytest.mark.parametrize(
    "line",
    [
        b"{bad",
        b"",
        b'{"body":3}',
        b'{"body":[1]}',
        b'{"body":true}',
        b'{"body":"hello"}',
        b'{"body":"\xff"}',
        None,
    ],
)
def test_other_values_are_invalid(line: bytes | None) -> None:
    """What is no JSON, or under the path no message, is invalid."""
    opened = open_envelopes(pa.array([line, b'{"body":{}}'], pa.binary()), "$.body")
    assert opened.invalid_rows.tolist() == [0]
    assert opened.json_rows.tolist() == [1]


def test_broken_and_endless_gzip_is_invalid() -> None:
    """Gzip that is cut off, or that unzips to more than any message, is invalid."""
    cut = base64.b64encode(gzip.compress(QUERY.encode())[:-6]).decode()
    bomb = base64.b64encode(gzip.compress(b"a=" * (40 << 20), 1)).decode()
    assert open_one(cut).invalid_rows.tolist() == open_one(bomb).invalid_rows.tolist() == [0]


def test_messages_are_single_lines() -> None:
    """Line breaks inside a message become spaces, so that it is one line."""
    assert open_one('{"app_id":\r\n"i"}').json_lines.to_pylist() == [b'{"app_id": "i"}']


@pytest.mark.parametrize(
    "path", ["$.body", "$.message.data", "$.records[0].data", '$."detail-type".x', "$[2]", "$.a-b"]
)
def test_paths_to_one_value_are_accepted(path: str) -> None:
    """Names behind dots, quoted names and places in brackets make a path."""
    assert require_path(path) == path


@pytest.mark.parametrize(
    "path", ["", "$", "body", "$.", "$.*", "$..body", "$.a[", "$.a[*]", "$.a'b", "$.a;drop"]
)
def test_other_paths_are_refused(path: str) -> None:
    """Anything else is refused with the way out, before a line is read."""
    with pytest.raises(EnvelopePathError, match="Write a dollar sign"):
        open_envelopes(pa.array([], pa.string()), path)


BODIES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=10)
    | st.just(QUERY)
    | st.just(encode(QUERY)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(BODIES, max_size=6))
@settings(max_examples=100, deadline=None)
def test_every_line_is_accounted_for(bodies: list[object]) -> None:
    """Each line is opened, missing or invalid, exactly once, and objects come back equal."""
    lines = pa.array([json.dumps({"a": 1.5, "body": body}) for body in bodies], pa.string())
    opened = open_envelopes(lines, "$.body")
    rows = [opened.json_rows, opened.text_rows, opened.missing_rows, opened.invalid_rows]
    assert sorted(row for part in rows for row in part.tolist()) == list(range(len(bodies)))
    for row, line in zip(opened.json_rows.tolist(), opened.json_lines.to_pylist(), strict=True):
        assert json.loads(line) == bodies[row] or isinstance(bodies[row], str)
