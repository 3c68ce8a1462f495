"""Who is calling: the address that a limit counts for."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_WITH_PORT = re.compile(r"([0-9.]+)(?::[0-9]{1,5})?|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")


def caller(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The client's address: an IPv4 address, or the /64 of an IPv6 address, which is what one subscriber gets.

    Whoever sends a request may write into ``X-Forwarded-For`` what it likes; each
    proxy adds at the right whom it heard. So the list is walked from the right, and
    only for as long as it was a trusted proxy that wrote.

    Args:
        peer: The address at the other end of the connection.
        forwarded_for: ``X-Forwarded-For``, repeated fields joined by commas; empty when absent.
        trusted: Where proxies are whose word counts.

    >>> caller("10.0.0.9", "6.6.6.6, 203.0.113.7, 10.0.0.1", [ip_network("10.0.0.0/8")])
    '203.0.113.7'
    """
    try:
        heard = _address(peer)
    except ValueError:
        return peer
    for text in _from_the_right(forwarded_for):
        if not any(heard in network for network in trusted):
            break
        try:
            heard = _address(text)
        except ValueError:
            # A proxy that does not say whom it heard is the last one known.
            break
    return str(heard) if isinstance(heard, IPv4Address) else str(ip_network((heard, 64), strict=False))


def is_wide(client: str) -> bool:
    """Whether one customer may well have many such clients: of IPv6 it is given 256 or 65,536 of our /64s."""
    return ":" in client


@lru_cache(maxsize=1024)
def network(client: str) -> str:
    """The neighbours of *client*: the /48 of an IPv6 address, the /16 of an IPv4 one, and for what is neither, itself.

    >>> network("203.0.113.7"), network("2001:db8:1:2::/64")
    ('203.0.0.0/16', '2001:db8:1::/48')
    """
    try:
        address = ip_address(client.partition("/")[0])
    except ValueError:
        return client
    return str(ip_network((address, 48 if isinstance(address, IPv6Address) else 16), strict=False))


def _from_the_right(forwarded_for: str) -> Iterable[str]:
    return (item.strip() for item in reversed(forwarded_for.split(",")) if forwarded_for)


def _address(text: str) -> IPv4Address | IPv6Address:
    """The address in *text*, which may have a port; IPv4 in IPv6's clothes is IPv4."""
    found = _WITH_PORT.fullmatch(text)
    address = ip_address((found[1] or found[2]) if found else text.partition("%")[0])
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
