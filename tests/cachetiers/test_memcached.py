from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from cachetiers.codec import VERSION, Manifest, decode, encode
from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.memcached import LARGEST_BYTES, MemcachedTier
from cachetiers.servers import ITEM_BYTES, MemcachedServers
from cachetiers.stats import TierStats
from tests.cachetiers.test_memory import Clock, entry
from tests.cachetiers.test_servers import NOBODY, seconds_left
from tests.memcached import Memcached

LARGE = Entry(bytes(range(256)) * 10_000, 1000.0, 60.0, {"format": "avif"}, 5.0, 6.0)
"""Three pieces, the last of them shorter."""


@pytest.fixture
def tier(servers: MemcachedServers) -> MemcachedTier:
    return MemcachedTier(servers, Clock())


def manifest(servers: MemcachedServers, key: str) -> Manifest:
    found = decode(key, servers.get(key) or b"")
    assert isinstance(found, Manifest)
    return found


def test_an_entry_is_kept_until_it_is_dead(tier: MemcachedTier, memcached: Memcached) -> None:
    assert tier.put("key", Entry(b"value", 900.0, 90.0, {}, stale_s=30.0, error_s=200.0))
    assert 180 <= seconds_left(memcached, "key") <= 190


def test_an_entry_that_is_dead_is_not_kept(tier: MemcachedTier, servers: MemcachedServers) -> None:
    assert not tier.put("key", Entry(b"value", 900.0, 100.0))
    assert servers.get("key") is None
    assert tier.stats == TierStats()


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), -1.0, 1e300])
def test_times_that_are_no_times_raise_nothing(tier: MemcachedTier, strange: float) -> None:
    for odd in (Entry(b"", strange, 60), Entry(b"", 1000.0, strange), Entry(b"", 1000.0, 60, {}, strange, strange)):
        assert tier.put("key", odd) == (tier.get("key") is not None)
        tier.delete("key")


@pytest.mark.parametrize("jump_s", [-61.0, 61.0, -1e9, 1e9])
def test_after_a_jump_of_the_clock_an_entry_is_dead(servers: MemcachedServers, jump_s: float) -> None:
    clock = Clock()
    tier = MemcachedTier(servers, clock)
    tier.put("key", entry(clock=clock))
    clock.now_s += jump_s
    assert tier.get("key") is None
    assert (tier.stats.misses, tier.stats.expired, tier.stats.hits) == (1, 1, 0)


@pytest.mark.parametrize("size", [ITEM_BYTES - 200, ITEM_BYTES - 60, ITEM_BYTES, ITEM_BYTES + 1, 2 * ITEM_BYTES])
def test_a_value_of_any_size_comes_back(tier: MemcachedTier, size: int) -> None:
    kept = replace(LARGE, value=bytes(size))
    assert tier.put("key", kept)
    assert tier.get("key") == kept
    assert tier.stats == TierStats(hits=1, stored=1, bytes_read=size, bytes_stored=size)


def test_a_large_value_is_kept_in_pieces(tier: MemcachedTier, servers: MemcachedServers) -> None:
    assert tier.put("key", LARGE)
    assert manifest(servers, "key").count == 3
    assert tier.get("key") == LARGE


def test_a_value_above_the_limit_is_not_kept_and_what_it_replaces_is_forgotten(tier: MemcachedTier) -> None:
    tier.put("key", LARGE)
    assert not tier.put("key", replace(LARGE, value=bytes(LARGEST_BYTES + 1)))
    assert tier.stats.too_large == 1
    assert tier.get("key") is None


def test_a_value_at_the_limit_is_kept(tier: MemcachedTier) -> None:
    assert tier.put("key", replace(LARGE, value=bytes(LARGEST_BYTES)))
    found = tier.get("key")
    assert found is not None
    assert len(found.value) == LARGEST_BYTES


def test_facts_that_leave_no_room_are_not_kept(tier: MemcachedTier) -> None:
    assert not tier.put("key", Entry(b"", 1000.0, 60.0, {"name": "x" * ITEM_BYTES}))
    assert tier.get("key") is None


