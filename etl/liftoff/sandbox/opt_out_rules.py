"""The rules of opt-outs (Liftoff: GDPR Opt-Out API v3), from the document alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from etl.liftoff.sandbox.rules import UUID, ZEROS, Broken, name_safely

DEVICE_IDS: Final = "device-ids"
ID_TYPE: Final = "device-id-type"
SHA1: Final = "device-id-sha1"
STORE_IDS: Final = "app-store-ids"
KNOWN: Final = frozenset({"ts", DEVICE_IDS, ID_TYPE, "test", SHA1, STORE_IDS})
LARGEST_BODY: Final = 16 * 2**20

_STORE_ID: Final = re.compile(r"[0-9]{1,20}|[A-Za-z][\w-]*(?:\.[\w-]+)+")
# Seconds of ten digits: from 2001 to 2286. Milliseconds have three more.
_SECONDS: Final = range(10**9, 10**10)


@dataclass(frozen=True, slots=True)
class OptOut:
    """A body that was read as an object: what it holds, as far as it could be read, and what it breaks."""

    device_ids: tuple[str, ...] = ()
    app_store_ids: tuple[str, ...] = ()
    is_test: bool = False
    broken: tuple[Broken, ...] = ()

    @property
    def status(self) -> HTTPStatus:
        """400 for what is broken, 202 where every id is zeros, else 200."""
        if self.broken:
            return HTTPStatus.BAD_REQUEST
        is_nobody = all(_is_zeros(each) for each in self.device_ids)
        return HTTPStatus.ACCEPTED if is_nobody else HTTPStatus.OK


def judge_opt_out(body: bytes, content_type: str) -> OptOut:
    """Read a body and judge it."""
    if not body.strip():
        return OptOut(broken=(Broken("(body)", "body_missing"),))
    if len(body) > LARGEST_BODY:
        return OptOut(broken=(Broken("(body)", "body_large"),))
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_refuse_repeated, parse_constant=_refuse)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return OptOut(broken=(Broken("(body)", "json"),))
    broken = [] if _is_json(content_type) else [Broken("(body)", "content_type")]
    return OptOut(
        device_ids=_read_texts(found.get(DEVICE_IDS)),
        app_store_ids=_read_texts(found.get(STORE_IDS)),
        is_test=found.get("test") is True,
        broken=tuple(dict.fromkeys((*broken, *_judge_members(found), *_judge_together(found)))),
    )


def _judge_members(body: Mapping[str, Any]) -> Iterator[Broken]:
    yield from (Broken(name_safely(name), "unknown") for name in body.keys() - KNOWN)
    yield from (Broken(name, "missing") for name in (DEVICE_IDS, "test") if name not in body)
    for name, rule, is_kept in _CHECKS:
        if name in body and not is_kept(body[name]):
            yield Broken(name, rule)


def _judge_together(body: Mapping[str, Any]) -> Iterator[Broken]:
    """Judge the ids: each by itself, by their type and beside their digest."""
    ids = _read_texts(body.get(DEVICE_IDS))
    yield from _judge_ids(ids)
    is_kept = _CASINGS.get(str(body.get(ID_TYPE)))
    if is_kept and not all(is_kept(each) for each in ids):
        yield Broken(ID_TYPE, "casing")
    if SHA1 in body and len(ids) != 1:
        yield Broken(SHA1, "one_id")
    elif SHA1 in body and not _is_digest(body[SHA1], ids[0]):
        yield Broken(SHA1, "sha1")


def _judge_ids(ids: tuple[str, ...]) -> Iterator[Broken]:
    is_some_zeros = any(_is_zeros(each) for each in ids)
    if is_some_zeros and not all(_is_zeros(each) for each in ids):
        yield Broken(DEVICE_IDS, "zeros")
    if not all(UUID.fullmatch(each) for each in ids):
        yield Broken(DEVICE_IDS, "uuid")
    if not all(each in {each.upper(), each.lower()} for each in ids):
        yield Broken(DEVICE_IDS, "mixed_case")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _read_texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _is_zeros(device_id: str) -> bool:
    return ZEROS.fullmatch(device_id) is not None


def _is_digest(value: object, device_id: str) -> bool:
    """Tell whether a text is the SHA-1 of an id, in any casing: the document does not say in which."""
    digests = {
        hashlib.sha1(each.encode(), usedforsecurity=False).hexdigest()
        for each in (device_id, device_id.upper(), device_id.lower())
    }
    return isinstance(value, str) and value.lower() in digests


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _SECONDS


def _is_id_type(value: object) -> bool:
    return isinstance(value, str) and value in _CASINGS


def _are_store_ids(value: object) -> bool:
    return all(_STORE_ID.fullmatch(each) for each in _read_texts(value))


def _is_upper(device_id: str) -> bool:
    return device_id == device_id.upper()


def _is_lower(device_id: str) -> bool:
    return device_id == device_id.lower()


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> None:
    """Refuse NaN and infinities, which Python reads and JSON has not."""
    raise ValueError(constant)


_CASINGS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {"idfa": _is_upper, "gaid": _is_lower}
)
_CHECKS: Final[tuple[tuple[str, str, Callable[[object], bool]], ...]] = (
    ("test", "is_boolean", _is_boolean),
    ("ts", "is_seconds", _is_seconds),
    (DEVICE_IDS, "is_list", _is_texts),
    (ID_TYPE, "id_type", _is_id_type),
    (STORE_IDS, "is_list", _is_texts),
    (STORE_IDS, "store_id", _are_store_ids),
)
