import ipaddress

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.liftoff.addresses import client_ip, client_ips

ADDRESSES = st.one_of(
    st.ip_addresses().map(str), st.ip_addresses(v=6).map(lambda address: address.exploded), st.text()
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("20.168.174.166", "20.168.174.166"),
        ("2A02:8108:96BF::1", "2a02:8108:96bf::1"),
        ("20.168.174.166, 2a02:8108::1", "2a02:8108::1"),
        ("20.168.174.166,5.5.5.5", "20.168.174.166"),
        ("::ffff:20.168.174.166", "20.168.174.166"),
        ("[2a02:8108::1]", "2a02:8108::1"),
        ("10.0.0.1, 20.168.174.166", "20.168.174.166"),
    ],
)
def test_ipv6_comes_first(text: str, address: str) -> None:
    """Liftoff recommends IPv6 whenever it is there; an IPv4 address in its clothes is none."""
    assert client_ip(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("10.1.2.3", "127.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.1.1", "0.1.2.3", "100.64.0.1"),
        *("::", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "255.255.255.255", "224.0.0.1"),
        *("", "unknown", "1.2.3", "1.2.3.256", "2a02:::1", "1.2.3.4&x=1", "01.2.3.4"),
    ],
)
def test_an_address_that_is_not_public_is_none(text: str) -> None:
    """It is not the device's, and says nothing to anybody."""
    assert client_ip(text) is None


@given(st.lists(st.one_of(st.none(), ADDRESSES)))
def test_a_column_is_read_as_its_texts(texts: list[str | None]) -> None:
    """The fast way over columns agrees with the exact one."""
    trimmed = [text.strip() if text else text for text in texts]
    expected = [client_ip(text) if text is not None else None for text in trimmed]
    assert client_ips(pa.array(trimmed, pa.string())).to_pylist() == expected


def test_an_address_has_eight_groups_or_a_gap() -> None:
    """However many groups stand before and behind the gap, the fast way knows what the exact one knows."""
    heads = [":".join(["2a02", *["1"] * more]) for more in range(9)]
    tails = [":".join(["f"] * count) for count in range(9)]
    texts = [*heads, *(f"{head}::{tail}" for head in heads for tail in tails)]
    assert client_ips(pa.array(texts)).to_pylist() == [client_ip(text) for text in texts]


@given(ADDRESSES)
def test_an_address_is_one(text: str) -> None:
    """What is told can be read as an address."""
    address = client_ip(text)
    assert address is None or ipaddress.ip_address(address) is not None
