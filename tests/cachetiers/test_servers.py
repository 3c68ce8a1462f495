import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetiers.key import digest
from cachetiers.node import Node
from cachetiers.servers import ITEM_BYTES, MemcachedServers, expiry, ranked
from cachetiers.stats import TierStats
from cachetiers.tier import Unreachable
from tests.memcached import Memcached, free_port, wait_until
from tests.tampering import TamperingProxy

NOBODY = f"127.0.0.1:{free_port()}"


@contextmanager
def node(name: str, timeout_s: float = 10, connections: int = 1, pause_s: float = 60) -> Iterator[Node]:
    with closing(Node(name, timeout_s, connections, pause_s)) as made:
        yield made


def seconds_left(memcached: Memcached, key: str) -> int:
    return int(memcached.command(f"mg bb1:{key} t").split("t")[1])


def test_what_was_set_is_got_until_it_is_deleted(servers: MemcachedServers) -> None:
    blob = bytes(range(256)) * 500
    assert servers.get("key") is None
    assert servers.set("key", blob, 60)
    assert servers.get("key") == blob
    assert servers.delete("key")
    assert not servers.delete("key")
    assert servers.get("key") is None
    assert servers.stats == TierStats()


def test_only_the_first_of_many_adds(servers: MemcachedServers) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: servers.add("key", b"%d" % number, 60), range(50)))
    assert Counter(answers) == {True: 1, False: 49}
    assert servers.get("key") == b"%d" % answers.index(True)


def test_what_was_added_for_a_second_is_gone_after_it(servers: MemcachedServers) -> None:
    assert servers.add("key", b"", 0.1)
    wait_until(lambda: servers.add("key", b"", 60) is True)


def test_touching_changes_when_a_blob_expires(servers: MemcachedServers, memcached: Memcached) -> None:
    assert not servers.touch("key", 60)
    servers.set("key", b"blob", 60)
    assert servers.touch("key", 1000)
    assert 900 < seconds_left(memcached, "key") <= 1000


@pytest.mark.parametrize(
    ("expire_s", "exptime"),
    [(-1, 0), (0, 0), (0.001, 1), (1, 1), (1.5, 2), (2591999.5, 2592000), (2592001, 2592000), (float("inf"), 2592000)],
)
def test_a_life_is_whole_seconds_up_to_thirty_days(expire_s: float, exptime: int) -> None:
    assert expiry(expire_s) == exptime
    assert expiry(float("nan")) == 0


def test_a_blob_for_years_is_kept_for_thirty_days(servers: MemcachedServers, memcached: Memcached) -> None:
    assert servers.set("key", b"blob", 10**9)
    assert 2_590_000 < seconds_left(memcached, "key") <= 2_592_000


def test_keys_stand_apart_from_other_peoples(servers: MemcachedServers, memcached: Memcached) -> None:
    servers.set("key", b"blob", 0)
    assert memcached.command("mg key") == "EN\r\n"
    assert memcached.command("mg bb1:key") == "HD\r\n"


def test_a_blob_above_the_limit_is_not_sent_and_one_at_the_limit_is_kept(servers: MemcachedServers) -> None:
    assert servers.set("key", bytes(ITEM_BYTES), 60)
    assert not servers.set("key", bytes(ITEM_BYTES + 1), 60)
    assert servers.stats == TierStats()
    assert servers.get("key") == bytes(ITEM_BYTES)


@pytest.mark.parametrize("key", ["with blank", "line\r\nend", "x" * 300, "é", "nul\0"])
def test_a_key_that_memcached_would_misread_is_an_error_and_no_reason_to_avoid_the_server(
    servers: MemcachedServers, key: str
) -> None:
    for _ in range(5):
        assert not servers.set(key, b"blob", 60)
        assert servers.get(key) is None
    assert servers.stats == TierStats(errors=10)
    assert servers.set("key", b"blob", 60)


def test_without_servers_everything_is_skipped() -> None:
    servers = MemcachedServers([])
    assert servers.get("key") is None
    assert not servers.set("key", b"", 0)
    assert servers.add("key", b"", 0) is None
    assert not servers.touch("key", 1)
    assert not servers.delete("key")
    assert servers.nodes() == ()
    assert servers.stats == TierStats(skipped=5)


def test_a_server_that_is_not_there_is_tried_once_and_then_skipped() -> None:
    servers = MemcachedServers([NOBODY], timeout_s=10, pause_s=60)
    assert [servers.add("key", b"", 1) for _ in range(5)] == [None] * 5
    assert servers.stats == TierStats(errors=1, skipped=4)


def test_who_brings_counters_has_them_counted() -> None:
    mine, servers = TierStats(), MemcachedServers([])
    servers.get("key", mine)
    assert (mine, servers.stats) == (TierStats(skipped=1), TierStats())


def test_each_server_can_be_spoken_to_alone(memcached: Memcached) -> None:
    with Memcached() as other, closing(MemcachedServers([memcached.name, other.name], timeout_s=10)) as servers:
        assert servers.nodes() == tuple(sorted((memcached.name, other.name)))
        for name in servers.nodes():
            assert servers.get_at(name, "key") is None
            assert servers.set_at(name, "key", name.encode())
        assert [servers.get_at(name, "key") for name in servers.nodes()] == [n.encode() for n in servers.nodes()]
        other.kill()
        with pytest.raises(Unreachable):
            servers.get_at(other.name, "key")
        assert not servers.set_at(other.name, "key", b"")
        assert servers.get_at(memcached.name, "key") == memcached.name.encode()
        with pytest.raises(Unreachable, match="not among the servers"):
            servers.get_at(NOBODY, "key")


