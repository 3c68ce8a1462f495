"""Which network addresses may be called on behalf of a stranger's URL.

A pure judgement over one address. It is asked at dial time about the address
that is really connected to, for every redirect, so that a name that resolves
differently the second time gains nothing.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Forms of IPv6 that carry an IPv4 address which a gateway or the kernel may deliver to.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")


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
    if any(address.version == network.version and address in network for network in networks):
        return True
    # is_global alone calls some multicast global.
    return address.is_global and not address.is_multicast and not address.is_reserved


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
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
