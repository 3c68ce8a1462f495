"""W-TinyLFU with sizes (Einziger et al., arXiv 2105.08770): a candidate must be worth all it would displace.

Candidates are those who leave the window, an LRU of a hundredth; the main part is a segmented LRU, four fifths of it
protected.
"""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from tests.bench.eviction.sketch import Sketch

_WINDOW_SHARE = 0.01
_PROTECTED_SHARE = 0.8
_USUAL_BYTES = 15_000


class Weight(NamedTuple):
    """How often some keys were asked for, and how many bytes they take."""

    uses: int
    bytes: int


class Segment:
    """Keys in order, and their bytes."""

    def __init__(self) -> None:
        self.sizes: OrderedDict[str, int] = OrderedDict()
        self.bytes = 0

    def add(self, key: str, size_bytes: int) -> None:
        self.sizes[key] = size_bytes
        self.bytes += size_bytes

    def remove(self, key: str) -> int:
        size_bytes = self.sizes.pop(key)
        self.bytes -= size_bytes
        return size_bytes

    def pop_oldest(self) -> tuple[str, int]:
        key, size_bytes = self.sizes.popitem(last=False)
        self.bytes -= size_bytes
        return key, size_bytes


class WTinyLfu:
    """Aggregated victims: a candidate enters if it was asked for more often than all of its victims together."""

    def __init__(self, capacity_bytes: int) -> None:
        self._window_bytes = int(capacity_bytes * _WINDOW_SHARE)
        self._main_bytes = capacity_bytes - self._window_bytes
        self._window, self._probation, self._protected = Segment(), Segment(), Segment()
        self._sketch = Sketch(capacity_bytes // _USUAL_BYTES)

    @property
    def used_bytes(self) -> int:
        return self._window.bytes + self._probation.bytes + self._protected.bytes

    def __len__(self) -> int:
        return len(self._window.sizes) + len(self._probation.sizes) + len(self._protected.sizes)

    def access(self, key: str, size_bytes: int) -> bool:
        self._sketch.add(key)
        if self._touch(key):
            return True
        if size_bytes > self._window_bytes:
            self._offer(key, size_bytes)
            return False
        self._window.add(key, size_bytes)
        while self._window.bytes > self._window_bytes:
            self._offer(*self._window.pop_oldest())
        return False

    def _touch(self, key: str) -> bool:
        for segment in (self._window, self._protected):
            if key in segment.sizes:
                segment.sizes.move_to_end(key)
                return True
        if key not in self._probation.sizes:
            return False
        self._protected.add(key, self._probation.remove(key))
        while self._protected.bytes > _PROTECTED_SHARE * self._main_bytes:
            self._probation.add(*self._protected.pop_oldest())
        return True

    def _offer(self, key: str, size_bytes: int) -> None:
        needed = self._probation.bytes + self._protected.bytes + size_bytes - self._main_bytes
        victims = self._victims(key, size_bytes, needed)
        if victims is None:
            return
        for victim in victims:
            self._segment(victim).remove(victim)
        self._probation.add(key, size_bytes)

    def _victims(self, key: str, size_bytes: int, needed: int) -> list[str] | None:
        """Whom *key* displaces; None if it is not worth them, who then count as used, so that others are tried next."""
        offered = Weight(self._sketch[key], size_bytes)
        together, victims = Weight(0, 0), []
        for victim, victim_bytes in self._oldest_first():
            if together.bytes >= needed:
                break
            victims.append(victim)
            together = Weight(together.uses + self._sketch[victim], together.bytes + victim_bytes)
            if self._are_spared(together, offered, needed):
                for spared in victims:
                    self._segment(spared).sizes.move_to_end(spared)
                return None
        return victims

    def _are_spared(self, victims: Weight, offered: Weight, needed: int) -> bool:
        return victims.uses >= offered.uses

    def _oldest_first(self) -> Iterator[tuple[str, int]]:
        return chain(self._probation.sizes.items(), self._protected.sizes.items())

    def _segment(self, key: str) -> Segment:
        return self._probation if key in self._probation.sizes else self._protected


class DensityTinyLfu(WTinyLfu):
    """The same, but what is compared are uses per byte, as GDSF does."""

    def _are_spared(self, victims: Weight, offered: Weight, needed: int) -> bool:
        return victims.bytes >= needed and victims.uses * offered.bytes >= offered.uses * victims.bytes
