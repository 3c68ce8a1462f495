"""SIEVE (Zhang et al., NSDI 2024): a queue in which a hand walks from old to new and spares the visited, once."""

from dataclasses import dataclass
from typing import Self


@dataclass(slots=True, eq=False)
class _Node:
    key: str
    size_bytes: int
    older: Self | None
    newer: Self | None = None
    visited: bool = False


class Sieve:
    """Hits only set a bit; newcomers enter at the head, survivors stay where they are."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._nodes: dict[str, _Node] = {}
        self._newest: _Node | None = None
        self._oldest: _Node | None = None
        self._hand: _Node | None = None
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def access(self, key: str, size_bytes: int) -> bool:
        found = self._nodes.get(key)
        if found is not None:
            found.visited = True
            return True
        while self.used_bytes + size_bytes > self._capacity_bytes:
            self._evict()
        node = self._nodes[key] = _Node(key, size_bytes, older=self._newest)
        if self._newest is not None:
            self._newest.newer = node
        self._newest = node
        self._oldest = self._oldest or node
        self.used_bytes += size_bytes
        return False

    def _evict(self) -> None:
        node = self._hand or self._oldest
        while node is not None and node.visited:
            node.visited = False
            node = node.newer or self._oldest
        assert node is not None, "nothing is kept, and yet there is no room"
        self._hand = node.newer
        self._unlink(node)
        del self._nodes[node.key]
        self.used_bytes -= node.size_bytes

    def _unlink(self, node: _Node) -> None:
        if node.newer is None:
            self._newest = node.older
        else:
            node.newer.older = node.older
        if node.older is None:
            self._oldest = node.newer
        else:
            node.older.newer = node.newer
