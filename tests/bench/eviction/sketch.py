"""How often keys were asked for, roughly, kept or not: TinyLFU's sketch (Einziger et al., arXiv 1512.00727)."""

_MOST = 15
_SEEDS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93)
_SAMPLES_PER_ENTRY = 10


class Sketch:
    """A count-min sketch of four rows that halves all counts after ten samples for each of its *entries*."""

    def __init__(self, entries: int) -> None:
        width = 1 << max(9, entries.bit_length())
        self._mask = width - 1
        self._rows = [bytearray(width) for _ in _SEEDS]
        self._limit = _SAMPLES_PER_ENTRY * entries
        self._samples = 0

    def __getitem__(self, key: str) -> int:
        return min(row[place] for row, place in zip(self._rows, self._places(key), strict=True))

    def add(self, key: str) -> None:
        """Count one; only the least of the four counters, as they are all too high if anything."""
        places = self._places(key)
        least = min(row[place] for row, place in zip(self._rows, places, strict=True))
        if least < _MOST:
            for row, place in zip(self._rows, places, strict=True):
                if row[place] == least:
                    row[place] += 1
        self._samples += 1
        if self._samples >= self._limit:
            self._samples //= 2
            self._rows = [bytearray(count >> 1 for count in row) for row in self._rows]

    def _places(self, key: str) -> list[int]:
        name = hash(key)
        return [(name * seed & 0xFFFF_FFFF_FFFF_FFFF) >> 40 & self._mask for seed in _SEEDS]