def test_keys_of_a_server_that_is_down_go_to_the_others_and_come_back(memcached: Memcached) -> None:
    keys = [digest(str(number)) for number in range(100)]
    with Memcached() as other, closing(MemcachedServers([memcached.name, other.name], 10, pause_s=0.05)) as servers:
        assert all(servers.set(key, key.encode(), 60) for key in keys)
        assert 20 < other.stat("curr_items") < 80
        other.kill()
        wait_until(lambda: all(servers.set(key, key.encode(), 60) for key in keys))
        # Now and then one of them is the one that probes whether the other is back.
        wait_until(lambda: all(servers.get(key) == key.encode() for key in keys))
        other.start()
        wait_until(lambda: sum(servers.set(key, key.encode(), 60) for key in keys) > 0 < other.stat("curr_items"))
        assert all(servers.get(key) in (None, key.encode()) for key in keys)


def test_a_name_that_is_none_is_refused_and_changes_nothing(servers: MemcachedServers, memcached: Memcached) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        servers.update([memcached.name, "nonsense"])
    assert servers.nodes() == (memcached.name,)
    assert servers.set("key", b"blob", 60)


def test_a_server_that_stays_keeps_its_connections(servers: MemcachedServers, memcached: Memcached) -> None:
    servers.get("key")
    before = memcached.stat("total_connections")
    servers.update([memcached.name, NOBODY])
    servers.update([memcached.name])
    servers.get("key")
    assert memcached.stat("total_connections") == before + 1  # the one that asked


def test_a_server_that_is_taken_out_is_hung_up_on_even_by_what_was_under_way(memcached: Memcached) -> None:
    with node(memcached.name, connections=2) as made:
        made.run(lambda outer: made.run(lambda inner: inner.get("key")) or outer.get("key"))
        made.run(lambda client: made.close())
        assert made._idle == []


def test_a_name_with_several_addresses_is_tried_at_each(memcached: Memcached) -> None:
    with closing(MemcachedServers([f"localhost:{memcached.port}"], timeout_s=10)) as servers:
        assert servers.set("key", b"blob", 60)
        assert servers.stats == TierStats()


def test_a_restart_between_two_operations_is_not_noticed() -> None:
    with Memcached() as own, closing(MemcachedServers([own.name], timeout_s=10)) as servers:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda number: servers.set(str(number), b"blob", 60), range(50)))
        own.kill()
        own.start()
        assert servers.get("1") is None
        assert servers.set("1", b"blob", 60)
        assert servers.stats == TierStats()


def test_a_connection_out_of_step_is_not_used_again(memcached: Memcached) -> None:
    with node(memcached.name) as made:
        made.run(lambda client: client.set("key", b"blob"))
        made.run(lambda client: client.sock.sendall(b"version\r\n"))
        wait_until(lambda: not made._idle[0].sock.is_quiet())
        assert made.run(lambda client: client.get("key")) == b"blob"


def test_whoever_is_killed_in_the_middle_gives_the_connection_back(memcached: Memcached) -> None:
    class Killed(BaseException):
        """What a greenlet dies of."""

    def die(client: Any) -> None:
        client.sock.sendall(b"version\r\n")
        raise Killed

    with node(memcached.name, connections=1) as made:
        for _ in range(5):
            with pytest.raises(Killed):
                made.run(die)
        assert made.run(lambda client: client.get("key")) is None


def test_waiting_for_a_connection_ends_before_the_time_is_up_and_counts_as_not_tried(memcached: Memcached) -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay(client: Any) -> bool:
        inside.set()
        return leave.wait(10)

    with node(memcached.name, timeout_s=0.1, connections=1) as made, ThreadPoolExecutor(1) as pool:
        first = pool.submit(made.run, stay)
        assert inside.wait(10)
        with pytest.raises(Unreachable, match="busy") as refused:
            made.run(lambda client: client.get("key"))
        assert not refused.value.tried
        leave.set()
        assert first.result(10)
        assert not made.is_down


def test_a_hundred_at_once_share_few_connections(memcached: Memcached) -> None:
    before = memcached.stat("curr_connections")
    with closing(MemcachedServers([memcached.name], timeout_s=60, connections=4)) as servers:
        start = threading.Barrier(100)

        def work(number: int) -> bool:
            key = digest(str(number))
            start.wait(10)
            return all(servers.set(key, key.encode(), 60) and servers.get(key) == key.encode() for _ in range(5))

        with ThreadPoolExecutor(100) as pool:
            assert all(pool.map(work, range(100)))
        assert servers.stats == TierStats()
        assert memcached.stat("curr_connections") - before <= 4


def test_one_timeout_covers_a_whole_operation_however_it_is_spread(memcached: Memcached) -> None:
    with TamperingProxy(memcached.port) as proxy, node(proxy.name, timeout_s=0.3) as made:
        made.run(lambda client: client.set("key", bytes(10_000)))
        proxy.answer = proxy.drip
        started_s = time.monotonic()
        with pytest.raises(Unreachable, match="TimeoutError"):
            made.run(lambda client: client.get("key"))  # 200 s at this pace
        assert time.monotonic() - started_s < 5
        assert made.is_down


_names = st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=2, max_size=8, unique=True)


@given(st.text(), _names)
def test_a_name_taken_away_changes_nothing_among_the_others(key: str, names: list[str]) -> None:
    order = ranked(key, names)
    assert sorted(order) == sorted(names)
    assert ranked(key, sorted(names)) == order
    for gone in names:
        assert ranked(key, [name for name in names if name != gone]) == [name for name in order if name != gone]


def test_keys_are_spread_evenly() -> None:
    winners = Counter(ranked(digest(str(n)), ["a:11211", "b:11211", "c:11211", "d:11211"])[0] for n in range(8000))
    assert all(1800 < count < 2200 for count in winners.values())
