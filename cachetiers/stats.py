"""Counters of one tier. They add up: gets are hits plus misses."""

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
