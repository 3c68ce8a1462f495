"""Counters that a fleet shares, in a real memcached."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cachetiers.servers import MemcachedServers
from tests.memcached import Memcached, wait_until


@pytest.fixture(scope="module")
def memcached() -> Iterator[Memcached]:
    with Memcached() as running:
        yield running


def test_a_number_begins_at_nothing_and_grows(memcached: Memcached) -> None:
    servers = MemcachedServers([memcached.name], timeout_s=5)
    assert [servers.count("a", amount, 60) for amount in (3, 4, 1)] == [3, 7, 8]
    assert [servers.count("b", 1, 60, start) for start in (1_800_000_000 * 10**9, 0)] == [
        1_800_000_000 * 10**9 + 1,
        1_800_000_000 * 10**9 + 2,
    ]
    servers.close()


def test_many_at_once_lose_nothing(memcached: Memcached) -> None:
    servers = MemcachedServers([memcached.name], timeout_s=5)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: servers.count("race", 1, 60), range(400)))
    assert sorted(filter(None, numbers)) == list(range(1, 401))
    servers.close()


def test_a_number_ends(memcached: Memcached) -> None:
    servers = MemcachedServers([memcached.name], timeout_s=5)
    servers.count("short", 5, 1)
    wait_until(lambda: servers.get("short") is None)
    assert servers.count("short", 5, 1) == 5
    servers.close()


def test_what_is_no_number_and_whom_nobody_answers_is_nothing(memcached: Memcached) -> None:
    servers = MemcachedServers([memcached.name], timeout_s=5)
    servers.set("word", b"word", 60)
    assert servers.count("word", 1, 60) is None
    servers.close()
    assert MemcachedServers(["127.0.0.1:1"]).count("a", 1, 60) is None
    assert MemcachedServers([]).count("a", 1, 60) is None
