"""Records that have to go leave their line ends; every other byte stays."""

from __future__ import annotations

import gzip
import io

import pytest

from etl.appsflyer.pull.removal import copy_records_without

HEADER = b"App ID,Event Name,Event Time,Event Value\r\n"


class Finds:
    """A search for one word, that takes a message of another app for somebody else's."""

    def __init__(self, word: bytes, app_id: bytes = b"") -> None:
        """Take the word."""
        self._word, self._app_id = word, app_id

    def may_hold(self, data: bytes) -> bool:
        """Tell whether the word is anywhere."""
        return self._word in data

    def holds(self, message: bytes) -> bool:
        """Tell whether the word is in a message of the app, or of none that it names."""
        return self._word in message and (self._app_id in message or b"app_id" not in message)


def cut(data: bytes, search: Finds) -> tuple[bytes, int]:
    """Copy a file."""
    sink = io.BytesIO()
    done = copy_records_without(io.BytesIO(data), sink, search)
    return sink.getvalue(), done.removed


def test_only_the_persons_records_go() -> None:
    """A record of several lines goes whole; line ends stay, so that the others keep their lines."""
    mine, theirs = b'a,one,t,"x\r\nANNA"\r\n', b'a,two,t,"y\r\nz"\r\n'
    kept, removed = cut(HEADER + mine + theirs + mine[:-2], Finds(b"ANNA"))
    assert (kept, removed) == (HEADER + b"\r\n\r\n" + theirs + b"\r\n", 2)


def test_a_broken_record_goes_alone() -> None:
    """A quote that nothing closes does not take the rest of the file along."""
    kept, removed = cut(HEADER + b'a,o"ne,ANNA\r\na,two,t,v\r\n', Finds(b"ANNA"))
    assert (kept, removed) == (HEADER + b"\r\na,two,t,v\r\n", 1)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf" + HEADER, HEADER + b"a,one,t,v"])
def test_a_file_without_them_stays_byte_by_byte(data: bytes) -> None:
    """A BOM, an empty file, a last line without an end: nothing changes."""
    assert cut(data, Finds(b"ANNA")) == (data, 0)


def test_a_record_of_another_app_stays() -> None:
    """Where the file tells apps, somebody who is erased in one stays in the other."""
    other = b"b,one,t,ANNA\n"
    assert cut(HEADER + b"a,one,t,ANNA\n" + other, Finds(b"ANNA", b"a,")) == (HEADER + b"\n" + other, 1)


def test_compression_stays() -> None:
    """A gzipped file is gzipped again."""
    kept, _ = cut(gzip.compress(HEADER + b"a,one,t,ANNA\n"), Finds(b"ANNA"))
    assert gzip.decompress(kept) == HEADER + b"\n"
