"""An independent reader of sample landings: only the standard library, nothing of etl but the generator."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from etl.sample import Truth

Message = dict[str, object]

INSTALLS = {"install", "reinstall", "re-engagement", "re-attribution"}


@dataclass(frozen=True)
class Landing:
    """A landing as this reader finds it, beside what the generator says."""

    target: Path
    truth: Truth
    messages: list[Message]
    junk: list[bytes]


def read_landing(target: Path, truth: Truth) -> Landing:
    """Read every object and tell messages from junk."""
    messages: list[Message] = []
    junk: list[bytes] = []
    for path in list_objects(target):
        for raw in split_object(read_bytes(path)):
            message = parse_message(raw)
            if message is None:
                junk.append(raw)
            else:
                messages.append(message)
    return Landing(target, truth, messages, junk)


def list_objects(target: Path) -> list[Path]:
    """List the landed objects."""
    return sorted(path for path in target.rglob("*") if path.is_file())


def read_bytes(path: Path) -> bytes:
    """Read an object, decompressed where it is gzip."""
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


def split_object(raw: bytes) -> Iterator[bytes]:
    """Split an object into what it holds of messages, junk included."""
    if raw.startswith(b"{") and b"\n" not in raw:
        yield from split_concatenated(raw.decode())
        return
    for line in raw.splitlines():
        if b'"GET /' in line:
            yield line.split(b"?", 1)[1].split(b" HTTP", 1)[0]
        elif b"\tGET\t" in line:
            yield line.split(b"\t")[11].replace(b"%25", b"%")
        elif not line.startswith(b"#"):
            yield line


def split_concatenated(text: str) -> Iterator[bytes]:
    """Split JSON objects that nothing separates."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        _, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = end


def parse_message(raw: bytes) -> Message | None:
    """Parse one message; None where it is none."""
    if raw[:1].isalpha() and b"=" in raw:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=True))
    try:
        message = json.loads(raw)
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.get("app_id") else None


def identify(message: Message) -> tuple[object, ...]:
    """Give the identity of an event: app, person, topic family, name, time, value and media source."""
    name = message.get("event_name") or message["event_type"]
    source = str(message.get("media_source") or "").casefold()
    return (
        message["app_id"],
        identify_person(message),
        name if name in INSTALLS else "in_app",
        name,
        str(message["event_time_selected_timezone"])[14:23],
        str(message["event_time"])[:19],
        message.get("event_value") or None,
        None if source in {"", "organic"} else source,
    )


def identify_person(message: Message) -> str:
    """Give the first identifier that a message has."""
    names = ("appsflyer_id", "appsflyer_device_id", "advertising_id", "idfa", "idfv")
    values = [str(message.get(name) or "").casefold() for name in names]
    return next(value for value in values if value.strip("0-"))
