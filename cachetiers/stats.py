"""Counters that add up: gets are hits plus misses, of every tier and of all of them together."""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(slots=True)
class TierStats:
    """How often what happened, since the process started.

    Args:
        hits: Gets that found an entry that is not dead.
        misses: Gets that did not, for whatever reason; the reasons below are among them.
        stored: Puts that were kept.
        evicted: Entries forgotten for others.
        expired: Entries found dead.
        too_large: Puts above what one entry may take.
        errors: Operations that failed: timeouts, lost connections, refusals.
        skipped: Operations not tried because the tier is known to be down or busy.
        corrupt: Entries found whose bytes were not what had been put.
        bytes_read: Bytes of values that hits returned.
        bytes_stored: Bytes of values that puts kept.
    """

    hits: int = 0
    misses: int = 0
    stored: int = 0
    evicted: int = 0
    expired: int = 0
    too_large: int = 0
    errors: int = 0
    skipped: int = 0
    corrupt: int = 0
    bytes_read: int = 0
    bytes_stored: int = 0

    @property
    def gets(self) -> int:
        """How often the tier was asked."""
        return self.hits + self.misses


class ReadStats:
    """How often what happened to those who read through tiers, since the process started.

    Every lookup ends as exactly one of ``hit.TIER``, ``stale.TIER``,
    ``negative.TIER`` and ``misses``. Those who made something, or waited for it, are
    told apart as ``miss``, ``replaced``, ``renewed``, ``coalesced``, ``standby`` and ``failed``; ``refresh``
    counts those that were started beside an answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def looked_up(self, outcome: str | None, tier: str) -> None:
        """Count one lookup; None found nothing."""
        self.count("misses" if outcome is None else f"{outcome}.{tier}")

    def count(self, what: str) -> None:
        """Count something else."""
        with self._lock:
            self._counts[what] += 1

    def __getitem__(self, what: str) -> int:
        return self._counts[what]

    @property
    def hits(self) -> int:
        """How many lookups found something to answer."""
        return self.snapshot()["hits"]

    @property
    def gets(self) -> int:
        """How many lookups there were."""
        return self.snapshot()["gets"]

    def snapshot(self) -> dict[str, int]:
        """All counters of one moment, and what they come to: ``gets``, ``hits`` and ``misses``."""
        with self._lock:
            counts = dict(self._counts)
        hits, misses = sum(number for what, number in counts.items() if "." in what), counts.get("misses", 0)
        return {**counts, "gets": hits + misses, "hits": hits, "misses": misses}
