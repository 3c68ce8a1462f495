import socket
import threading

import pytest

from cachetiers.lookup import Address, Lookup, getaddrinfo, parse_name
from tests.cachetiers.test_memory import Clock
from tests.memcached import wait_until

HERE = Address(socket.AF_INET, ("127.0.0.1", 1))
THERE = Address(socket.AF_INET, ("127.0.0.2", 1))


class NameServer:
    """Answers with what it holds, once it is let go."""

    def __init__(self, *addresses: Address) -> None:
        self.addresses = addresses
        self.questions = 0
        self.open = threading.Event()

    def __call__(self, host: str, port: int) -> tuple[Address, ...]:
        self.questions += 1
        assert self.open.wait(5)
        if not self.addresses:
            raise socket.gaierror("unknown")
        return self.addresses


@pytest.mark.parametrize(
    "name", ["", "a", ":1", "a:", "a:0", "a:65536", "a:b", "::1:11211", "[::1]", "[::1]:", "a b:1", "a/b:1", "a:1\n"]
)
def test_what_is_not_host_and_port_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        parse_name(name)


def test_an_address_is_not_looked_up() -> None:
    lookup = Lookup("127.0.0.1", 1, NameServer())
    assert lookup.addresses(0) == (HERE,)
    assert Lookup("::1", 1, NameServer()).addresses(0)[0].family == socket.AF_INET6


def test_localhost_is_found() -> None:
    assert HERE in getaddrinfo("localhost", 1)


def test_nobody_waits_longer_than_they_want_for_a_slow_name_server_and_it_is_asked_once() -> None:
    server = NameServer(HERE)
    lookup = Lookup("host", 1, server, Clock())
    for _ in range(5):
        with pytest.raises(OSError, match="no address is known for host"):
            lookup.addresses(0.01)
    server.open.set()
    assert lookup.addresses(5) == (HERE,)
    assert server.questions == 1


def test_what_is_known_is_answered_at_once_and_renewed_beside() -> None:
    server, clock = NameServer(HERE), Clock()
    server.open.set()
    lookup = Lookup("host", 1, server, clock)
    assert lookup.addresses(5) == (HERE,)
    server.addresses = (THERE,)
    assert lookup.addresses(5) == (HERE,)
    clock.now_s += 10
    server.open.clear()
    assert lookup.addresses(5) == (HERE,)
    server.open.set()
    wait_until(lambda: lookup.addresses(0) == (THERE,))
    assert server.questions == 2


def test_what_was_known_stays_known_while_the_name_server_fails() -> None:
    server, clock = NameServer(HERE), Clock()
    server.open.set()
    lookup = Lookup("host", 1, server, clock)
    assert lookup.addresses(5) == (HERE,)
    server.addresses = ()
    clock.now_s += 10
    assert lookup.addresses(5) == (HERE,)
    wait_until(lambda: server.questions == 2 and lookup._pending is None)
    assert lookup.addresses(0) == (HERE,)


def test_a_host_that_does_not_exist_has_no_address() -> None:
    server = NameServer()
    server.open.set()
    with pytest.raises(OSError, match="no address is known for host"):
        Lookup("host", 1, server).addresses(5)
