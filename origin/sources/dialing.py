"""Connections that are only ever made to addresses that may be called.

requests and urllib3 resolve and connect in one step deep inside; this replaces
that step. Every connection of the adapter, for every redirect and every retry,
passes through `_dial`, which judges the very address it then connects to.
"""

import socket
from collections.abc import Callable, Collection, Sequence
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from origin.errors import OriginError, Overloaded, SourceForbidden, SourceNowhere
from origin.sources.addresses import WEB_PORTS, Network, may_call

_MayCall = Callable[[str, int], bool]
"""The judgement over an address and a port."""

_Dial = Callable[[HTTPConnection], socket.socket]

Resolve = Callable[[str, int], list[tuple[Any, ...]]]
"""Host and port to what `socket.getaddrinfo` returns, or its errors; TimeoutError if it took too long."""


def resolved(host: str, port: int) -> list[tuple[Any, ...]]:
    """A `Resolve` that asks each time, for as long as that takes."""
    return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedAdapter(HTTPAdapter):
    """A requests adapter that connects to public addresses, and to those in *networks*.

    Args:
        networks: Ranges that may be called although they are not public, at any port.
        ports: Where public addresses may be called.
        answers: What reads the answers.
        resolve: Finds the addresses of hosts.
        hosts: How many hosts keep idle connections.
        per_host: How many idle connections each keeps.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        ports: Collection[int] = WEB_PORTS,
        answers: type[HTTPResponse] = HTTPResponse,
        resolve: Resolve = resolved,
        *,
        hosts: int = 64,
        per_host: int = 32,
    ) -> None:
        self._networks = tuple(networks)
        self._ports = frozenset(ports)
        self._answers = answers
        self._resolve = resolve
        super().__init__(pool_connections=hosts, pool_maxsize=per_host)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build the pool manager as requests does, then give it guarded connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self._dial, self._answers)

    def _dial(self, connection: HTTPConnection) -> socket.socket:
        return _dial(connection, self._may_call, self._resolve)

    def _may_call(self, address: str, port: int) -> bool:
        return may_call(address, self._networks, port=port, ports=self._ports)


def _guarded_pools(dial: _Dial, answers: type[HTTPResponse]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        response_class = answers

        def _new_conn(self) -> socket.socket:
            return dial(self)

    class Secure(HTTPSConnection):
        response_class = answers

        def _new_conn(self) -> socket.socket:
            return dial(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _dial(connection: HTTPConnection, allows: _MayCall, resolve: Resolve) -> socket.socket:
    try:
        found = resolve(connection.host, connection.port)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"looking {connection.host} up timed out") from error
    except (socket.gaierror, UnicodeError) as error:
        if getattr(error, "errno", None) in (socket.EAI_SYSTEM, socket.EAI_MEMORY):
            raise Overloaded("the resolver has no files or no memory left") from error
        raise _nowhere(connection, f"{connection.host} does not resolve: {error}") from error
    # The port of the entry, not the one that was asked for: it is what will be connected to.
    allowed = [entry for entry in found if allows(str(entry[4][0]), int(entry[4][1]))]
    if not allowed:
        told = ", ".join(sorted({str(entry[4][0]) for entry in found})) or "no address"
        raise _nowhere(connection, f"{connection.host} is at {told}, which may not be called at port {connection.port}")
    failure: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        try:
            return _connect(connection, family, kind, protocol, address)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {connection.host} timed out") from failure
    raise NewConnectionError(connection, f"cannot connect to {connection.host}: {failure}") from failure


def _nowhere(connection: HTTPConnection, reason: str) -> OriginError:
    """Why *connection* is not made. An address is refused as one; a name whether or not it has any that is refused."""
    host, port = connection.host, connection.port
    if _says_where(host):
        return SourceForbidden(f"{host} is at no address that may be called at port {port}")
    return SourceNowhere(f"{host} does not resolve to an address that may be called at port {port}", reason)


def _says_where(host: str) -> bool:
    """Whether *host* is an address, in any spelling, or a name that is the same everywhere (RFC 6761 section 6.3)."""
    if ":" in host or f".{host}".lower().rstrip(".").endswith(".localhost"):
        return True
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True


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
