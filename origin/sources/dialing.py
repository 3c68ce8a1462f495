"""Connections that are only ever made to addresses that may be called.

requests and urllib3 resolve and connect in one step deep inside; this replaces
that step. Every connection of the adapter, for every redirect and every retry,
passes through `_dial`, which judges the very address it then connects to.
"""

import socket
from collections.abc import Callable, Collection, Sequence
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from origin.errors import Overloaded, SourceForbidden
from origin.sources.addresses import WEB_PORTS, Network, may_call

_MayCall = Callable[[str, int], bool]
"""The judgement over an address and a port."""


class GuardedAdapter(HTTPAdapter):
    """A requests adapter that connects to public addresses, and to those in *networks*.

    Args:
        networks: Ranges that may be called although they are not public, at any port.
        ports: Where public addresses may be called.
        hosts: How many hosts keep idle connections.
        per_host: How many idle connections each keeps.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        ports: Collection[int] = WEB_PORTS,
        *,
        hosts: int = 64,
        per_host: int = 32,
    ) -> None:
        self._networks = tuple(networks)
        self._ports = frozenset(ports)
        super().__init__(pool_connections=hosts, pool_maxsize=per_host)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build the pool manager as requests does, then give it guarded connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self._may_call)

    def _may_call(self, address: str, port: int) -> bool:
        return may_call(address, self._networks, port=port, ports=self._ports)


def _guarded_pools(allows: _MayCall) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _dial(self, allows)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _dial(self, allows)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _dial(connection: HTTPConnection, allows: _MayCall) -> socket.socket:
    try:
        found = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        if getattr(error, "errno", None) in (socket.EAI_SYSTEM, socket.EAI_MEMORY):
            raise Overloaded("the resolver has no files or no memory left") from error
        raise NameResolutionError(connection.host, connection, socket.gaierror(str(error))) from error
    # The port of the entry, not the one that was asked for: it is what will be connected to.
    allowed = [entry for entry in found if allows(str(entry[4][0]), int(entry[4][1]))]
    if not allowed:
        raise SourceForbidden(f"{connection.host} is at no address that may be called at port {connection.port}")
    failure: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        try:
            return _connect(connection, family, kind, protocol, address)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {connection.host} timed out") from failure
    raise NewConnectionError(connection, f"cannot connect to {connection.host}: {failure}") from failure


def _connect(connection: HTTPConnection, family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(connection.timeout)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
