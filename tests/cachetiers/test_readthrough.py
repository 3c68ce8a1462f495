import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cachetiers.coalesce import FollowerTimeout
from cachetiers.entry import Entry
from cachetiers.lease import Leases
from cachetiers.memory import MemoryTier
from cachetiers.readthrough import Found, Make, Outcome, ReadThrough
from cachetiers.tiered import Tiered
from tests.cachetiers.clocks import Clock
from tests.cachetiers.test_lease import FakeLocks


class SharedTier(MemoryTier):
    name = "shared"


class Fleet:
    """Some processes with a tier each, one that they share, and one clock."""

    def __init__(self, capacity_bytes: int = 1_000_000) -> None:
        self.clock = Clock()
        self.shared = SharedTier(1_000_000, self.clock)
        self.locks = FakeLocks()
        self.started: list[Callable[[], None]] = []
        self._capacity_bytes = capacity_bytes

    def entry(self, value: bytes = b"made", *, negative: bool = False) -> Entry:
        return Entry(value, self.clock(), 60, {}, stale_s=30, error_s=600, negative=negative)

    def alone(self, stands_in: Callable[[Exception], bool] = lambda _: True) -> ReadThrough:
        near = MemoryTier(self._capacity_bytes, self.clock)
        return ReadThrough(Tiered(near, clock=self.clock), 1, None, stands_in, self.clock, self.started.append)

    def process(self, wait_s: float = 10) -> ReadThrough:
        near = MemoryTier(self._capacity_bytes, self.clock)
        tiers = Tiered(near, self.shared, lambda call: call(), self.clock)
        return ReadThrough(tiers, wait_s, Leases(self.locks), lambda _: True, self.clock, self.started.append)

    def run_started(self) -> None:
        while self.started:
            self.started.pop()()


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def making(entry: Entry, told: list[Entry | None] | None = None) -> Make:
    def make(old: Entry | None) -> Entry:
        if told is not None:
            told.append(old)
        return entry

    return make


def failing(_: Entry | None) -> Entry:
    raise LookupError("nothing there")


def known(found: Found | None) -> Found:
    assert found is not None
    return found


def test_what_is_missing_is_made_and_then_found(fleet: Fleet) -> None:
    cache = fleet.alone()
    assert cache.lookup("a") is None
    filled = cache.fill("a", making(fleet.entry()))
    assert (filled.outcome, filled.stored) == (Outcome.MISS, True)
    found = known(cache.lookup("a"))
    assert (found.entry, found.outcome, found.tier) == (filled.entry, Outcome.HIT, "memory")


def test_what_cannot_be_kept_is_answered_all_the_same() -> None:
    fleet = Fleet(capacity_bytes=0)
    filled = fleet.alone().fill("a", making(fleet.entry()))
    assert (filled.entry.value, filled.stored) == (b"made", False)


def test_a_failure_is_not_kept(fleet: Fleet) -> None:
    cache = fleet.alone()
    with pytest.raises(LookupError):
        cache.fill("a", failing)
    assert cache.lookup("a") is None
    assert cache.fill("a", making(fleet.entry())).outcome is Outcome.MISS


def test_what_stands_for_nothing_is_found_as_such(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"", negative=True)))
    assert known(cache.lookup("a")).outcome is Outcome.NEGATIVE


def test_a_stale_entry_is_answered_while_one_refresh_runs(fleet: Fleet) -> None:
    cache = fleet.alone()
    old = cache.fill("a", making(fleet.entry(b"old"))).entry
    fleet.clock.now_s += 61
    assert known(cache.lookup("a")).outcome is Outcome.STALE
    told: list[Entry | None] = []
    cache.refresh("a", making(fleet.entry(b"new"), told))
    fleet.run_started()
    assert told == [old]
    found = known(cache.lookup("a"))
    assert (found.entry.value, found.outcome) == (b"new", Outcome.HIT)