@pytest.mark.parametrize("number", range(3))
def test_without_one_of_its_pieces_a_value_is_missing(
    tier: MemcachedTier, servers: MemcachedServers, number: int
) -> None:
    tier.put("key", LARGE)
    assert servers.delete(f"{manifest(servers, 'key').set_id}-{number}")
    assert tier.get("key") is None
    assert tier.stats.misses == 1
    assert tier.put("key", LARGE)
    assert tier.get("key") == LARGE


def test_pieces_are_not_collected_for_longer_than_one_timeout_and_a_piece(
    tier: MemcachedTier, servers: MemcachedServers
) -> None:
    tier.put("key", LARGE)
    servers.timeout_s = 0
    assert tier.get("key") is None
    assert (tier.stats.misses, tier.stats.skipped) == (1, 1)


@pytest.mark.parametrize("piece", [b"", b"x", bytes(ITEM_BYTES), LARGE.value[1 : ITEM_BYTES + 1]])
def test_a_foreign_piece_is_corrupt_and_the_entry_is_deleted(
    tier: MemcachedTier, servers: MemcachedServers, piece: bytes
) -> None:
    tier.put("key", LARGE)
    servers.set(f"{manifest(servers, 'key').set_id}-0", piece, 60)
    assert tier.get("key") is None
    assert (tier.stats.corrupt, tier.stats.misses) == (1, 1)
    assert servers.get("key") is None


def test_each_writing_has_pieces_of_its_own(tier: MemcachedTier, servers: MemcachedServers) -> None:
    tier.put("key", LARGE)
    first = manifest(servers, "key")
    tier.put("key", replace(LARGE, value=LARGE.value[::-1]))
    assert manifest(servers, "key").set_id != first.set_id
    assert servers.get(f"{first.set_id}-0") == LARGE.value[:ITEM_BYTES]


@pytest.mark.parametrize(
    "damage",
    [
        lambda blob: b"",
        lambda blob: b"garbage",
        lambda blob: blob[:-1],
        lambda blob: blob + b"\0",
        lambda blob: blob[:-3] + bytes([blob[-3] ^ 1]) + blob[-2:],
        lambda blob: encode("other", entry()),
    ],
)
def test_a_corrupt_blob_is_a_counted_miss_and_is_deleted(
    tier: MemcachedTier, servers: MemcachedServers, damage: Callable[[bytes], bytes]
) -> None:
    tier.put("key", entry())
    servers.set("key", damage(servers.get("key") or b""), 60)
    assert tier.get("key") is None
    assert (tier.stats.corrupt, tier.stats.misses) == (1, 1)
    assert servers.get("key") is None


def test_what_another_version_wrote_is_missing_and_left_to_it(tier: MemcachedTier, servers: MemcachedServers) -> None:
    blob = bytearray(encode("key", entry()))
    blob[2] = VERSION + 1
    servers.set("key", bytes(blob), 60)
    assert tier.get("key") is None
    assert (tier.stats.corrupt, tier.stats.misses) == (0, 1)
    assert servers.get("key") == bytes(blob)
    assert tier.put("key", entry())
    assert tier.get("key") == entry()


def test_without_a_server_everything_is_missing_and_counted() -> None:
    tier = MemcachedTier(MemcachedServers([NOBODY], timeout_s=10, pause_s=60), Clock())
    assert not tier.put("key", entry())
    assert not tier.put("key", LARGE)
    assert tier.get("key") is None
    tier.delete("key")
    assert tier.stats == TierStats(misses=1, errors=1, skipped=3)


def test_counters_add_up_when_eight_threads_count(memcached: Memcached) -> None:
    with closing(MemcachedServers([memcached.name], timeout_s=60)) as servers:
        tier = MemcachedTier(servers, Clock())

        def work(number: int) -> int:
            return sum(
                tier.get(digest(str(turn % 40))) is not None or not tier.put(digest(str(turn % 40)), entry())
                for turn in range(number, number + 200)
            )

        with ThreadPoolExecutor(8) as pool:
            hits = sum(pool.map(work, range(8)))
        assert tier.stats.gets == 8 * 200
        assert tier.stats.hits == hits
        assert tier.stats.stored == tier.stats.misses
        assert tier.stats.errors == tier.stats.skipped == 0
