import gc
import hashlib
import random
import sys
import threading
import tracemalloc
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetiers.codec import decode, encode
from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.memory import OVERHEAD_BYTES, MemoryTier


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def entry(size_bytes: int = 10, clock: Clock | None = None, ttl_s: float = 60) -> Entry:
    return Entry(bytes(size_bytes), clock() if clock else 1000.0, ttl_s)


def room_for(entries: int, size_bytes: int = 10) -> int:
    return entries * (size_bytes + OVERHEAD_BYTES)


def full_tier(entries: int, clock: Clock | None = None) -> MemoryTier:
    tier = MemoryTier(room_for(entries), clock or Clock())
    for number in range(entries):
        tier.put(f"kept {number}", entry())
    return tier


def assert_adds_up(tier: MemoryTier, capacity_bytes: int) -> None:
    kept = tier._kept.values()
    assert tier.used_bytes == sum(one.size_bytes for one in kept) <= capacity_bytes
    assert {one.key for one in kept} == {key for lane in tier._eviction._lanes.values() for key in lane}
    gone = tier.stats.evicted + tier.stats.expired
    assert len(tier) <= tier.stats.stored - gone


def test_an_entry_is_found_until_it_is_dead() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    kept = entry()
    assert tier.put("a", kept)
    clock.now_s += 59.9
    assert tier.get("a") is kept
    clock.now_s += 0.1
    assert tier.get("a") is None
    assert (len(tier), tier.used_bytes, tier.stats.expired) == (0, 0, 1)


def test_a_stale_entry_is_still_found() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    kept = Entry(b"", 1000.0, 60, stale_s=30, error_s=60)
    tier.put("a", kept)
    clock.now_s += 119.9
    assert tier.get("a") is kept


def test_among_equals_the_one_that_came_first_goes_first() -> None:
    tier = full_tier(8)
    tier.put("new", entry())
    assert tier.get("kept 0") is None
    assert tier.get("kept 1") is not None
    assert tier.stats.evicted == 1


def test_what_was_asked_for_stays_and_the_next_in_line_goes() -> None:
    tier = full_tier(8)
    tier.get("kept 0")
    tier.put("new", entry())
    assert tier.get("kept 0") is not None
    assert tier.get("kept 1") is None


def test_a_crawler_does_not_drive_out_what_people_ask_for() -> None:
    tier = full_tier(100)
    popular = [f"kept {number}" for number in range(50)]
    for _ in range(4):
        for name in popular:
            tier.get(name)
    for number in range(150):
        tier.put(f"crawled {number}", entry())
    assert all(tier.get(name) is not None for name in popular)


def test_what_people_no_longer_ask_for_goes_however_popular_it_was() -> None:
    tier = full_tier(20)
    for _ in range(1000):
        tier.get("kept 0")
    for number in range(20 * 100):
        tier.put(f"new {number}", entry())
    assert tier.get("kept 0") is None


def test_of_two_that_nobody_asked_for_the_large_one_goes_first() -> None:
    tier = MemoryTier(room_for(8, 8 * OVERHEAD_BYTES), Clock())
    tier.put("small", entry(10))
    for name in "abcdefgh":
        tier.put(name, entry(7 * OVERHEAD_BYTES))
    tier.put("last", entry(7 * OVERHEAD_BYTES))
    assert tier.get("small") is not None
    assert tier.get("a") is None


def test_one_huge_entry_does_not_empty_the_tier() -> None:
    tier = MemoryTier(room_for(80), Clock())
    tier.put("small", entry())
    assert not tier.put("huge", entry(room_for(11)))
    assert tier.get("small") is not None
    assert tier.stats.too_large == 1


def test_the_largest_that_is_kept_takes_an_eighth() -> None:
    tier = full_tier(80)
    assert tier.put("large", entry(room_for(10) - OVERHEAD_BYTES))
    assert len(tier) == 71


def test_replacing_an_entry_with_one_that_is_too_large_forgets_the_old_one() -> None:
    tier = MemoryTier(room_for(80), Clock())
    tier.put("a", entry())
    tier.put("a", entry(room_for(11)))
    assert tier.get("a") is None


def test_replacing_an_entry_counts_its_bytes_once() -> None:
    tier = MemoryTier(room_for(80), Clock())
    tier.put("a", entry(100))
    tier.put("a", entry(50))
    assert tier.used_bytes == 50 + OVERHEAD_BYTES


@pytest.mark.parametrize("died", [False, True], ids=["replaced", "found dead"])
def test_what_is_made_anew_is_as_popular_as_it_was(died: bool) -> None:
    clock = Clock()
    tier = full_tier(20, clock)
    for _ in range(40):
        tier.get("kept 19")
    if died:
        clock.now_s += 60
        tier.get("kept 19")
    tier.put("kept 19", entry(clock=clock))
    for number in range(100):
        tier.put(f"new {number}", entry(clock=clock))
    assert tier.get("kept 19") is not None


def test_the_dead_go_first() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    tier.put("asked for, but dead by now", entry(ttl_s=5))
    for number in range(7):
        tier.put(f"kept {number}", entry())
    tier.get("asked for, but dead by now")
    clock.now_s += 5
    tier.put("new", entry())
    assert len(tier) == 8
    assert (tier.stats.expired, tier.stats.evicted) == (1, 0)


