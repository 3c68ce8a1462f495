"""Look up, or make and keep: the whole of reading through a tier."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cachetiers.coalesce import Flights
from cachetiers.entry import Entry
from cachetiers.tier import Tier


class Outcome(StrEnum):
    """How an entry came about."""

    HIT = "hit"
    """It was kept and fresh."""
    MISS = "miss"
    """It was made for this very call."""
    COALESCED = "coalesced"
    """It was made for another call at the same time."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, how it came about, and whether it is now kept."""

    entry: Entry
    outcome: Outcome
    stored: bool


class ReadThrough:
    """Reads entries through *tier*, making each missing one once.

    Args:
        tier: Where entries are kept.
        wait_s: How long somebody waits for an entry that another is making.
    """

    def __init__(self, tier: Tier, wait_s: float) -> None:
        self._tier = tier
        self._flights: Flights[Found] = Flights(wait_s)

    def lookup(self, key: str) -> Found | None:
        """What is kept and fresh under *key*, or None; nothing is made."""
        entry = self._tier.get(key)
        return None if entry is None else Found(entry, Outcome.HIT, stored=True)

    def fill(self, key: str, make: Callable[[], Entry]) -> Found:
        """Make and keep the entry for *key*, or wait for whoever is making it already.

        Raises:
            FollowerTimeout: Somebody else was making it for too long.
            Exception: Whatever *make* raised.
        """
        found, followed = self._flights.run(key, lambda: self._make(key, make))
        return Found(found.entry, Outcome.COALESCED, found.stored) if followed else found

    def _make(self, key: str, make: Callable[[], Entry]) -> Found:
        entry = make()
        return Found(entry, Outcome.MISS, stored=self._tier.put(key, entry))
