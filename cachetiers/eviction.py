"""Who has to go when the memory tier is full: whoever is worth least for the bytes it takes.

This is GreedyDual-Size-Frequency (Cherkasova 1998) without its heap. Uses per
byte are rounded to powers of two, one queue for each, as in CAMP (Ghandeharizadeh
et al., Middleware 2014), so that the least of all stands at the head of one of a
few queues. A hit only counts; it is acted upon when an entry comes to the head, as
in SIEVE and S3-FIFO. Figures, and what lost against it, are in `docs/caching.md`.
"""

from collections import OrderedDict
from dataclasses import dataclass
from operator import attrgetter

from cachetiers.entry import Entry
from cachetiers.remembered import MOST_USES, Remembered

_UNIT = 2**48
"""The credit of one use of one byte. Large enough that a terabyte still has some."""

_SECOND_CHANCES = 64
"""How many heads may be queued again before one goes all the same: otherwise one put would walk through all of the tier
after an hour in which everything was asked for."""

_REMEMBERED_PER_BYTES = 8192
"""One forgotten key is remembered for so many bytes of capacity: some more than there are entries, for 0.1 % of it."""


@dataclass(slots=True, eq=False)
class Kept:
    """An entry and its place in the order of leaving.

    Args:
        key: Its name.
        entry: What is kept.
        size_bytes: What it takes, overhead included.
        dead_s: Unix time from which it is good for nothing.
        hits: How often it was asked for since it was queued. Whoever finds it adds one; that is all a hit costs.
        uses: How often before that, as far as it counts.
        lane: Which queue it stands in: the power of two of its bytes per use.
        due: The level at which its time has come.
    """

    key: str
    entry: Entry
    size_bytes: int
    dead_s: float
    hits: int = 0
    uses: int = 0
    lane: int = 0
    due: int = 0


_DUE = attrgetter("due")


class Eviction:
    """The order in which entries leave.

    An entry is due at the level of its queueing plus its credit, which is its uses
    per byte; the level is the due of whoever left last. So popular and small ones
    stay longer, and nobody stays for what he was: the level rises past everyone who
    is no longer asked for.

    Within a lane all credits are equal and so the oldest is due first. Hence every
    operation is O(1): one looks at the heads of the lanes, about a dozen and at
    most as many as a size has bits, and queues a limited number of them again. That
    is paid for by hits, as nobody is queued again without one.

    Args:
        capacity_bytes: Size of the tier, for how many of those gone are remembered.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._lanes: dict[int, OrderedDict[str, Kept]] = {}
        self._remembered = Remembered(capacity_bytes // _REMEMBERED_PER_BYTES)
        self._level = 0

    def add(self, kept: Kept) -> None:
        """Queue *kept*, with the uses that are remembered of its key."""
        kept.uses = min(MOST_USES, self._remembered[kept.key] + 1)
        self._queue(kept)

    def remove(self, kept: Kept) -> None:
        """Take *kept* out; its uses are remembered for when it comes back, renewed or made again."""
        self._unqueue(kept)
        self._remembered[kept.key] = kept.uses + kept.hits

    def pop(self, now_s: float) -> Kept:
        """Take out whoever has to go next: one that is dead if it is seen, or else the least worth."""
        chances = _SECOND_CHANCES
        while (kept := self._next(now_s)).hits and kept.dead_s > now_s and chances:
            chances -= 1
            self._queue_again(kept)
        self.remove(kept)
        return kept

    def _next(self, now_s: float) -> Kept:
        heads = [next(iter(lane.values())) for lane in self._lanes.values()]
        for head in heads:
            if head.dead_s <= now_s:
                return head
        earliest = min(heads, key=_DUE)
        self._level = earliest.due
        return earliest

    def _queue(self, kept: Kept) -> None:
        kept.lane = kept.size_bytes.bit_length() - kept.uses.bit_length()
        kept.due = self._level + (_UNIT >> kept.lane)
        self._lanes.setdefault(kept.lane, OrderedDict())[kept.key] = kept

    def _queue_again(self, kept: Kept) -> None:
        self._unqueue(kept)
        kept.uses = min(MOST_USES, kept.uses + kept.hits)
        kept.hits = 0
        self._queue(kept)

    def _unqueue(self, kept: Kept) -> None:
        lane = self._lanes[kept.lane]
        del lane[kept.key]
        if not lane:
            del self._lanes[kept.lane]
