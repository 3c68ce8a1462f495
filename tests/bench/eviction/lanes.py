"""The policy of the memory tier itself, without the values."""

from cachetiers.entry import Entry
from cachetiers.eviction import Eviction, Kept

_NEVER = float("inf")
_NOTHING = Entry(b"", 0.0, _NEVER)


class Lanes:
    """What `MemoryTier` does, with sizes that are only said."""

    def __init__(self, capacity_bytes: int, remembers: bool = True) -> None:
        self._capacity_bytes = capacity_bytes
        self._kept: dict[str, Kept] = {}
        self._eviction = Eviction(capacity_bytes if remembers else 0)
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def access(self, key: str, size_bytes: int) -> bool:
        found = self._kept.get(key)
        if found is not None:
            found.hits += 1
            return True
        while self.used_bytes + size_bytes > self._capacity_bytes:
            gone = self._eviction.pop(0.0)
            del self._kept[gone.key]
            self.used_bytes -= gone.size_bytes
        kept = self._kept[key] = Kept(key, _NOTHING, size_bytes, _NEVER)
        self._eviction.add(kept)
        self.used_bytes += size_bytes
        return False