def test_a_tier_of_no_size_keeps_nothing() -> None:
    tier = MemoryTier(0, Clock())
    assert not tier.put("a", entry(0))
    assert tier.get("a") is None


def test_a_clock_that_jumps_back_a_little_costs_no_entry() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    tier.put("a", entry(clock=clock))
    clock.now_s -= 50
    found = tier.get("a")
    assert found is not None
    assert found.age_s(clock()) == 50


def test_an_entry_from_a_future_too_far_is_dead() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    tier.put("a", entry(clock=clock))
    clock.now_s -= 60
    assert tier.get("a") is None
    assert tier.stats.expired == 1


_steps = st.lists(
    st.tuples(st.sampled_from(["get", "put", "delete", "wait"]), st.sampled_from("abcdefghijkl"), st.integers(0, 20)),
    max_size=120,
)


@given(_steps)
def test_bytes_and_counters_always_add_up(steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    capacity_bytes = room_for(8, 300)
    tier = MemoryTier(capacity_bytes, clock)
    puts: dict[str, Entry] = {}
    for what, name, number in steps:
        if what == "get":
            found = tier.get(name)
            assert found is None or found is puts[name]
        elif what == "put":
            puts[name] = entry(number * 20, clock)
            assert tier.put(name, puts[name]) == (number <= 15)
        elif what == "delete":
            tier.delete(name)
            assert name not in tier._kept
        else:
            clock.now_s += number
        assert_adds_up(tier, capacity_bytes)
    assert tier.stats.gets == sum(1 for what, _, _ in steps if what == "get")
    assert tier.stats.stored + tier.stats.too_large == sum(1 for what, _, _ in steps if what == "put")


@pytest.fixture
def impatient_threads() -> object:
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before_s)


@pytest.mark.usefixtures("impatient_threads")
def test_eight_threads_at_once_lose_nothing() -> None:
    threads, rounds, capacity_bytes = 8, 2000, room_for(30)
    tier = MemoryTier(capacity_bytes, Clock())
    start = threading.Barrier(threads)
    asked, wrong = [0] * threads, [0] * threads

    def hammer(at: int) -> None:
        chance = random.Random(at)
        start.wait(5)
        for _ in range(rounds):
            name = str(chance.randrange(60))
            action = chance.random()
            if action < 0.6:
                found = tier.get(name)
                asked[at] += 1
                wrong[at] += found is not None and found.facts["name"] != name
            elif action < 0.95:
                tier.put(name, Entry(bytes(chance.randrange(40)), 1000.0, 60, {"name": name}))
            else:
                tier.delete(name)

    hammering = [threading.Thread(target=hammer, args=(at,)) for at in range(threads)]
    for thread in hammering:
        thread.start()
    for thread in hammering:
        thread.join(60)
    assert sum(wrong) == 0
    assert tier.stats.gets == sum(asked)
    assert tier.stats.hits > 0
    assert_adds_up(tier, capacity_bytes)


def lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python *call* runs through."""
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> object:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # else what others left behind is cleaned up meanwhile, and counted
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return lines


def test_no_operation_takes_longer_the_more_is_kept() -> None:
    def most_lines(entries: int) -> tuple[int, int, int]:
        tier = full_tier(entries)
        for number in range(entries):
            tier.get(f"kept {number}")
        puts = max(lines_run(lambda name=f"new {number}": tier.put(name, entry())) for number in range(20))  # type: ignore[misc]
        return puts, lines_run(lambda: tier.get("new 19")), lines_run(lambda: tier.delete("new 19"))

    few, many = most_lines(200), most_lines(5000)
    assert many == few
    assert few[0] < 5000


def variant_facts(number: int) -> dict[str, str]:
    return {
        "media_type": "image/jpeg",
        "suffix": "jpg",
        "source": hashlib.blake2b(str(number).encode(), digest_size=6).hexdigest(),
        "source_bytes": str(400_000 + number),
        "fetch_ms": f"{number / 7:.1f}",
        "queue_ms": f"{number / 9:.1f}",
        "transform_ms": f"{number / 11:.1f}",
    }


@pytest.mark.parametrize(
    "facts",
    [
        lambda _: {},
        variant_facts,
        lambda number: {**variant_facts(number), **{f"more {one}": f"{number} {one}" for one in "abcdefgh"}},
        lambda number: {**variant_facts(number), "source_etag": f"{number}" * 200},
    ],
    ids=["none", "a variant's", "twice as many", "a long one"],
)
@pytest.mark.parametrize("travelled", [False, True], ids=["made here", "from another process"])
def test_the_bytes_that_are_counted_are_those_that_are_taken(
    facts: Callable[[int], dict[str, str]], travelled: bool
) -> None:
    tier, count = MemoryTier(10**9, Clock()), 5_000
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(count):
        key, made = digest(str(number)), Entry(bytes(100), 1000.0 + number, 60.0, facts(number))
        kept = decode(key, encode(key, made)) if travelled else made
        assert isinstance(kept, Entry)
        tier.put(key, kept)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert 0.75 * tier.used_bytes <= taken <= 1.1 * tier.used_bytes
