"""A tier in this process's memory, bounded in bytes, that forgets what was not asked for longest."""

import time
from collections import OrderedDict
from collections.abc import Callable

from cachetiers.entry import Entry, Freshness
from cachetiers.stats import TierStats

OVERHEAD_BYTES = 1024
"""What an entry costs beside its value: key, entry and facts, 980 bytes by tracemalloc on CPython 3.11."""

_LARGEST_SHARE = 8
"""An entry above an eighth of the tier is not kept: one picture must not empty it."""


class MemoryTier:
    """Keeps entries in a dictionary, in the order of their last use.

    Every operation is O(1) and none of them waits, so greenlets need no lock; for
    use from several native threads at once it is not meant.

    Args:
        capacity_bytes: The most that values and overhead together may take; 0 keeps nothing.
        clock: Unix time in seconds.
    """

    name = "memory"

    def __init__(self, capacity_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self._capacity_bytes = capacity_bytes
        self._clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self.used_bytes = 0
        self.stats = TierStats()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """The entry under *key*, or None; one that is dead is forgotten."""
        entry = self._entries.get(key)
        if entry is not None and entry.freshness(self._clock()) is Freshness.DEAD:
            self.delete(key)
            self.stats.expired += 1
            entry = None
        if entry is None:
            self.stats.misses += 1
            return None
        self._entries.move_to_end(key)
        self.stats.hits += 1
        self.stats.bytes_read += len(entry.value)
        return entry

    def put(self, key: str, entry: Entry) -> bool:
        """Keep *entry*, forgetting others until it fits; whether it was kept."""
        self.delete(key)
        size = _size_bytes(entry)
        if size > self._capacity_bytes / _LARGEST_SHARE:
            self.stats.too_large += 1
            return False
        while self.used_bytes + size > self._capacity_bytes:
            _, oldest = self._entries.popitem(last=False)
            self.used_bytes -= _size_bytes(oldest)
            self.stats.evicted += 1
        self._entries[key] = entry
        self.used_bytes += size
        self.stats.stored += 1
        self.stats.bytes_stored += len(entry.value)
        return True

    def delete(self, key: str) -> None:
        """Forget what is under *key*, if anything."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.used_bytes -= _size_bytes(entry)


def _size_bytes(entry: Entry) -> int:
    return len(entry.value) + OVERHEAD_BYTES
