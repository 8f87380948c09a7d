"""The rules of postbacks (Liftoff: Analytics S2S), from the document alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from etl.appsflyer.masking import mask_ids
from etl.liftoff.sandbox.queries import Pairs
from etl.liftoff.sandbox.rules import UUID, ZEROS, Broken, name_safely
from etl.quality.iso_codes import currency_codes

REQUIRED: Final = (
    "liftoff_app_id",
    "client_ip",
    "event_name",
    "event_timestamp",
    "language",
    "device_model",
    "platform",
)
IDENTIFIERS: Final = ("user_id", "idfv", "device_id")
OPTIONAL: Final = (
    "user_agent",
    "app_version",
    "bundle_id",
    "os_version",
    "revenue",
    "currency_code",
    "is_first_event",
    "install_timestamp",
    "test_mode",
)
KNOWN: Final = frozenset((*REQUIRED, *IDENTIFIERS, *OPTIONAL))
TEST_MODE: Final = "test_mode"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MILLISECONDS: Final = re.compile(r"[0-9]{13}")
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NON_ZERO: Final = re.compile(r"[1-9]")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def judge_postback(pairs: Pairs | None) -> tuple[Broken, ...]:
    """Give every rule that a postback's parameters break; none means that it is accepted."""
    if pairs is None:
        return (Broken("(query)", "encoding"),)
    values = dict(pairs)
    return tuple(
        dict.fromkeys((*_judge_names(pairs, values), *_judge_values(values), *_judge_together(values)))
    )


def _judge_names(pairs: Pairs, values: Mapping[str, str]) -> Iterator[Broken]:
    yield from (Broken(name, "missing") for name in REQUIRED if not values.get(name))
    if not any(values.get(name) for name in IDENTIFIERS):
        yield Broken("device_id", "identifier")
    if not values.keys() <= KNOWN:
        yield from (Broken(name_safely(name), "unknown") for name in values.keys() - KNOWN)
    if len(pairs) > len(values):
        names = [name for name, _ in pairs]
        yield from (Broken(name_safely(name), "repeated") for name in values if names.count(name) > 1)


def _judge_values(values: Mapping[str, str]) -> Iterator[Broken]:
    for name, value in values.items():
        if not value:
            if name not in REQUIRED and name in KNOWN:
                yield Broken(name, "empty")
        elif _CONTROL.search(value):
            yield Broken(name_safely(name), "control")
        else:
            yield from (Broken(name, rule) for rule, is_kept in CHECKS.get(name, ()) if not is_kept(value))


def _judge_together(values: Mapping[str, str]) -> Iterator[Broken]:
    """Judge what one parameter says of another."""
    platform, device_id = values.get("platform"), values.get("device_id", "")
    if platform == "ios" and device_id != device_id.upper():
        yield Broken("device_id", "upper")
    if platform == "android" and device_id != device_id.lower():
        yield Broken("device_id", "lower")
    if platform == "android" and values.get("idfv"):
        yield Broken("idfv", "ios_only")
    if bool(values.get("revenue")) != bool(values.get("currency_code")):
        yield Broken("revenue" if values.get("currency_code") else "currency_code", "with_currency")


@cache
def _language_codes() -> frozenset[str]:
    import pycountry  # noqa: PLC0415 - its lists cost 30 ms

    return frozenset(code for each in pycountry.languages if (code := getattr(each, "alpha_2", None)))


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    # Python takes a zone as well, which means something on one machine only.
    return "%" not in value


def _is_revenue(value: str) -> bool:
    return _DECIMAL.fullmatch(value) is not None and _NON_ZERO.search(value) is not None


def _is_one(value: str) -> bool:
    return value == "1"


def _is_platform(value: str) -> bool:
    return value in {"android", "ios"}


def _is_boolean(value: str) -> bool:
    return value in {"true", "false"}


def _is_language(value: str) -> bool:
    return value in _language_codes()


def _is_currency(value: str) -> bool:
    return value in currency_codes()


def _is_fixed(value: str) -> bool:
    return mask_ids(value) == value


def _is_milliseconds(value: str) -> bool:
    return _MILLISECONDS.fullmatch(value) is not None


def _is_uuid(value: str) -> bool:
    return UUID.fullmatch(value) is not None


def _is_somebody(value: str) -> bool:
    return ZEROS.fullmatch(value) is None


def _is_no_uuid(value: str) -> bool:
    return UUID.fullmatch(value) is None


def _is_no_email(value: str) -> bool:
    return "@" not in value or _EMAIL.search(value) is None


# What each parameter's value must be, whatever the others are.
CHECKS: Final[Mapping[str, tuple[tuple[str, Callable[[str], bool]], ...]]] = MappingProxyType(
    {
        "client_ip": (("ip", _is_address),),
        "event_name": (("generated", _is_fixed),),
        "event_timestamp": (("digits", _is_milliseconds),),
        "language": (("language", _is_language),),
        "platform": (("platform", _is_platform),),
        "user_id": (
            ("not_an_email", _is_no_email),
            ("not_an_advertising_id", _is_no_uuid),
            ("zeros", _is_somebody),
        ),
        "idfv": (("zeros", _is_somebody), ("uuid", _is_uuid)),
        "device_id": (("zeros", _is_somebody), ("uuid", _is_uuid)),
        "revenue": (("revenue", _is_revenue),),
        "currency_code": (("currency", _is_currency),),
        "is_first_event": (("boolean", _is_boolean),),
        "install_timestamp": (("milliseconds", _is_milliseconds),),
        TEST_MODE: (("test_mode", _is_one),),
    }
)
