import base64
import io
import json

import pytest

from etl.appsflyer.formats.framing import read_blocks
from etl.appsflyer.lines import merge_blocks
from etl.appsflyer.macros import parse_template
from etl.appsflyer.messages import Reason
from etl.appsflyer.parse import JsonParser
from etl.appsflyer.read import ReadingRules, ReadLines, read_lines

MESSAGE = {"app_id": "id1", "event_name": "buy"}
LINE = json.dumps(MESSAGE).encode()
QUERY = b"app_id=id1&event_name=buy"


PLAIN = ReadingRules()


@pytest.fixture(scope="module")
def parser() -> JsonParser:
    """One parser for all tests, as one serves a whole chunk."""
    return JsonParser()


def read(parser: JsonParser, data: bytes, rules: ReadingRules = PLAIN) -> ReadLines:
    """Read an object's content as an ingest does."""
    (block,) = read_blocks(io.BytesIO(data))
    return read_lines(merge_blocks([(0, block)]), parser, rules)


def messages(found: ReadLines) -> list[tuple[int, dict[str, str]]]:
    """Give the messages by their lines."""
    items = []
    for batch in found.batches:
        void = set(batch.void.tolist())
        for row in set(range(batch.rows)) - void:
            fields = {name: column[row].as_py() for name, column in batch.columns.items()}
            fields |= {stray.name: stray.text for stray in batch.strays if stray.row == row}
            items.append((int(batch.positions[row]), {name: text for name, text in fields.items() if text}))
    return sorted(items, key=lambda item: item[0])


def rejects(found: ReadLines) -> list[tuple[int, Reason, bytes | None]]:
    """Give the rejects by their lines."""
    return [(each.line, each.reason, each.raw) for each in found.rejects]


def test_a_line_that_cannot_be_read_is_rejected_whole(parser: JsonParser) -> None:
    """The line's number stands for its bytes."""
    found = read(parser, LINE + b"\njunk\n" + LINE + b"\n")
    assert messages(found) == [(0, MESSAGE), (2, MESSAGE)]
    assert rejects(found) == [(1, Reason.INVALID_JSON, None)]


def test_several_messages_of_a_line_are_counted(parser: JsonParser) -> None:
    """Values glued together or in an array are all read, and counted beyond the first."""
    found = read(parser, LINE + b"\n" + LINE + LINE + b"\n[" + LINE + b"," + LINE + b"]\n")
    assert [line for line, _ in messages(found)] == [0, 1, 1, 2, 2]
    assert found.extra_messages == {1: 1, 2: 1}


def test_what_stands_between_messages_is_rejected_for_itself(parser: JsonParser) -> None:
    """The broken part of a line is kept, the sound part is read."""
    found = read(parser, LINE + b"\n" + LINE + b" junk " + LINE + b"\n")
    assert [line for line, _ in messages(found)] == [0, 1, 1]
    assert rejects(found) == [(1, Reason.INVALID_JSON, b"junk")]
    assert found.extra_messages == {1: 2}


def test_a_logs_prefix_is_no_part_of_the_message(parser: JsonParser) -> None:
    """What a logger writes before the message is passed over."""
    found = read(parser, LINE + b"\n2026-09-01 INFO got " + LINE + b"\n")
    assert messages(found) == [(0, MESSAGE), (1, MESSAGE)]
    assert found.rejects == []


def test_a_query_among_json_is_read(parser: JsonParser) -> None:
    """An endpoint that took POST and GET alike loses neither."""
    assert messages(read(parser, LINE + b"\n/push?" + QUERY + b"\n")) == [(0, MESSAGE), (1, MESSAGE)]


def test_json_among_text_is_read(parser: JsonParser) -> None:
    """A JSON body logged among access-log lines is a message."""
    found = read(parser, b"/push?" + QUERY + b"\nPOST /push 200 " + LINE + b"\n/favicon.ico {\n")
    assert messages(found) == [(0, MESSAGE), (1, MESSAGE)]
    assert rejects(found) == [(2, Reason.NO_MESSAGE, None)]


def test_a_name_is_forgiven_its_casing_in_odd_lines_as_well(parser: JsonParser) -> None:
    """A field that differs by its casing only is a column for the normalizer, not a stray."""
    found = read(parser, b'{"App_ID":"id1","event_name":"x","unheard":"y"}\n')
    (batch,) = [batch for batch in found.batches if batch.rows > len(batch.void)]
    assert "App_ID" in batch.columns
    assert [stray.name for stray in batch.strays] == ["unheard"]


@pytest.mark.parametrize(
    "body", [MESSAGE, json.dumps(MESSAGE), base64.b64encode(LINE).decode(), QUERY.decode()]
)
def test_an_envelope_is_opened_however_it_is_packed(parser: JsonParser, body: object) -> None:
    """Object, text, base64 and query are one message."""
    data = json.dumps({"body": body}).encode() + b"\n"
    assert messages(read(parser, data, ReadingRules(envelope="$.body"))) == [(0, MESSAGE)]


def test_an_envelope_without_a_message_is_rejected(parser: JsonParser) -> None:
    """What is missing or no JSON is told apart."""
    found = read(parser, b'{"x":1}\njunk\n', ReadingRules(envelope="$.body"))
    assert [(line, reason) for line, reason, _ in rejects(found)] == [
        (0, Reason.ENVELOPE_MISSING),
        (1, Reason.ENVELOPE_INVALID),
    ]


def test_a_template_names_the_parameters(parser: JsonParser) -> None:
    """A partner's postbacks are read by the macros that their parameters stand for."""
    template = parse_template("https://a.b/c?pkg=(app_id)&what=(event_name)")
    found = read(parser, b"GET /c?pkg=id1&what=buy HTTP/1.1\n", ReadingRules(template=template))
    assert messages(found) == [(0, MESSAGE)]


@pytest.mark.parametrize(
    "data", [b'{"event_name":"buy"}\n', b'{"app_id":"","event_name":"buy"}\n[{"event_name":"buy"}]\n']
)
def test_a_sources_app_stands_in_where_none_is_named(parser: JsonParser, data: bytes) -> None:
    """A source that serves one app need not repeat it in each message; a message that names one is right."""
    rules = ReadingRules(app_id="id1")
    assert {fields["app_id"] for _, fields in messages(read(parser, data, rules))} == {"id1"}
    assert messages(read(parser, b'{"app_id":"id2"}\n', rules)) == [(0, {"app_id": "id2"})]
