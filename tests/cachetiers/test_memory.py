import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

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


def test_an_entry_is_found_until_it_is_no_longer_fresh() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    kept = entry()
    assert tier.put("a", kept)
    clock.now_s += 59.9
    assert tier.get("a") is kept
    clock.now_s += 0.1
    assert tier.get("a") is None
    assert (len(tier), tier.used_bytes, tier.stats.expired) == (0, 0, 1)


def test_the_one_not_asked_for_longest_goes_first() -> None:
    tier = MemoryTier(room_for(8), Clock())
    for name in "abcdefgh":
        tier.put(name, entry())
    tier.get("a")
    tier.put("i", entry())
    assert tier.get("b") is None
    assert tier.get("a") is not None
    assert tier.stats.evicted == 1


def test_one_huge_entry_does_not_empty_the_tier() -> None:
    tier = MemoryTier(room_for(80), Clock())
    tier.put("small", entry())
    assert not tier.put("huge", entry(room_for(11)))
    assert tier.get("small") is not None
    assert tier.stats.too_large == 1


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


def test_a_tier_of_no_size_keeps_nothing() -> None:
    tier = MemoryTier(0, Clock())
    assert not tier.put("a", entry(0))
    assert tier.get("a") is None


def test_a_clock_that_jumps_back_does_not_make_an_entry_older() -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    tier.put("a", entry(clock=clock))
    clock.now_s -= 50
    found = tier.get("a")
    assert found is not None
    assert found.age_s(clock()) == 0


_steps = st.lists(
    st.tuples(st.sampled_from(["get", "put", "delete", "wait"]), st.sampled_from("abcdef"), st.integers(0, 700)),
    max_size=80,
)


@given(_steps)
def test_bytes_and_counters_always_add_up(steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    tier = MemoryTier(room_for(8), clock)
    for what, name, size in steps:
        if what == "get":
            tier.get(name)
        elif what == "put":
            tier.put(name, entry(size, clock))
        elif what == "delete":
            tier.delete(name)
        else:
            clock.now_s += size / 10
        assert 0 <= tier.used_bytes <= room_for(8)
    assert tier.stats.gets == sum(1 for what, _, _ in steps if what == "get")
    assert tier.used_bytes == sum(len(kept.value) + OVERHEAD_BYTES for kept in tier._entries.values())


def test_the_overhead_is_what_an_entry_really_costs() -> None:
    tier, count = MemoryTier(10**8, Clock()), 3000
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(count):
        names = ("format", "width", "height", "source", "source_bytes", "fetch_ms", "queue_ms", "transform_ms")
        facts = {name: f"{name[:3]}{number}" for name in names}
        tier.put(digest(str(number)), Entry(bytes(100), 1000.0 + number, 60.0, facts))
    measured = (tracemalloc.get_traced_memory()[0] - before) / count - len(bytes(100))
    tracemalloc.stop()
    assert 0.8 * OVERHEAD_BYTES <= measured <= 1.1 * OVERHEAD_BYTES
