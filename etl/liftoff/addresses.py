"""The address of a device: IPv6 before IPv4, and none that is not of the public internet."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.columns import as_mask, map_values

_BYTE: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_GROUP: Final = "[0-9a-f]{1,4}"
_TAILS: Final = (
    rf"(?:{_GROUP}:){{6}}{_GROUP}",
    *(rf"(?:{_GROUP}:){{0,{6 - after}}}(?::{_GROUP}){{1,{after}}}" for after in range(1, 7)),
    rf"(?:{_GROUP}:){{0,6}}:",
)
# Addresses that need no second look: IPv4, and IPv6 of the only block from which providers give (2000::/3).
_PLAIN: Final = rf"^(?:{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}|[23][0-9a-f]{{3}}:(?:{'|'.join(_TAILS)}))$"
_LOCAL: Final = r"^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2[0-9]|3[01])|22[4-9]|2[3-5][0-9])\."
_SHARED: Final = r"^100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\."
_LOCAL_NETWORKS: Final = tuple(map(ipaddress.ip_network, ("::/127", "fc00::/7", "fe80::/10", "ff00::/8")))
_NOT_PUBLIC: Final = re.compile(f"{_LOCAL}|{_SHARED}")


def client_ip(text: str) -> str | None:
    """Give the address that Liftoff is told; of several with commas between, the first IPv6, else the first.

    None where there is no address of the public internet. An IPv4 address in IPv6's clothes is given as IPv4.
    """
    found = [address for part in text.split(",") if (address := _read_address(part))]
    return next((address for address in found if ":" in address), found[0] if found else None)


def client_ips(column: pa.Array) -> pa.Array:
    """Give `client_ip` of each row of a column."""
    is_plain = as_mask(pc.match_substring_regex(column, _PLAIN))
    is_plain &= ~as_mask(pc.match_substring_regex(column, f"{_LOCAL}|{_SHARED}"))
    if is_plain.all():
        return column
    return pc.if_else(
        pa.array(is_plain), column, map_values(pc.if_else(pa.array(is_plain), None, column), client_ip)
    )


def _read_address(text: str) -> str | None:
    spelled = text.strip().strip("[]").lower().partition("%")[0]
    try:
        address = ipaddress.ip_address(spelled)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return None if any(address in network for network in _LOCAL_NETWORKS) else spelled
        spelled = str(address.ipv4_mapped)
    return None if _NOT_PUBLIC.match(spelled) else spelled
