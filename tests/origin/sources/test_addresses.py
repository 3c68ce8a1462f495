from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import ip_addresses

from origin.sources.addresses import Network, may_call

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2606:4700:4700:0:0:0:0:1111",
    "2A00:1450:4001:812::200E",
    "2620:0:2d0:200::7",
    "::ffff:8.8.8.8",
    "::ffff:808:808",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2620:0:2d0:200:0:5efe:8.8.8.8",  # ISATAP
    "2620:0:2d0:200:200:5efe:8.8.8.8",
    "2620:0:2d0:200:100:5efe:10.0.0.1",  # almost ISATAP: no identifier of that kind has this bit
    "2620:0:2d0:200:0:5eff:10.0.0.1",
]

LOOPBACK_OR_UNSPECIFIED = [
    "127.0.0.1",
    "127.0.0.53",
    "127.255.255.255",
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::",
    "::2",
]

PRIVATE = [
    "10.0.0.0",
    "10.255.255.255",
    "172.16.0.1",
    "172.17.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
    "100.64.0.0",  # carrier-grade NAT
    "100.100.100.200",  # a cloud's metadata service inside it
    "100.127.255.255",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",  # a cloud's metadata service
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
]

LINK_LOCAL = [
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::1%1",
    "fe80::a9fe:a9fe",
    "febf:ffff::1",
]

ZONED = ["::1%lo", "2606:4700:4700::1111%eth0", "::ffff:8.8.8.8%1", "ff02::1%eth0"]

MANY_OR_NOBODY = [
    "224.0.0.1",
    "232.0.0.1",
    "233.252.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "250.1.2.3",
    "255.255.255.254",
    "255.255.255.255",
    "ff02::1",
    "ff05::2",
    "ff0e::1",
    "ff3e::8000:1",
    "100::1",
    "4000::1",
    "8000::1",
    "e000::1",
    "fe00::1",
    "198.18.0.1",  # benchmarking
    "198.19.255.255",
    "2001:2::1",
    "192.0.2.1",  # documentation
    "198.51.100.1",
    "203.0.113.255",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "192.0.0.1",  # protocol assignments
    "192.0.0.170",
    "2001:10::1",
]

CARRIERS = [
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:127.0.0.1",
    "::FFFF:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::ffff:192.168.0.1",
    "::ffff:0.0.0.0",
    "::ffff:100.64.0.1",
    "::ffff:224.0.0.1",
    "::ffff:255.255.255.255",
    "::ffff:0:127.0.0.1",  # translated, RFC 2765
    "::127.0.0.1",  # compatible
    "::10.0.0.1",
    "::a9fe:a9fe",
    "2002:7f00:1::",  # 6to4
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::",
    "2002:c0a8:101:1::1",
    "2002:e000:1::",
    "2002::",
    "64:ff9b::127.0.0.1",  # NAT64
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b::0.0.0.0",
    "64:ff9b::100.64.0.1",
    "64:ff9b:1::a00:1",  # NAT64 for local use, cut as a /96
    "64:ff9b:1::127.0.0.1",
    "64:ff9b:1:7f00:0:100::",  # cut as a /48: the address lies around the octet at bit 64
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:a00:0:100::",
    "64:ff9b:1:c0a8:1:100::",
    "2001:0:7f00:1:8000:63bf:f7f7:f7f7",  # Teredo, server 127.0.0.1
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo, client 127.0.0.1
    "2001:0:4136:e378:8000:63bf:5601:5601",  # Teredo, client 169.254.169.254
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo, client 10.0.0.1
]

ISATAP = [
    "2620:0:2d0:200:0:5efe:10.0.0.1",
    "2620:0:2d0:200:0:5efe:169.254.169.254",
    "2620:0:2d0:200:0:5efe:7f00:1",
    "2620:0:2d0:200:200:5efe:192.168.0.1",
    "2620:0:2d0:200:200:5efe:0.0.0.0",
    "fd00::5efe:8.8.8.8",
    "fe80::5efe:8.8.8.8",
    "fe80::200:5efe:8.8.8.8",
]

