"""GreedyDual-Size-Frequency (Cherkasova 1998) with an exact heap: the ideal that lanes come close to, in O(log n)."""

from dataclasses import dataclass
from heapq import heappop, heappush


@dataclass(slots=True, eq=False)
class _Item:
    size_bytes: int
    uses: int = 1
    turn: int = 0


class Gdsf:
    """Every hit puts the item into the heap again; older places in it no longer count."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._items: dict[str, _Item] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._level = 0.0
        self._turn = 0
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def access(self, key: str, size_bytes: int) -> bool:
        found = self._items.get(key)
        if found is not None:
            found.uses += 1
            self._push(key, found)
            return True
        while self.used_bytes + size_bytes > self._capacity_bytes:
            self._pop()
        item = self._items[key] = _Item(size_bytes)
        self.used_bytes += size_bytes
        self._push(key, item)
        return False

    def _push(self, key: str, item: _Item) -> None:
        self._turn += 1
        item.turn = self._turn
        heappush(self._heap, (self._level + item.uses / item.size_bytes, self._turn, key))

    def _pop(self) -> None:
        due, turn, key = heappop(self._heap)
        item = self._items.get(key)
        if item is not None and item.turn == turn:
            self._level = due
            self.used_bytes -= item.size_bytes
            del self._items[key]
