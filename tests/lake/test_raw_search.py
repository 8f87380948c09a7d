"""A wanted id is found in a text however it is written there, and what only looks like it is not."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from etl.lake.raw_search import TextSearch, decode_raw
from etl.lake.wanted import Wanted, WantedId

DEVICE = "a1b2c3d4-0011-4222-8333-aabbccddeeff"
INSTALL = "1756684800000-1234567890123456789"
FREE = "user/söme one"


def search(*ids: str) -> TextSearch:
    """Search for ids."""
    return TextSearch(Wanted(WantedId(each) for each in ids).for_app(None))


def encode_all(text: str) -> str:
    """Percent-encode every character."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize("plain", [DEVICE, INSTALL, FREE])
@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        lambda text: quote(text, safe=""),
        encode_all,
        lambda text: encode_all(encode_all(text)),
        lambda text: json.dumps(json.dumps({"a": text})),
        lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
        lambda text: json.dumps({"url": f"https://a.example/?idfa={encode_all(text)}&b=1"}),
        lambda text: quote(json.dumps({"a": text.replace("/", "\\/")})),
    ],
)
def test_found(plain: str, write: Callable[[str], str]) -> None:
    """Casing, percent-encoding once or twice and JSON's escapes hide nobody."""
    assert search(plain, "x-other").holds(f"before={write(plain)}&after")


@pytest.mark.parametrize("plain", [DEVICE, INSTALL, FREE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_found_in_bytes(plain: str, encoding: str) -> None:
    """Bytes that are no text are kept in base64, and are looked into."""
    raw = b"\xff\xfe\xfa" + f" {plain} ".encode(encoding)
    assert search(plain).holds(decode_raw(base64.b64encode(raw).decode(), "base64"))


@pytest.mark.parametrize(
    "text", [DEVICE[:-1], f"{INSTALL}0", f"1{INSTALL}", "user/söme ones", "auser/söme one", ""]
)
def test_not_found(text: str) -> None:
    """One that begins or ends like another is not the other."""
    assert not search(DEVICE, INSTALL, FREE).holds(text)


def test_without_dashes() -> None:
    """A device id may stand without its dashes."""
    assert search(DEVICE).holds(f"x={DEVICE.replace('-', '').upper()}")
