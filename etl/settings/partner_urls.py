"""Addresses that are told people's data: in the clear only within a machine or a network of one's own."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

# Names to which the public internet gives no address (RFC 6761, 6762, 8375; ICANN for `internal`).
_LOCAL_ENDINGS: Final = (".localhost", ".local", ".internal", ".home.arpa", ".test", ".example", ".invalid")


def check_privacy(url: str) -> str:
    """Accept `https://`, and `http://` where what is sent does not leave for the internet: a rehearsal's."""
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        message = "sends people's data and the credentials in the clear; write https://"
        raise ValueError(message)
    return url


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return "." not in name or name.endswith(_LOCAL_ENDINGS)
    return address.is_private or address.is_loopback
