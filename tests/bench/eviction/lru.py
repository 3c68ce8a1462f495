"""LRU: the one not asked for longest goes first."""

from collections import OrderedDict


class Lru:
    """A dictionary in the order of last use."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def access(self, key: str, size_bytes: int) -> bool:
        if key in self._sizes:
            self._sizes.move_to_end(key)
            return True
        while self.used_bytes + size_bytes > self._capacity_bytes:
            self.used_bytes -= self._sizes.popitem(last=False)[1]
        self._sizes[key] = size_bytes
        self.used_bytes += size_bytes
        return False