def test_a_refresh_is_not_started_twice(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 61
    calls = []

    def make(_: Entry | None) -> Entry:
        cache.refresh("a", make)
        calls.append("made")
        return fleet.entry(b"new")

    cache.refresh("a", make)
    fleet.run_started()
    assert calls == ["made"]


def test_a_refresh_that_failed_is_not_tried_again_at_once(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 61
    cache.refresh("a", failing)
    fleet.run_started()
    cache.refresh("a", failing)
    assert fleet.started == []
    assert known(cache.lookup("a")).outcome is Outcome.STALE


def test_a_later_failure_is_answered_with_what_there_was(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 300
    assert known(cache.lookup("a")).outcome is Outcome.STANDBY
    filled = cache.fill("a", failing)
    assert (filled.entry.value, filled.outcome) == (b"old", Outcome.STANDBY)


def test_those_who_come_after_a_failure_do_not_wait_for_the_next(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 300
    cache.fill("a", failing)
    told: list[Entry | None] = []
    assert cache.fill("a", making(fleet.entry(b"new"), told)).outcome is Outcome.STANDBY
    assert told == []


def test_a_failure_that_means_something_is_not_covered_up(fleet: Fleet) -> None:
    cache = fleet.alone(stands_in=lambda error: not isinstance(error, LookupError))
    cache.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 300
    with pytest.raises(LookupError):
        cache.fill("a", failing)


def test_the_knowledge_that_there_was_nothing_stands_in_for_nothing(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"", negative=True)))
    fleet.clock.now_s += 300
    with pytest.raises(LookupError):
        cache.fill("a", failing)


def test_an_unchanged_entry_is_fresh_again(fleet: Fleet) -> None:
    cache = fleet.alone()
    cache.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 300

    def renew(old: Entry | None) -> Entry:
        assert old is not None
        return replace(old, created_s=fleet.clock())

    assert cache.fill("a", renew).outcome is Outcome.RENEWED
    assert known(cache.lookup("a")).outcome is Outcome.HIT


def test_what_another_process_made_is_found_and_kept_near(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    one.fill("a", making(fleet.entry()))
    assert known(two.lookup("a")).tier == "shared"
    assert known(two.lookup("a")).tier == "memory"
    assert two.tiers.promoted == 1


def test_what_another_process_made_anew_takes_the_place_of_our_stale_one(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    one.fill("a", making(fleet.entry(b"old")))
    two.lookup("a")
    fleet.clock.now_s += 61
    one.fill("a", making(fleet.entry(b"new")))
    assert known(two.lookup("a")).outcome is Outcome.STALE
    two.refresh("a", failing)
    fleet.run_started()
    assert known(two.lookup("a")).entry.value == b"new"


def test_many_processes_make_it_once(fleet: Fleet) -> None:
    made, all_ask = [], threading.Barrier(24)

    def make(_: Entry | None) -> Entry:
        made.append("made")
        time.sleep(0.05)
        return fleet.entry()

    processes = [fleet.process() for _ in range(4)]

    def ask(number: int) -> Outcome:
        all_ask.wait()
        return processes[number % 4].fill("a", make).outcome

    with ThreadPoolExecutor(24) as pool:
        outcomes = list(pool.map(ask, range(24)))
    assert made == ["made"]
    assert outcomes.count(Outcome.MISS) == 1
    assert set(outcomes) <= {Outcome.MISS, Outcome.COALESCED}
    assert fleet.locks.kept == {}


def test_when_the_holder_of_a_lease_dies_somebody_else_goes_on(fleet: Fleet) -> None:
    Leases(fleet.locks).claim("a")

    def lease_ends() -> None:
        fleet.locks.kept.clear()

    threading.Timer(0.05, lease_ends).start()
    assert fleet.process().fill("a", making(fleet.entry())).outcome is Outcome.MISS


def test_when_the_holder_of_a_lease_fails_the_others_try_themselves(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    with pytest.raises(LookupError):
        one.fill("a", failing)
    assert two.fill("a", making(fleet.entry())).outcome is Outcome.MISS


def test_those_who_waited_for_one_that_failed_do_not_wait_for_each_other(fleet: Fleet) -> None:
    """Behind a source that hangs, the last of many would otherwise wait as many time-outs as there are processes."""
    holder = Leases(fleet.locks)
    holder.claim("a")
    waiting, meet = [fleet.process() for _ in range(4)], threading.Barrier(4, timeout=10)

    def make(_: Entry | None) -> Entry:
        meet.wait()  # passes only if all four are here at once
        return fleet.entry()

    threading.Timer(0.05, lambda: holder.release("a", failed=True)).start()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda process: process.fill("a", make).outcome, waiting))
    assert outcomes == [Outcome.MISS] * 4


def test_a_killed_holder_gives_its_lease_back(fleet: Fleet) -> None:
    def killed(_: Entry | None) -> Entry:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fleet.process().fill("a", killed)
    assert fleet.process().fill("a", making(fleet.entry())).outcome is Outcome.MISS


def test_where_no_thread_can_be_started_it_is_kept_all_the_same(fleet: Fleet) -> None:
    def refuse(_: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    tiers = Tiered(MemoryTier(1_000_000, fleet.clock), fleet.shared, refuse, fleet.clock)
    cache = ReadThrough(tiers, 10, Leases(fleet.locks), clock=fleet.clock, spawn=refuse)
    assert cache.fill("a", making(fleet.entry())).stored
    assert fleet.shared.get("a") is not None
    assert fleet.locks.kept == {}
    fleet.clock.now_s += 61
    cache.refresh("a", making(fleet.entry()))
    assert known(cache.lookup("a")).outcome is Outcome.STALE


def test_what_the_fleet_has_on_standby_stands_in_where_nothing_is_kept_near() -> None:
    fleet = Fleet(capacity_bytes=0)
    fleet.process().fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 300
    cache = fleet.process()
    found = known(cache.lookup("a"))
    assert (found.outcome, found.tier) == (Outcome.STANDBY, "shared")
    assert cache.fill("a", failing, found.entry).entry.value == b"old"


def test_a_look_that_comes_home_late_does_not_bring_back_what_is_old(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    one.fill("a", making(fleet.entry(b"old")))
    fleet.clock.now_s += 10
    new = fleet.entry(b"new")

    def look_late(key: str) -> Entry | None:
        old = SharedTier.get(fleet.shared, key)
        two.tiers.near.put(key, new)  # somebody makes it while we look
        return old

    fleet.shared.get = look_late  # type: ignore[method-assign]
    assert two.tiers.look_far("a") is new
    assert two.tiers.near.get("a") is new


def test_waiting_for_another_process_has_an_end(fleet: Fleet) -> None:
    Leases(fleet.locks).claim("a")
    with pytest.raises(FollowerTimeout, match="another process"):
        fleet.process(wait_s=0.05).fill("a", making(fleet.entry()))


def test_where_leases_cannot_be_had_everybody_makes_their_own(fleet: Fleet) -> None:
    fleet.locks.reachable = False
    assert fleet.process().fill("a", making(fleet.entry())).outcome is Outcome.MISS


def test_gets_are_hits_and_misses_under_load(fleet: Fleet) -> None:
    cache, asked = fleet.process(), 400
    keys = [f"{number % 37}" for number in range(asked)]

    def ask(key: str) -> None:
        if cache.lookup(key) is None:
            cache.fill(key, making(fleet.entry()))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, keys))
    stats = cache.stats
    assert stats.gets == asked == stats.hits + stats["misses"]
    assert stats["misses"] == stats["miss"] + stats["coalesced"]
    for tier in cache.tiers.tiers:
        assert tier.stats.gets == tier.stats.hits + tier.stats.misses
