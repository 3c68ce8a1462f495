from ipaddress import ip_network

import pytest

from origin.callers import caller, is_wide, network

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ed9e::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # its own word about itself
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first was invented by the client
        ("10.0.0.1", "198.51.100.1,203.0.113.7,10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),  # from inside
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, , 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, <script>", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:51234", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        ("10.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:ed9e::1", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "203.0.113.7", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "", "fe80::/64"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.07", "10.0.0.1"),  # octal or not, nobody knows
        ("", "203.0.113.7", ""),
    ],
)
def test_the_client_is_the_first_that_no_trusted_proxy_vouches_for(peer: str, forwarded_for: str, client: str) -> None:
    assert caller(peer, forwarded_for, TRUSTED) == client


def test_two_addresses_of_one_subscriber_are_one_client() -> None:
    assert caller("2001:db8::1", "", ()) == caller("2001:db8::ffff:1", "", ())
    assert caller("2001:db8::1", "", ()) != caller("2001:db8:0:1::1", "", ())


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert caller("127.0.0.1", "203.0.113.7", ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("client", "neighbours", "wide"),
    [
        ("203.0.113.7", "203.0.0.0/16", False),
        ("2001:db8:1:2::/64", "2001:db8:1::/48", True),
        ("2001:db8:1:ffff::/64", "2001:db8:1::/48", True),
        ("2001:db8:2:2::/64", "2001:db8:2::/48", True),
        ("fe80::/64", "fe80::/48", True),
        ("a socket", "a socket", False),
    ],
)
def test_the_networks_of_clients(client: str, neighbours: str, wide: bool) -> None:
    assert (network(client), is_wide(client)) == (neighbours, wide)
