"""A tier in this process's memory, bounded in bytes."""

import threading
import time
from collections.abc import Callable

from cachetiers.entry import Entry, Freshness
from cachetiers.eviction import Eviction, Kept
from cachetiers.stats import TierStats

OVERHEAD_BYTES = 600
"""What an entry costs beside its value and its facts: key, entry, dictionary and its place in the order of eviction."""

FACT_BYTES = 88
"""What a fact costs beside the signs of its text."""

_LARGEST_SHARE = 8
"""An entry above an eighth of the tier is not kept: one picture must not empty it."""


class MemoryTier:
    """Keeps entries in a dictionary; who has to go when it is full, `Eviction` says.

    Every operation is O(1), a put amortised: it forgets as many as it needs the room
    of. One lock is held for microseconds and never while anything waits, so any
    threads or greenlets may share a tier.

    Args:
        capacity_bytes: The most that values and overhead together may take; 0 keeps nothing. A thousandth on top
            remembers what was popular and had to go.
        clock: Unix time in seconds.
    """

    name = "memory"

    def __init__(self, capacity_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self._capacity_bytes = capacity_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, Kept] = {}
        self._eviction = Eviction(capacity_bytes)
        self.used_bytes = 0
        self.stats = TierStats()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Entry | None:
        """The entry under *key*, or None; one that is dead is forgotten."""
        now_s = self._clock()
        stats = self.stats
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                stats.misses += 1
                return None
            entry = kept.entry
            if entry.freshness(now_s) is Freshness.DEAD:
                self._forget(kept)
                stats.expired += 1
                stats.misses += 1
                return None
            kept.hits += 1
            stats.hits += 1
            stats.bytes_read += len(entry.value)
            return entry

    def peek(self, key: str) -> Entry | None:
        """The entry under *key*, whatever its state, without counting it as asked for."""
        kept = self._kept.get(key)
        return None if kept is None else kept.entry

    def put(self, key: str, entry: Entry) -> bool:
        """Keep *entry*, forgetting others until it fits; whether it was kept."""
        now_s = self._clock()
        kept = Kept(key, entry, _size_bytes(entry), entry.created_s + entry.life_s)
        with self._lock:
            self._delete(key)
            if kept.size_bytes > self._capacity_bytes / _LARGEST_SHARE:
                self.stats.too_large += 1
                return False
            while self.used_bytes + kept.size_bytes > self._capacity_bytes:
                self._evict(now_s)
            self._kept[key] = kept
            self._eviction.add(kept)
            self.used_bytes += kept.size_bytes
            self.stats.stored += 1
            self.stats.bytes_stored += len(entry.value)
            return True

    def delete(self, key: str) -> None:
        """Forget what is under *key*, if anything."""
        with self._lock:
            self._delete(key)

    def _delete(self, key: str) -> None:
        kept = self._kept.get(key)
        if kept is not None:
            self._forget(kept)

    def _forget(self, kept: Kept) -> None:
        self._eviction.remove(kept)
        del self._kept[kept.key]
        self.used_bytes -= kept.size_bytes

    def _evict(self, now_s: float) -> None:
        kept = self._eviction.pop(now_s)
        del self._kept[kept.key]
        self.used_bytes -= kept.size_bytes
        if kept.dead_s <= now_s:
            self.stats.expired += 1
        else:
            self.stats.evicted += 1


def _size_bytes(entry: Entry) -> int:
    return len(entry.value) + OVERHEAD_BYTES + sum(FACT_BYTES + len(text) for text in entry.facts.values())
