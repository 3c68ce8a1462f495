"""Source images in memory, so that several variants of one picture cost one fetch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cachetiers.entry import Entry, Freshness
from cachetiers.memory import MemoryTier
from origin.sources.held import SourceImage, Validators

ASKABLE_S: Final = 86_400.0
"""How long after being fresh an image is worth a question: if it is unchanged, its bytes need not travel again.
Space is bounded anyway; this only lets go of what nobody has asked for in a day."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An image in the tier, and whether it may be used without asking its source."""

    image: SourceImage
    fresh: bool


class SourceTier:
    """Keeps source images, fresh for a while and then for as long as their source can be asked about them.

    One that has no validators is forgotten when it is no longer fresh.

    Args:
        capacity_bytes: As for `MemoryTier`; 0 keeps nothing.
        fresh_s: How long an image may be used without asking its source.
        clock: Unix time in seconds.
    """

    def __init__(self, capacity_bytes: int, fresh_s: float, clock: Callable[[], float] = time.time) -> None:
        self.memory = MemoryTier(capacity_bytes, clock)
        """Where they are; for its counters."""
        self._fresh_s = fresh_s
        self._clock = clock

    def get(self, key: str) -> Kept | None:
        """What is kept under *key*."""
        entry = self.memory.get(key)
        if entry is None:
            return None
        image = SourceImage(entry.value, Validators.from_facts(entry.facts))
        return Kept(image, entry.freshness(self._clock()) is Freshness.FRESH)

    def put(self, key: str, image: SourceImage) -> None:
        """Keep *image*, which its source has just sent or called unchanged; unless it is too large."""
        askable_s = ASKABLE_S if image.validators else 0.0
        entry = Entry(image.body, self._clock(), self._fresh_s, image.validators.as_facts(), stale_s=askable_s)
        # Without a life it would still take the room of others.
        if entry.life_s:
            self.memory.put(key, entry)
