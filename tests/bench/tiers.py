"""What a hit in memory costs: `python -m tests.bench.tiers`; needs `pip install blendbeat[bench]`.

Beside a bare dictionary and cachetools, all with the same keys and as many
entries, in interleaved rounds; medians. A hit of ours is counted, judged by the
clock and safe for threads; cachetools is safe with a lock, as its
documentation asks for, so it is measured with one too. Then what it costs to keep
an entry in a tier that is full.
"""

import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.memory import OVERHEAD_BYTES, MemoryTier
from cachetiers.readthrough import ReadThrough
from cachetiers.tiered import Tiered

Get = Callable[[str], object]

_ENTRIES = 2_000
_GETS = 20_000
_PUTS = 4_000
_ROUNDS = 31
_VALUE = bytes(20_000)
_TTL_S = 3600.0


def contestants(keys: Sequence[str]) -> dict[str, Get]:
    """How each of them answers a get, once *keys* are in it."""
    # Not a dependency of the service or of its tests, only of whoever measures.
    from cachetools import LRUCache, TTLCache

    entry = Entry(_VALUE, time.time(), _TTL_S)
    bare: dict[str, Entry] = {}
    lru: LRUCache[str, Entry] = LRUCache(len(keys))
    ttl: TTLCache[str, Entry] = TTLCache(len(keys), _TTL_S)
    tier = MemoryTier(10 * len(keys) * (len(_VALUE) + OVERHEAD_BYTES))
    for key in keys:
        bare[key] = lru[key] = ttl[key] = entry
        tier.put(key, entry)
    return {
        "dict": bare.get,
        "cachetools LRUCache": lru.get,
        "cachetools LRUCache, lock": _locked(lru.get),
        "cachetools TTLCache": ttl.get,
        "cachetools TTLCache, lock": _locked(ttl.get),
        "MemoryTier": tier.get,
        "ReadThrough": ReadThrough(Tiered(tier), wait_s=1).lookup,
    }


def _locked(get: Get) -> Get:
    lock = threading.Lock()

    def locked(key: str) -> object:
        with lock:
            return get(key)

    return locked


def hit_ns(gets: Mapping[str, Get], asked: Sequence[str], rounds: int) -> dict[str, float]:
    """Nanoseconds a get, the median of rounds in which each has its turn."""
    times: dict[str, list[float]] = {name: [] for name in gets}
    for _ in range(rounds):
        for name, get in gets.items():
            started_ns = time.perf_counter_ns()
            for key in asked:
                get(key)
            times[name].append((time.perf_counter_ns() - started_ns) / len(asked))
    return {name: statistics.median(of) for name, of in times.items()}


def put_us(*, everything_asked_for: bool) -> list[float]:
    """Microseconds to keep entries for each of which another has to go, in rising order.

    Args:
        everything_asked_for: Whether every 500 puts all that is kept is asked for, so that the next put finds nobody
            whom nobody wants: the worst there is. Or else one entry is asked for after every other put.
    """
    tier, chance = MemoryTier(_ENTRIES * (len(_VALUE) + OVERHEAD_BYTES)), random.Random(1)
    times = []
    for number in range(3 * _ENTRIES + _PUTS):
        entry = Entry(_VALUE[chance.randrange(len(_VALUE)) :], time.time(), _TTL_S)
        started_ns = time.perf_counter_ns()
        tier.put(digest(str(number)), entry)
        times.append((time.perf_counter_ns() - started_ns) / 1000)
        if everything_asked_for and number % 500 == 0:
            for other in range(number + 1):
                tier.get(digest(str(other)))
        elif number % 2:
            tier.get(digest(str(chance.randrange(number + 1))))
    return sorted(times[-_PUTS:])


def main(rounds: int = _ROUNDS) -> None:
    """Print a row for each."""
    keys = [digest(str(number)) for number in range(_ENTRIES)]
    asked = random.Random(2).choices(keys, k=_GETS)
    found = hit_ns(contestants(keys), asked, rounds)
    print("| a hit | ns | relative |\n|---|---|---|")
    for name, nanoseconds in found.items():
        print(f"| {name} | {nanoseconds:.0f} | {nanoseconds / found['dict']:.1f} |")
    print("\n| a put for which another has to go | median, us | 99 %, us |\n|---|---|---|")
    for name, everything_asked_for in (("usually", False), ("every 500 puts all are asked for", True)):
        times = put_us(everything_asked_for=everything_asked_for)
        print(f"| {name} | {statistics.median(times):.1f} | {times[len(times) * 99 // 100]:.1f} |")


if __name__ == "__main__":
    main()
