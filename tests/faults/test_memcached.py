"""What may happen to memcached, and that no answer is ever wrong, nor anybody kept waiting, because of it."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.memcached import MemcachedTier
from cachetiers.servers import MemcachedServers
from tests import tampering
from tests.memcached import Memcached, wait_until
from tests.tampering import TamperingProxy

KEYS = [digest(str(number)) for number in range(60)]
_SIZES = {key: random.Random(key).choice((0, 1, 500, 20_000, 100_000, 1_200_000)) for key in KEYS}


def proper(key: str) -> bytes:
    """The only value that may ever be found under *key*."""
    return random.Random(key).randbytes(64) * (_SIZES.get(key, 6400) // 64 + 1)


VALUES = {key: proper(key) for key in KEYS}


def put(tier: MemcachedTier, key: str) -> bool:
    return tier.put(key, Entry(VALUES[key], time.time(), 600, {"key": key}))


def look(tier: MemcachedTier, key: str) -> bool:
    """Whether *key* is found; whatever is found is what it must be."""
    found = tier.get(key)
    assert found is None or (found.value, found.facts) == (VALUES[key], {"key": key})
    return found is not None


@contextmanager
def tier_on(*names: str, timeout_s: float = 10, pause_s: float = 60, connections: int = 8) -> Iterator[MemcachedTier]:
    with closing(MemcachedServers(names, timeout_s, connections, pause_s)) as servers:
        yield MemcachedTier(servers)


@contextmanager
def load(tier: MemcachedTier, threads: int = 8) -> Iterator[None]:
    """All of *threads* put and get without a pause meanwhile, and check whatever they find."""
    stop = threading.Event()

    def work(seed: int) -> int:
        chance, done = random.Random(seed), 0
        while not stop.is_set():
            key = chance.choice(KEYS)
            look(tier, key) or put(tier, key)
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        workers = [pool.submit(work, seed) for seed in range(threads)]
        try:
            yield
        finally:
            stop.set()
        done = sum(worker.result(60) for worker in workers)
    assert tier.stats.gets == done


def more(counter: Callable[[], int], by: int = 100) -> None:
    """Wait until *counter* has grown."""
    before = counter()
    wait_until(lambda: counter() >= before + by, patience_s=30)


def test_killed_under_load_and_started_again() -> None:
    with Memcached() as server, tier_on(server.name, timeout_s=1, pause_s=0.05) as tier:
        with load(tier):
            for _ in range(3):
                more(lambda: tier.stats.hits)
                server.kill()
                more(lambda: tier.stats.skipped)
                server.start()
        assert tier.stats.corrupt == 0
        wait_until(lambda: put(tier, KEYS[0]))
        assert look(tier, KEYS[0])


def test_one_that_hangs_costs_each_operation_under_way_one_timeout_and_then_nothing() -> None:
    with Memcached() as server, tier_on(server.name, timeout_s=0.5, connections=4) as tier:
        wait_until(lambda: put(tier, KEYS[0]) and look(tier, KEYS[0]))
        before = tier.stats.errors
        server.pause()
        started_s = time.monotonic()
        with ThreadPoolExecutor(32) as pool:
            assert not any(pool.map(lambda _: look(tier, KEYS[0]), range(2000)))
        assert time.monotonic() - started_s < 10  # 2000 time-outs in 32 threads would be 31 s
        assert 1 <= tier.stats.errors - before <= 4
        assert tier.stats.skipped >= 2000 - 4


def test_one_that_hung_serves_again_what_it_had() -> None:
    with Memcached() as server, tier_on(server.name, timeout_s=0.3, pause_s=0.1) as tier:
        with load(tier):
            more(lambda: tier.stats.hits)
            server.pause()
            more(lambda: tier.stats.skipped)
            server.resume()
            more(lambda: tier.stats.hits)
        wait_until(lambda: look(tier, KEYS[0]) or put(tier, KEYS[0]))


def test_while_it_hangs_only_one_at_a_time_finds_out_whether_it_still_does() -> None:
    with Memcached() as server, tier_on(server.name, timeout_s=0.1, pause_s=0.3, connections=8) as tier:
        server.pause()
        look(tier, KEYS[0])
        tried = tier.stats.errors
        started_s = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            assert not any(pool.map(lambda _: any(look(tier, KEYS[0]) for _ in range(200)), range(16)))
        # One after each pause, however many ask.
        assert tier.stats.errors - tried <= (time.monotonic() - started_s) / 0.3 + 1


def test_one_server_of_two_hangs_and_the_other_takes_over() -> None:
    with Memcached() as one, Memcached() as other, tier_on(one.name, other.name, timeout_s=0.3) as tier:
        with load(tier):
            more(lambda: tier.stats.hits)
            one.pause()
            more(lambda: tier.stats.errors, by=1)
            more(lambda: tier.stats.hits)
        assert all(put(tier, key) for key in KEYS)
        assert all(look(tier, key) for key in KEYS)


@pytest.mark.parametrize("arguments", [(), ("-M",)], ids=["evicting", "refusing"])
def test_one_that_is_full_forgets_or_refuses(arguments: tuple[str, ...]) -> None:
    with Memcached(2, *arguments) as server, tier_on(server.name) as tier:
        crowd = {digest(f"crowd {number}"): b"%d," % number * 75_000 for number in range(100)}
        kept = sum(tier.put(key, Entry(value, time.time(), 600)) for key, value in crowd.items())
        found = {key: tier.get(key) for key in crowd}
        assert all(entry is None or entry.value == crowd[key] for key, entry in found.items())
        assert kept > 0 < tier.stats.hits
        assert tier.stats.misses > 0
        assert tier.stats.corrupt == 0
        if arguments:
            assert tier.stats.errors > 0
        assert tier.stats.skipped == 0  # it is well enough to be asked


@pytest.mark.parametrize(
    ("answer", "counter"),
    [
        (tampering.cut_in_the_middle, "errors"),
        (tampering.garbage, "errors"),
        (tampering.flipped, "corrupt"),
    ],
)
def test_answers_that_are_not_as_they_were_sent_are_misses(answer: tampering.Answering, counter: str) -> None:
    with Memcached() as server, TamperingProxy(server.port) as proxy, tier_on(proxy.name, pause_s=0) as tier:
        for key in KEYS:
            assert put(tier, key)
        proxy.answer = answer
        assert sum(look(tier, key) for key in KEYS if _SIZES[key]) == 0
        assert getattr(tier.stats, counter) > 0
        proxy.answer = tampering.untouched
        wait_until(lambda: all(put(tier, key) for key in KEYS))
        assert all(look(tier, key) for key in KEYS)
        assert tier.stats.gets == tier.stats.hits + tier.stats.misses


@pytest.mark.parametrize(
    "answer",
    [
        b"VALUE bb1:k 0 -7\r\n\r\nEND\r\n",
        b"VALUE bb1:k 0 99999999999\r\nabc\r\nEND\r\n",
        b"VALUE bb1:k 0 x\r\n\r\nEND\r\n",
        b"VALUE bb1:k\r\nEND\r\n",
        b"VALUE bb1:other 0 1\r\na\r\nEND\r\n",
        b"VALUE bb1:k 0 1\r\na\r\nVALUE bb1:k 0 1\r\nb\r\nEND\r\n",
        b"VALUE \xff\xff \xff \xff\r\n",
        b"STAT a\r\nEND\r\n",
        b"SERVER_ERROR\r\n",
        b"CLIENT_ERROR no\r\n",
        b"ERROR\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"STORED\r\n",
        b"END\r\nEND\r\n",
        b"OK\r\n",
        b"\r\n",
        b"\0" * 5000,
    ],
)
def test_no_answer_makes_an_operation_raise(answer: bytes) -> None:
    with Memcached() as server, TamperingProxy(server.port) as proxy:
        proxy.answer = lambda data: iter([answer])
        with tier_on(proxy.name, timeout_s=0.3, pause_s=0) as tier:
            assert tier.get("k") is None
            tier.put("k", Entry(b"value", time.time(), 60))
            tier.delete("k")
        with closing(MemcachedServers([proxy.name], timeout_s=0.3, pause_s=0)) as servers:
            assert servers.add("k", b"", 1) in (None, True, False)
            assert servers.touch("k", 1) in (True, False)


def test_garbage_without_end_is_a_miss_within_the_timeout() -> None:
    def flood(data: bytes) -> Iterator[bytes]:
        while True:
            yield bytes(65536)

    with Memcached() as server, TamperingProxy(server.port) as proxy, tier_on(proxy.name, timeout_s=0.5) as tier:
        proxy.answer = flood
        started_s = time.monotonic()
        assert not look(tier, KEYS[0])
        assert time.monotonic() - started_s < 10
        assert tier.stats.errors == 1


def test_an_answer_for_another_key_is_never_taken_for_ours() -> None:
    with Memcached() as server, TamperingProxy(server.port) as proxy, tier_on(proxy.name) as tier:
        small = [key for key in KEYS if _SIZES[key] == 500]
        assert all(put(tier, key) for key in small)
        proxy.swap(small[0], small[1])
        assert tier.get(small[0]) is None
        assert tier.stats.corrupt == 1


@pytest.mark.parametrize("kind", ["drip", "hang"])
def test_answers_that_never_end_cost_one_timeout_and_then_nothing(kind: str) -> None:
    with Memcached() as server, TamperingProxy(server.port) as proxy, tier_on(proxy.name, timeout_s=0.5) as tier:
        assert put(tier, KEYS[0])
        proxy.answer = getattr(proxy, kind)
        started_s = time.monotonic()
        assert sum(look(tier, KEYS[0]) for _ in range(500)) == 0
        assert time.monotonic() - started_s < 10
        assert (tier.stats.errors, tier.stats.skipped) == (1, 499)


def test_servers_are_added_and_removed_under_load() -> None:
    with Memcached() as one, Memcached() as two, Memcached() as three:
        names = (one.name, two.name, three.name)
        with closing(MemcachedServers(names[:1], timeout_s=10)) as servers:
            tier = MemcachedTier(servers)
            with load(tier):
                for turn in range(60):
                    servers.update(names[turn % 3 :])
                    more(lambda: tier.stats.gets, by=5)
            assert (tier.stats.corrupt, tier.stats.errors, tier.stats.skipped) == (0, 0, 0)
            for server in (one, two, three):
                server.kill()


def test_more_callers_than_connections_wait_their_turn() -> None:
    with Memcached() as server, tier_on(server.name, timeout_s=60, connections=2) as tier:
        with load(tier, threads=100):
            more(lambda: tier.stats.hits, by=500)
        assert (tier.stats.corrupt, tier.stats.errors, tier.stats.skipped) == (0, 0, 0)


_GREENLETS = """
import gc
import sys
import time
import warnings

