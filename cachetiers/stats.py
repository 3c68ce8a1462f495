"""Counters of one tier. They add up: gets are hits plus misses."""

from dataclasses import dataclass


@dataclass(slots=True)
class TierStats:
    """How often what happened, since the process started."""

    hits: int = 0
    misses: int = 0
    stored: int = 0
    evicted: int = 0
    expired: int = 0
    too_large: int = 0

    @property
    def gets(self) -> int:
        """How often the tier was asked."""
        return self.hits + self.misses
