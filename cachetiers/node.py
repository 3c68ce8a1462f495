"""One memcached server: bounded connections, one deadline per operation, and a breaker. The only door to pymemcache.

pymemcache's `Client` speaks the protocol, with a socket handed to it here. Its
HashClient and PooledClient are not used. Their time-outs are per read, so a server
that drips holds a caller for minutes; every caller at once retries a dead server;
a killed greenlet keeps its slot in the pool for good; and the book of dead servers
is kept without a lock.
"""

import queue
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheClientError, MemcacheServerError, MemcacheUnexpectedCloseError

from cachetiers.breaker import Breaker
from cachetiers.lookup import Lookup, parse_name
from cachetiers.tier import Unreachable

T = TypeVar("T")

KEY_PREFIX: Final = b"bb1:"
"""Ours among other people's keys; raised if what lies under a key ever changes its meaning."""

_READ_BYTES = 100 * 1024
"""At a time. From 128 KiB on malloc asks the kernel for every block, and a hit of 20 kB costs half as much again."""


class Node:
    """Runs operations on one server, each within one time-out: waiting for a connection, connecting and all reads.

    Args:
        name: ``host:port``, with an IPv6 address in brackets.
        timeout_s: How long one operation may take.
        connections: How many operations may be under way at once.
        pause_s: How long a server that failed is left alone.
    """

    def __init__(self, name: str, timeout_s: float, connections: int, pause_s: float) -> None:
        self.name = name
        self._server = parse_name(name)
        self._timeout_s = timeout_s
        self._lookup = Lookup(*self._server)
        self._breaker = Breaker(pause_s)
        # Not a Semaphore: giving one back can itself be interrupted by the killing of a greenlet, and is then lost.
        self._slots: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(connections):
            self._slots.put(None)
        self._idle: list[Any] = []
        self._closed = False

    @property
    def is_down(self) -> bool:
        """Whether an operation would not be tried now."""
        return self._breaker.refuses

    def run(self, operation: Callable[[Any], T]) -> T:
        """What *operation* returns, given a pymemcache `Client`.

        Raises:
            Unreachable: It failed in whatever way, or was not tried.
        """
        deadline_s = time.monotonic() + self._timeout_s
        if self._breaker.refuses:
            raise Unreachable(f"{self.name} is down", tried=False)
        # Who waits for longer would have no time left to be answered in, and a server that is well would seem slow.
        try:
            self._slots.get(timeout=self._timeout_s / 2)
        except queue.Empty:
            raise Unreachable(f"{self.name} is busy", tried=False) from None
        try:
            if not self._breaker.admits():
                raise Unreachable(f"{self.name} is down", tried=False)
            return self._ask(self._connected(deadline_s), operation, deadline_s)
        finally:
            self._slots.put(None)

    def close(self) -> None:
        """Close what is idle now, and the rest when it is done."""
        self._closed = True
        self._close_idle()

    def _ask(self, client: Any, operation: Callable[[Any], T], deadline_s: float) -> T:
        try:
            answer = operation(client)
        except BaseException as error:
            # Of an answer that was not read to its end, the rest would be taken for the next one's. That goes for
            # greenlets that are killed, too, which is why it is every exception.
            client.close()
            if not isinstance(error, Exception):
                raise
            self._judge(error)
            raise Unreachable(f"{self.name}: {error!r}", tried=True) from error
        if deadline_s - time.monotonic() < self._timeout_s / 4:
            self._breaker.failed(at_once=False)  # a server that needs nearly all of the time will need more
        else:
            self._breaker.succeeded()
        self._idle.append(client)
        if self._closed:
            self._close_idle()
        return answer

    def _judge(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            self._breaker.failed(at_once=True)
        elif isinstance(error, MemcacheUnexpectedCloseError) or not isinstance(
            error, MemcacheClientError | MemcacheServerError
        ):
            self._close_idle()  # they are likely to have been cut, too
            self._breaker.failed(at_once=False)
        else:
            self._breaker.succeeded()  # it is well enough to refuse

    def _connected(self, deadline_s: float) -> Any:
        while self._idle:
            try:
                client = self._idle.pop()
            except IndexError:
                break  # somebody else was quicker
            # Without a socket it was closed between our taking it and our looking at it.
            if client.sock is not None and client.sock.is_quiet():
                client.sock.deadline_s = deadline_s
                return client
            client.close()
        client = Client(self._server, key_prefix=KEY_PREFIX, default_noreply=False)
        try:
            client.sock = self._dial(deadline_s)
        except OSError as error:
            self._breaker.failed(at_once=True)
            raise Unreachable(f"{self.name}: {error!r}", tried=True) from error
        return client

    def _dial(self, deadline_s: float) -> "_Wire":
        addresses = self._lookup.addresses(deadline_s - time.monotonic())
        for number, address in enumerate(addresses):
            wire = _Wire(socket.socket(address.family, socket.SOCK_STREAM), deadline_s)
            try:
                wire.connect(address.sockaddr, share=len(addresses) - number)
            except BaseException as error:
                wire.close()
                # A name may have addresses that nobody listens on: "localhost" is ::1 and 127.0.0.1.
                if not isinstance(error, OSError) or address is addresses[-1]:
                    raise
            else:
                return wire
        raise OSError("no address")

    def _close_idle(self) -> None:
        while self._idle:
            with suppress(IndexError):  # somebody else was quicker
                self._idle.pop().close()


class _Wire:
    """A connected socket whose operations share one deadline.

    It is what pymemcache takes for a socket. It wraps one instead of being one,
    because a class made before a server on greenlets has patched `socket` would
    block the whole process.
    """

    def __init__(self, sock: socket.socket, deadline_s: float) -> None:
        self._sock = sock
        self.deadline_s = deadline_s

    def connect(self, address: tuple[str | int | bytes, ...], share: int) -> None:
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.settimeout(self._left_s() / share)
        self._sock.connect(address)

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._left_s())
        self._sock.sendall(data)

    def recv(self, _size: int) -> bytes:
        # pymemcache asks for 4096 bytes at a time and takes whatever comes: 25 calls for a picture of 100 kB.
        self._sock.settimeout(self._left_s())
        return self._sock.recv(_READ_BYTES)

    def is_quiet(self) -> bool:
        """Whether nothing is there to be read: a closed connection has an end to read, one out of step an answer."""
        try:
            self._sock.settimeout(0)
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        self._sock.close()

    def _left_s(self) -> float:
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline has passed")
        return left_s
