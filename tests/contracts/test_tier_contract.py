"""What every tier promises, whatever it keeps entries in."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from cachetiers.entry import Entry
from cachetiers.memcached import MemcachedTier
from cachetiers.memory import MemoryTier
from cachetiers.servers import MemcachedServers
from cachetiers.tier import Tier
from tests.memcached import Memcached

NOW_S = 1_800_000_000.0


def _in_memory() -> Iterator[Tier]:
    yield MemoryTier(1_000_000, clock=lambda: NOW_S)


def _in_memcached() -> Iterator[Tier]:
    with Memcached() as server, closing(MemcachedServers([server.name], timeout_s=10)) as servers:
        yield MemcachedTier(servers, clock=lambda: NOW_S)


@pytest.fixture(params=[_in_memory, _in_memcached], ids=["memory", "memcached"])
def tier(request: pytest.FixtureRequest) -> Iterator[Tier]:
    yield from request.param()


def entry(value: bytes = b"bytes", age_s: float = 0) -> Entry:
    return Entry(value, NOW_S - age_s, 60, {"format": "jpg", "name": "é"})


def test_what_was_put_is_got(tier: Tier) -> None:
    assert tier.put("key", entry())
    assert tier.get("key") == entry()


def test_what_was_never_put_is_missing(tier: Tier) -> None:
    assert tier.get("key") is None


def test_the_last_put_wins(tier: Tier) -> None:
    tier.put("key", entry(b"one"))
    tier.put("key", entry(b"two"))
    assert tier.get("key") == entry(b"two")


def test_what_was_deleted_is_missing_and_deleting_nothing_is_fine(tier: Tier) -> None:
    tier.put("key", entry())
    tier.delete("key")
    tier.delete("key")
    assert tier.get("key") is None


def test_what_is_no_longer_fresh_is_missing(tier: Tier) -> None:
    tier.put("key", entry(age_s=60))
    assert tier.get("key") is None


def test_an_empty_value_is_a_value(tier: Tier) -> None:
    tier.put("key", entry(b""))
    assert tier.get("key") == entry(b"")


def test_every_field_comes_back(tier: Tier) -> None:
    kept = Entry(b"\0\r\nEND\r\n", NOW_S - 1.5, 60.25, {"": "", "name": "\u2603"}, 7.5, 86400.5, negative=True)
    tier.put("key", kept)
    assert tier.get("key") == kept


def test_what_is_stale_or_on_standby_is_found_and_what_is_dead_is_not(tier: Tier) -> None:
    for age_s, kept in ((60, True), (80, True), (100, True), (159, True), (160, False)):
        put = replace(entry(age_s=age_s), stale_s=30, error_s=100)
        tier.put("key", put)
        assert tier.get("key") == (put if kept else None)
        tier.delete("key")


def test_gets_are_hits_and_misses(tier: Tier) -> None:
    tier.get("key")
    tier.put("key", entry())
    tier.get("key")
    tier.delete("key")
    tier.get("key")
    assert (tier.stats.gets, tier.stats.hits, tier.stats.misses, tier.stats.stored) == (3, 1, 2, 1)
    assert (tier.stats.bytes_read, tier.stats.bytes_stored) == (5, 5)
