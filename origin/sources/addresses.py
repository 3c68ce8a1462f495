"""Which network addresses may be called on behalf of a stranger's URL.

A pure judgement over one address. It is asked at dial time about the address
that is really connected to, for every redirect, so that a name that resolves
differently the second time gains nothing.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix, with the IPv4 address in its last 32 bits (RFC 6052)."""

_COMPATIBLE = IPv6Network("::/96")
"""The old form ``::1.2.3.4`` (RFC 4291 section 2.5.5.1)."""

_CLOSED: tuple[Network, ...] = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; one cloud keeps its metadata at 192.0.0.192
    IPv4Network("168.63.129.16/32"),  # another cloud's endpoint for its own machines
    IPv6Network(
        "64:ff9b:1::/48"
    ),  # NAT64 for local use (RFC 8215): where the IPv4 address stands is the operator's choice
    IPv6Network("fec0::/10"),  # site-local, deprecated and still routed here and there
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)
"""Ranges that are not public although some Python's tables call them global."""


def may_call(text: str, networks: Sequence[Network] = ()) -> bool:
    """Whether a source may live at the address *text*, as the resolver gave it.

    Public unicast addresses may be called, and whatever lies in *networks*, which
    an operator opened on purpose. An address with a zone, and anything that is not
    an address, may not.

    >>> may_call("93.184.215.14"), may_call("169.254.169.254"), may_call("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    return all(_is_open(form, networks) for form in _forms(address))


def _is_open(address: Address, networks: Sequence[Network]) -> bool:
    if _lies_in(address, networks):
        return True
    if _lies_in(address, _CLOSED):
        return False
    # is_global alone calls some multicast global.
    return address.is_global and not address.is_multicast and not address.is_reserved


def _lies_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _forms(address: Address) -> list[Address]:
    """The IPv4 addresses inside *address* if it carries any, else the address itself."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
