"""Why an id of a list, or a whole list, is not taken: codes, which are stable, and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from etl.errors import UnreadableList


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its code, and the sentence behind it, which never holds a value."""

    code: str
    sentence: str


REJECTIONS: Final = (
    # Of a line as it stands.
    Reason("comment", "The line begins with #; a list has no comments."),
    Reason(
        "unclosed_quote", "A quotation mark on the line is not closed there; a value holds no line break."
    ),
    Reason("too_many_fields", "The line has more fields than the list has columns."),
    Reason("invalid_json", "The line is no JSON."),
    Reason("not_a_row", "It is neither an id nor an object with ids."),
    Reason("repeated_key", "The object has a key twice, or two of one meaning."),
    Reason("key_unclear", "A key that is not known may say for which apps, or whether it is wished at all."),
    Reason("no_id", "No column of ids has a value."),
    Reason("test_request", "It is a body for Liftoff that says test, so nobody asked."),
    Reason("test_unclear", "What stands under test is neither true nor false."),
    # Of an id.
    Reason("nobody", "It names nobody: zeros, or a word such as null."),
    Reason("repeated", "It is a pattern of few characters, and no id that chance made."),
    Reason("shared_id", "It is known to be an emulator's, an example's or many devices'."),
    Reason("digest_of_nobody", "It is the digest of zeros, of a word such as null, or of a shared id."),
    Reason("malformed", "It has not the form of an id of its type."),
    Reason("rounded", "A spreadsheet rounded it to a number with an exponent."),
    Reason("email_in_id", "It has the shape of an e-mail address, in a column of device ids."),
    Reason("phone_in_id", "It has the shape of a phone number, in a column of device ids."),
    Reason("type_unknown", "Its type is none that is known."),
    Reason("type_unclear", "Neither a column, nor the lake, nor its casing tells its type."),
    Reason("type_contradicted", "Its type is another by a second column, or in the lake."),
    # Of what is wished.
    Reason("kind_unknown", "The kind is neither erase nor do_not_share."),
    Reason("apps_malformed", "What stands under apps is no list of app ids."),
    Reason("app_unmapped", 'An app of it has no entry apps."…".app_store_id in the configuration.'),
    Reason(
        "requested_at_unreadable", "Its time is no ISO 8601 date or instant, and no epoch of 10 or 13 digits."
    ),
    Reason("requested_at_future", "Its time is in the future."),
    Reason("requested_at_too_early", "Its time is before 2018-05-25, when the GDPR began to apply."),
)

UNREADABLE: Final = (
    Reason("empty", "It holds nothing. Drop it again, whole."),
    Reason("too_large", "As it is or unpacked, it is larger than is read. Split it."),
    Reason("changing", "It changed or went away while it was read. The next sweep reads what is there then."),
    Reason("forbidden", "The store does not give it out. Grant reading it."),
    Reason("damaged", "Its compression is damaged or cut short. Drop it again, whole."),
    Reason("unsupported", "It is a spreadsheet, an archive or a document. Save it as CSV."),
    Reason("undecodable", "It is no text in UTF-8, UTF-16 or Windows-1252. Save it as UTF-8."),
    Reason("encoding_mixed", "It is UTF-8 with bytes that are not. Save it as UTF-8."),
    Reason(
        "json_malformed", "It begins, or is named, as JSON and is not, or is cut short. Drop it again, whole."
    ),
    Reason("parquet_damaged", "It begins, or is named, as Parquet and cannot be read. Write it again."),
    Reason("no_id_column", "Its header names no column of ids. Name one device_id, idfa, advertising_id, …"),
    Reason(
        "column_unclear",
        "A column that is not known may say for which apps, or whether it is wished at all. Rename it app_id"
        " or kind; or leave in the list only those who opted out, and take it out.",
    ),
    Reason("repeated_column", "Two columns of its header have one meaning. Rename or drop one."),
)

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {reason.code: reason.sentence for reason in (*REJECTIONS, *UNREADABLE)}
)


class Refused(Exception):
    """An id is not taken; its only argument is the code, never a value."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def make_unreadable(code: str) -> UnreadableList:
    """Make the error of a list that cannot be read as a whole."""
    return UnreadableList(f"{code}: {SENTENCES[code]}")
