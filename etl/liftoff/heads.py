"""Heads of answers, read at once where they are plain, and by Python's own reader where they are not.

Python reads every head with its parser of e-mails, which is a tenth of what a request costs. A head that is
plain is one line of HTTP/1.1 and lines `name: value` of ASCII, and says by one `Content-Length` where its
body ends. Whatever else may be a head (RFC 9112) or is none is left to `http.client`, untouched, but for
words in between (RFC 9110, 15.2), which it would take for the answer.
"""

from __future__ import annotations

import re
from http.client import HTTPMessage, HTTPResponse, parse_headers
from typing import Final

_PLAIN: Final = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9][0-9]) ([!-~][ -~]*)?\r\n((?:[A-Za-z0-9_-]+: [!-~][ -~]*\r\n){1,100})\r\n"
)
_LENGTH: Final = re.compile("[0-9]{1,12}")
_BODILESS: Final = frozenset({204, 304})
_HTTP_1_1: Final = 11
# 101 ends HTTP on its connection, and http.client passes over 100 itself.
_IN_BETWEEN: Final = frozenset({*range(102, 200)})


class Response(HTTPResponse):
    """An answer whose head is read at once if it is plain."""

    def begin(self) -> None:
        """Read the head; as `http.client` does, where it is not plain or has not come whole."""
        if getattr(self, "headers", None) is not None or not self._take_plain_head():
            super().begin()

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status line of the answer itself, which comes behind those of words in between."""
        while True:
            told: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # typeshed has it not
            if told[1] not in _IN_BETWEEN:
                return told
            parse_headers(self.fp)

    def _take_plain_head(self) -> bool:
        """Take a plain head from what has come; False, and nothing taken, where there is none."""
        found = _PLAIN.match(self.fp.peek(1))
        if found is None:
            return False
        status, message = int(found[1]), _read_lines(found[3])
        lengths = message.get_all("Content-Length", [])
        if status in _BODILESS or "Transfer-Encoding" in message or len(lengths) != 1:
            return False
        if not _LENGTH.fullmatch(lengths[0]):
            return False
        self.fp.read(found.end())
        self.code = self.status = status
        self.reason, self.version = (found[2] or b"").decode("ascii").strip(), _HTTP_1_1
        self.headers = self.msg = message
        self.chunked, self.length = False, int(lengths[0])
        self.will_close = "close" in (message.get("Connection") or "").casefold()
        return True


def _read_lines(lines: bytes) -> HTTPMessage:
    message = HTTPMessage()
    for line in lines.decode("ascii").splitlines():
        name, _, value = line.partition(": ")
        message[name] = value
    return message
