"""S3-FIFO (Yang et al., SOSP 2023): a small queue on trial, a main one, and the keys of those who failed."""

from collections import OrderedDict

_SMALL_SHARE = 0.1
_MOST_HITS = 3


class S3Fifo:
    """All three queues are bounded in bytes: a tenth, the rest, and as much as the rest for keys alone."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._small: OrderedDict[str, int] = OrderedDict()
        self._main: OrderedDict[str, int] = OrderedDict()
        self._ghosts: OrderedDict[str, int] = OrderedDict()
        self._hits: dict[str, int] = {}
        self._small_bytes = 0
        self._ghost_bytes = 0
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._hits)

    def access(self, key: str, size_bytes: int) -> bool:
        if key in self._hits:
            self._hits[key] = min(_MOST_HITS, self._hits[key] + 1)
            return True
        while self.used_bytes + size_bytes > self._capacity_bytes:
            self._evict()
        if key in self._ghosts:
            self._ghost_bytes -= self._ghosts.pop(key)
            self._main[key] = size_bytes
        else:
            self._small[key] = size_bytes
            self._small_bytes += size_bytes
        self._hits[key] = 0
        self.used_bytes += size_bytes
        return False

    def _evict(self) -> None:
        small_is_full = self._small_bytes >= _SMALL_SHARE * self._capacity_bytes
        if self._small and (small_is_full or not self._main):
            self._try_small()
        else:
            self._try_main()

    def _try_small(self) -> None:
        key, size_bytes = self._small.popitem(last=False)
        self._small_bytes -= size_bytes
        if self._hits[key] > 1:
            self._hits[key] = 0
            self._main[key] = size_bytes
            return
        self._drop(key, size_bytes)
        self._ghosts[key] = size_bytes
        self._ghost_bytes += size_bytes
        while self._ghost_bytes > (1 - _SMALL_SHARE) * self._capacity_bytes:
            self._ghost_bytes -= self._ghosts.popitem(last=False)[1]

    def _try_main(self) -> None:
        key, size_bytes = self._main.popitem(last=False)
        if self._hits[key]:
            self._hits[key] -= 1
            self._main[key] = size_bytes
        else:
            self._drop(key, size_bytes)

    def _drop(self, key: str, size_bytes: int) -> None:
        del self._hits[key]
        self.used_bytes -= size_bytes
