"""Which network addresses may be called on behalf of a stranger's URL.

A pure judgement over one address. It is asked at dial time about the address
that is really connected to, for every redirect, so that a name that resolves
differently the second time gains nothing.
"""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix, with the IPv4 address in its last 32 bits (RFC 6052)."""

_COMPATIBLE = IPv6Network("::/96")
"""The old form ``::1.2.3.4`` (RFC 4291 section 2.5.5.1)."""

_ISATAP = 0x5EFE
"""The second quarter of an interface identifier that ends in an IPv4 address (RFC 5214 section 6.1)."""

_UNIVERSAL = 0x0200
"""The bit of the first quarter that says whether that IPv4 address is the only one of its kind in the world."""

WEB_PORTS = frozenset({80, 443})
"""Where pictures are served from. Others are those of databases, mail servers and consoles."""

_CLOSED: tuple[Network, ...] = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; one cloud keeps its metadata at 192.0.0.192
    IPv4Network("168.63.129.16/32"),  # another cloud's endpoint for its own machines
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, withdrawn (RFC 7526)
    # NAT64 for local use (RFC 8215): where in it the IPv4 address stands is the choice of whoever runs the network.
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("fec0::/10"),  # site-local, deprecated and still routed here and there
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)
"""Ranges that are not public although some Python's tables call them global."""


def may_call(
    text: str, networks: Sequence[Network] = (), *, port: int = 443, ports: Collection[int] = WEB_PORTS
) -> bool:
    """Whether a source may live at the address *text*, as the resolver gave it, and at *port*.

    Public unicast addresses may be called at one of *ports*, and whatever lies in
    *networks*, which an operator opened on purpose, at any. An IPv6 address that
    carries an IPv4 address is judged by that one. An address with a zone, and
    anything that is not an address, may not be called.

    >>> may_call("93.184.215.14"), may_call("169.254.169.254"), may_call("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    return all(_lies_in(form, networks) or (port in ports and _is_public(form)) for form in _forms(address))


def _is_public(address: Address) -> bool:
    if _lies_in(address, _CLOSED):
        return False
    # is_global alone calls some multicast global.
    return address.is_global and not address.is_multicast and not address.is_reserved


def _lies_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _forms(address: Address) -> list[Address]:
    """The IPv4 addresses inside *address* if it carries any, else the address itself; each has to be open."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return [last]
    # Such an address is reached through its own network, so that counts too.
    return [address, last] if _is_isatap(address) else [address]


def _is_isatap(address: IPv6Address) -> bool:
    first, second = address.packed[8:10], address.packed[10:12]
    return int.from_bytes(first, "big") & ~_UNIVERSAL == 0 and int.from_bytes(second, "big") == _ISATAP