from gevent import monkey

if "early" in sys.argv:
    import cachetiers.memcached
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # so late is too late for others; here it must not matter
    monkey.patch_all()

import gevent

from cachetiers.entry import Entry
from cachetiers.memcached import MemcachedTier
from cachetiers.servers import MemcachedServers

KINDS = {"plain": (200, 20), "killed": (200, 20), "hanging": (200, 1), "early": (200, 20)}
name, kind = sys.argv[1:3]
greenlets, turns = KINDS[kind]
servers = MemcachedServers([name], timeout_s=0.5 if kind == "hanging" else 30, connections=8)
tier = MemcachedTier(servers)


def work(number):
    value = b"%d," % number * 5000
    for _ in range(turns):
        tier.put(f"key{number}", Entry(value, time.time(), 60))
        found = tier.get(f"key{number}")
        assert found is None or found.value == value


beats = []


def beat():
    while True:
        beats.append(time.monotonic())
        gevent.sleep(0.01)


heart = gevent.spawn(beat)
crowd = [gevent.spawn(work, number) for number in range(greenlets)]
if kind == "killed":
    gevent.sleep(0.01)
    for victim in crowd[::2]:
        victim.kill(block=False)
gevent.joinall(crowd, raise_error=True)
heart.kill()
if kind == "hanging":
    assert 1 <= tier.stats.errors <= 8, tier.stats
    assert tier.stats.errors + tier.stats.skipped == 400, tier.stats
    assert len(beats) > 5, "the loop stood still"
else:
    assert (tier.stats.errors, tier.stats.skipped, tier.stats.corrupt) == (0, 0, 0), tier.stats
    assert tier.stats.hits > 0
(node,) = servers._nodes.values()
assert node._slots.qsize() == 8, node._slots.qsize()
assert len(node._idle) <= 8
servers.close()
gc.collect()
"""


@pytest.mark.parametrize("kind", ["plain", "killed", "hanging", "early"])
def test_two_hundred_greenlets_share_few_connections_and_lose_none(kind: str) -> None:
    with Memcached() as server:
        if kind == "hanging":
            server.pause()
        command = [sys.executable, "-W", "error", "-W", "ignore::ImportWarning", "-c", _GREENLETS, server.name, kind]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == ""
