"""What a request may break, as data: a code and a sentence, neither of which ever holds a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ZEROS: Final = re.compile(r"[0-]+")
# A name that somebody made up may itself be a person's id; these cannot be.
_PLAIN_NAME: Final = re.compile(r"[a-z][a-z_-]{0,31}")
UNNAMED: Final = "(a name that is not shown)"

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Of both interfaces.
        "missing": "It is required.",
        "unknown": "It is none of the documented parameters.",
        "repeated": "It may be given once.",
        "zeros": "An id of zeros is nobody's; leave it out.",
        "uuid": "It must be a UUID with its hyphens.",
        "authorization_missing": "There must be one Authorization header.",
        "authorization_scheme": "The Authorization header is not of the scheme that this interface asks for.",
        "authorization_wrong": "The credentials are not valid.",
        "rate": "There were more requests in the last second than are allowed.",
        "method": "The method is not the documented one.",
        # Of postbacks.
        "encoding": "The query must be pairs of name=value, percent-encoded UTF-8.",
        "empty": "A parameter without a value is left out, not sent empty.",
        "control": "It may hold no control character.",
        "digits": (
            "It must be 13 digits, milliseconds since epoch. Liftoff itself would silently take"
            " the time of arrival, which is why a backfill must never send this."
        ),
        "milliseconds": "It must be 13 digits, milliseconds since epoch.",
        "language": "It must be a 2-letter code of ISO 639-1, in lower case.",
        "platform": "It must be android or ios.",
        "identifier": "At least one of user_id, idfv and device_id is required.",
        "upper": "An IDFA is in upper case.",
        "lower": "A Google Advertising ID is in lower case.",
        "ios_only": "Only iOS has it.",
        "test_mode": "It is 1, or left out.",
        "revenue": "It must be a plain decimal number other than zero.",
        "currency": "It must be a 3-letter code of ISO 4217, in upper case.",
        "with_currency": "Revenue and its currency come together, or neither.",
        "boolean": "It must be true or false.",
        "ip": "It must be an IPv4 or IPv6 address.",
        "not_an_email": "It must be no e-mail address.",
        "not_an_advertising_id": "It must not track across apps: it has the shape of an advertising id.",
        "generated": "An event's name is fixed: this one holds something like an id, an address or a time.",
        # Of opt-outs.
        "body_missing": "There must be a body.",
        "body_large": "The body is larger than is read.",
        "content_type": "The body is application/json.",
        "json": "The body must be one JSON object in UTF-8 that repeats no key.",
        "is_boolean": "It must be true or false, as JSON has them.",
        "is_seconds": "It must be an integer, Unix seconds.",
        "is_list": "It must be a list of strings with at least one.",
        "mixed_case": "An id is wholly in upper case (IDFA) or wholly in lower case (GAID).",
        "id_type": "It must be idfa or gaid.",
        "casing": "The ids' casing is not that of device-id-type: IDFA upper, GAID lower.",
        "sha1": "It must be the SHA-1 of the device id, 40 hexadecimal digits.",
        "one_id": "It has a meaning only beside one device id.",
        "store_id": "It must be a store's id: digits, or a package's name.",
    }
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a request breaks, and the parameter that breaks it."""

    parameter: str
    rule: str

    def describe(self) -> dict[str, str]:
        """Say it as an object of JSON."""
        return {"parameter": self.parameter, "rule": self.rule, "message": RULES[self.rule]}


def name_safely(name: str) -> str:
    """Give a parameter's name, unless it could hold what must not be shown."""
    return name if _PLAIN_NAME.fullmatch(name) else UNNAMED