NOT_ADDRESSES = [
    "",
    " ",
    "localhost",
    "example.com",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "010.8.8.8",
    "8.8.8.08",
    "8.8.8",
    "127.1",
    "0",
    "8.8.8.8.",
    "8.8.8.8/32",
    "8.8.8.8:80",
    "8.8.8.8%eth0",
    " 8.8.8.8",
    "8.8.8.8\n",
    "8.8.8.8\x00",
    "8.8.8.256",
    "8.8.8.-8",
    "८.8.8.8",
    "①.1.1.1",
    "[2606:4700::1111]",
    "2606:4700::1111/128",
    "2606::4700::1111",
    "2606:4700:4700::1111:",
    "2606:4700:4700::1111%",
    "12345::1",
    "::ffff:8.8.8.08",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_may_be_called(text: str) -> None:
    assert may_call(text)


@pytest.mark.parametrize("text", LOOPBACK_OR_UNSPECIFIED)
def test_loopback_may_not_be_called_under_any_of_its_names(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_address_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", LINK_LOCAL)
def test_link_local_address_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", ZONED)
def test_address_with_a_zone_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", MANY_OR_NOBODY)
def test_address_of_many_or_of_nobody_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", CARRIERS)
def test_ipv6_address_that_carries_a_closed_ipv4_address_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", ISATAP)
def test_identifier_that_carries_an_ipv4_address_is_judged_with_its_network(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_what_is_no_address_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize(
    "text",
    [
        "64:ff9b:1:7f00:0:100:808:808",
        "64:ff9b:1:a9fe:a9:fe00:808:808",
        "64:ff9b:1:0:7f:0:108:808",  # a /64 out of it
        "64:ff9b:1:7f:0:1:808:808",  # a /56 out of it
    ],
)
def test_local_nat64_prefix_hides_no_closed_address_behind_a_public_suffix(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize("text", ["fec0::1", "fec0:0:0:ffff::1", "feff:ffff::1"])
def test_site_local_address_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize(
    "text",
    [
        "192.0.0.8",
        "192.0.0.192",  # a cloud's metadata service
        "192.0.0.255",
        "192.88.99.1",  # relays of 6to4
        "168.63.129.16",  # a cloud's endpoint for its own machines
        "5f00::1",  # segment routing
        "100:0:0:1::1",  # dummy addresses
        "3fff::1",  # documentation since RFC 9637
    ],
)
def test_address_closed_by_a_recent_registry_may_not_be_called(text: str) -> None:
    assert not may_call(text)


@pytest.mark.parametrize(
    ("opened", "text"),
    [
        ("127.0.0.0/8", "127.0.0.1"),
        ("127.0.0.0/8", "127.255.255.254"),
        ("127.0.0.0/8", "::ffff:127.0.0.1"),
        ("127.0.0.0/8", "::ffff:7f00:1"),
        ("127.0.0.1/32", "127.0.0.1"),
        ("10.1.0.0/16", "10.1.2.3"),
        ("169.254.169.254/32", "169.254.169.254"),
        ("::1/128", "::1"),
        ("fd00::/8", "fd12:3456::1"),
        ("fe80::/10", "fe80::1"),
        ("0.0.0.0/0", "10.0.0.1"),
        ("::/0", "::1"),
    ],
)
def test_network_opened_on_purpose_may_be_called(opened: str, text: str) -> None:
    assert may_call(text, _networks(opened))


@pytest.mark.parametrize(
    ("opened", "text"),
    [
        ("127.0.0.0/8", "::1"),
        ("127.0.0.0/8", "10.0.0.1"),
        ("127.0.0.0/8", "0.0.0.0"),
        ("127.0.0.0/8", "127.1"),
        ("::1/128", "127.0.0.1"),
        ("::1/128", "::ffff:127.0.0.1"),
        ("::1/128", "::1%lo"),
        ("::1/128", "::2"),
        ("10.1.0.0/16", "10.2.0.1"),
        ("10.1.0.0/16", "2002:a02:1::"),
        ("fe80::/10", "fe80::1%eth0"),
        ("::/0", "127.0.0.1"),
        ("::/0", "::ffff:127.0.0.1"),
        ("0.0.0.0/0", "::1"),
        ("10.0.0.0/8", "fd00::5efe:10.0.0.1"),
        ("fd00::/8", "fd00::5efe:10.0.0.1"),
        ("65.54.227.120/32", "2001:0:4136:e378:8000:63bf:80ff:fffe"),  # Teredo: the server alone is not enough
    ],
)
def test_opening_one_network_opens_no_other(opened: str, text: str) -> None:
    assert not may_call(text, _networks(opened))


@pytest.mark.parametrize("port", [1, 22, 25, 79, 81, 442, 444, 3306, 6379, 8080, 8443, 11211, 65535])
def test_public_address_is_called_at_no_other_port_than_those_of_the_web(port: int) -> None:
    assert not may_call("8.8.8.8", port=port)
    assert not may_call("2606:4700:4700::1111", _networks("10.0.0.0/8"), port=port)
    assert not may_call("64:ff9b::8.8.8.8", port=port)
    assert may_call("8.8.8.8", port=port, ports=(80, port))


@pytest.mark.parametrize("port", [80, 443, 9000])
def test_network_opened_on_purpose_is_called_at_any_port(port: int) -> None:
    assert may_call("10.0.0.1", _networks("10.0.0.0/8"), port=port)
    assert may_call("::ffff:10.0.0.1", _networks("10.0.0.0/8"), port=port)
    assert not may_call("10.0.0.1", port=port)


def test_opening_a_network_closes_nothing_else() -> None:
    assert may_call("8.8.8.8", _networks("10.0.0.0/8"))
    assert may_call("2606:4700:4700::1111", _networks("10.0.0.0/8"))


def test_each_of_several_networks_is_open() -> None:
    networks = _networks("10.0.0.0/8", "::1/128", "192.168.7.0/24")
    assert all(may_call(text, networks) for text in ("10.9.9.9", "::1", "192.168.7.7"))
    assert not any(may_call(text, networks) for text in ("127.0.0.1", "192.168.8.1", "fd00::1"))


_any_ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)
_any_ipv6 = st.integers(0, 2**128 - 1).map(IPv6Address)
_carriers: list[Callable[[int], int]] = [
    lambda ipv4: 0xFFFF << 32 | ipv4,  # mapped
    lambda ipv4: 0x64FF9B << 96 | ipv4,  # NAT64
    lambda ipv4: 0x2002 << 112 | ipv4 << 80 | 1,  # 6to4
    lambda ipv4: 0x2001_0000_0808_0808 << 64 | ipv4 ^ 0xFFFFFFFF,  # Teredo, of a server that is public
    lambda ipv4: 0x2620_0000_02D0_0200_0000_5EFE << 32 | ipv4,  # ISATAP, in a network that is public
]


@given(st.one_of(_any_ipv4, _any_ipv6, ip_addresses()))
def test_nothing_that_is_not_global_may_be_called(address: IPv4Address | IPv6Address) -> None:
    if may_call(str(address)):
        assert address.is_global or address in IPv6Network("64:ff9b::/96") or address in IPv6Network("2002::/16")
        assert not address.is_multicast
        assert not address.is_loopback
        assert not address.is_link_local


@given(st.one_of(_any_ipv4, ip_addresses(v=4)), st.sampled_from(_carriers))
def test_carrier_may_be_called_if_and_only_if_what_it_carries_may(
    ipv4: IPv4Address, carried_by: Callable[[int], int]
) -> None:
    assert may_call(str(IPv6Address(carried_by(int(ipv4))))) == may_call(str(ipv4))


@given(st.one_of(_any_ipv4, _any_ipv6, ip_addresses()), st.integers(1, 128))
def test_nothing_outside_an_opened_network_is_opened_by_it(address: IPv4Address | IPv6Address, length: int) -> None:
    bits = min(length, address.max_prefixlen)
    opened = ip_network(f"{address}/{bits}", strict=False)
    other = type(address)(int(address) ^ 1 << (address.max_prefixlen - bits))
    assert may_call(str(other), [opened]) == may_call(str(other))


def _networks(*texts: str) -> Sequence[Network]:
    return [ip_network(text) for text in texts]
