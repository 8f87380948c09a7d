"""Which texts are ids of a device, and which may not be told as an id of a user."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from etl.subjects import is_placeholder, make_hasher

_UUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
DEVICE_ID: Final = re.compile(_UUID)
# An e-mail address, also one in a URL or with its @ encoded. One character on each side tells it: any number
# of them would be looked through anew from each character of a long text.
_EMAIL = re.compile(r"[^\s@](?:@|%40)[^\s@]", re.IGNORECASE)
# A phone number has 7 to 15 digits (E.164). Without a plus or anything between its digits a short one is more
# likely an account's number.
_PHONE_MARKS = re.compile(r"[\s().\-/\u2010-\u2015]+")
_PHONE_NAMES = re.compile(r"(?:tel|phone|mobile|msisdn|sms|whatsapp)\s*[:=]\s*", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_FEWEST_DIGITS, _FEWEST_BARE_DIGITS, _MOST_DIGITS = 7, 10, 15
# An advertising id in whatever spelling, also one with something before or behind it, or a digest of an id
# (MD5, SHA-1, SHA-256).
_ADVERTISING_ID = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}(?:[-_]?[0-9A-Fa-f]{4}){3}[-_]?[0-9A-Fa-f]{12}"
    r"|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})(?![0-9A-Za-z])"
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_SEPARATOR = "\x1f"


def is_device_id(text: str) -> bool:
    """Tell whether a text is a device's id: the shape of a UUID, and not all zeros."""
    return DEVICE_ID.fullmatch(text) is not None and not is_placeholder(text)


def is_email(text: str) -> bool:
    """Tell whether a text has the shape of an e-mail address."""
    return _EMAIL.search(text) is not None


def is_phone(text: str) -> bool:
    """Tell whether a text has the shape of a phone number.

    Digits alone are taken for one from ten digits on, or where they start with 00; with `tel:` or its like
    before them, all are.
    """
    named = _PHONE_NAMES.match(text)
    text = text[named.end() :] if named else text
    bare = _PHONE_MARKS.sub("", text)
    digits = bare.removeprefix("+")
    if not _DIGITS.fullmatch(digits) or not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return False
    is_bare = bare == text and not named and not text.startswith(("+", "00"))
    return not is_bare or len(digits) >= _FEWEST_BARE_DIGITS


def is_advertising_id(text: str) -> bool:
    """Tell whether an advertising id stands in a text, or a digest that may be one of it."""
    return _ADVERTISING_ID.search(text) is not None


def clean_user_id(identifier: str) -> str | None:
    """Give an id of a user as it may be told; None for one that names nobody, or somebody in other apps."""
    text = identifier.strip()
    if is_placeholder(text) or _CONTROLS.search(text):
        return None
    # What is spelled in other scripts' digits and marks is the same id.
    plain = unicodedata.normalize("NFKC", text)
    return None if is_email(plain) or is_phone(plain) or is_advertising_id(plain) else text


def make_user_hasher(key: bytes, app_id: str) -> Callable[[str], str | None]:
    """Make the function that hashes AppsFlyer ids for one app, to 32 hex digits; None for nobody.

    Two apps have different hashes of one id, so they tell nobody that they have a user in common.
    """
    hash_text = make_hasher(key)

    def hash_user_id(appsflyer_id: str) -> str | None:
        text = appsflyer_id.strip()
        return None if is_placeholder(text) else hash_text(f"{app_id}{_SEPARATOR}{text}")

    return hash_user_id
