from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.macros import parse_template, read_postback
from etl.appsflyer.messages import Reason, TextBatch
from etl.appsflyer.queries import read_queries

EVENT = parse_template(
    "http://example.com?pid=(media_source)&gaid=(advertiserId)&t=(install-unix-ts)&e=(event-name)"
    "&json=(event-value)&touch=(attributed_touch_type)&h=(sha1-idfa)&fixed=1&app_id=id9&c=(campaign)"
)
INSTALL = parse_template("http://example.com?pid=(media_source)&gaid=(advertiserId)&t=(install-unix-ts)")


def read(*queries: str, template: object = EVENT, app_id: str | None = None) -> TextBatch:
    """Read lines, numbered from 1."""
    lines = pa.array([f'1.2.3.4 "GET /pb?{query} HTTP/1.1" 200' for query in queries])
    return read_queries(lines, np.arange(len(queries)), template=template, app_id=app_id)  # type: ignore[arg-type]


def row_of(batch: TextBatch, row: int = 0) -> dict[str, str]:
    """Give one row as a dictionary."""
    values = {name: column[row].as_py() for name, column in batch.columns.items()}
    return {name: value for name, value in values.items() if value is not None}


def test_parameters_become_fields() -> None:
    """Each parameter fills the field that its macro names, in that field's own terms."""
    query = (
        "pid=net&gaid=AB&t=1451923560&e=buy&json=%7B%22a%22%3A1%7D%0A&touch=1&h=ff&fixed=1&app_id=id9&odd=x"
    )
    assert row_of(read(query)) == {
        "media_source": "net",
        "advertising_id": "AB",
        "install_time": "2016-01-04 16:06:00",
        "event_name": "buy",
        "event_value": '{"a":1}',
        "attributed_touch_type": "impression",
        "sha1_idfa": "ff",
        "fixed": "1",
        "app_id": "id9",
        "odd": "x",
    }


def test_installs_are_named_and_dated() -> None:
    """An install template's messages are installs, at their install time."""
    row = row_of(read("pid=net&t=1451923560", template=INSTALL, app_id="id5"))
    assert (row["event_name"], row["event_time"], row["app_id"]) == ("install", "2016-01-04 16:06:00", "id5")


def test_another_template_is_a_mismatch() -> None:
    """A query with none of the template's parameters does not fit; a line without a query is no message."""
    batch = read("utm_source=x&event_name=y", "")
    assert [reject.reason for reject in batch.rejects] == [Reason.TEMPLATE_MISMATCH, Reason.NO_MESSAGE]


def test_twice_encoded_event_values_are_decoded() -> None:
    """An event value that is encoded on its own is decoded as well."""
    assert (
        row_of(read(urlencode({"pid": "n", "json": "%7B%22a%22%3A%22x%2By%22%7D\n"})))["event_value"]
        == '{"a":"x+y"}'
    )


@pytest.mark.parametrize("value", ["(advertiserId)", " ( advertiser-id ) "])
def test_unfilled_macros_are_absent(value: str) -> None:
    """A macro that was not filled is no value."""
    assert "advertising_id" not in row_of(read(urlencode({"pid": "n", "gaid": value})))


NAMES = st.sampled_from(["pid", "gaid", "t", "e", "json", "touch", "h", "fixed", "app_id", "c", "odd"])
VALUES = st.one_of(
    st.sampled_from(
        ["0", "1", " 1451923560 ", "12345678901", "%7B%22a%22%7D\n", "(campaign)", "(x)", "é", "\n"]
    ),
    st.text("ab0 %+&=", max_size=6),
)


@given(st.lists(st.dictionaries(NAMES, VALUES), min_size=1, max_size=5), st.booleans())
@settings(max_examples=150, deadline=None)
def test_columns_agree_with_single_messages(rows: list[dict[str, str]], is_install: bool) -> None:  # noqa: FBT001
    """Reading by columns gives what reading one message at a time does."""
    template = INSTALL if is_install else EVENT
    messages = [{**row, "pid": "net"} for row in rows]
    batch = read(*map(urlencode, messages), template=template)
    assert [row_of(batch, row) for row in range(batch.rows)] == [
        read_postback(template, message.items()) for message in messages
    ]
