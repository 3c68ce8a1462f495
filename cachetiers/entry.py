"""What a tier keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_SKEW_S = 60.0
"""How far the clocks of a fleet may be apart without a host being taken for one from the future."""


class Freshness(StrEnum):
    """What an entry is still good for."""

    FRESH = "fresh"
    """To be answered without asking anybody."""
    STALE = "stale"
    """To be answered at once, while it is made anew (stale-while-revalidate, RFC 5861)."""
    STANDBY = "standby"
    """To be answered only if making it anew fails (stale-if-error, RFC 5861)."""
    DEAD = "dead"
    """Nothing."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Entry:
    """Some bytes, what is known about them, and until when they are good for what.

    Args:
        value: The bytes.
        created_s: Unix time at which they were made, or last found unchanged, in seconds.
        ttl_s: How long they are fresh from then on.
        facts: Short texts that travel with the bytes.
        stale_s: How much longer they may be answered while they are made anew.
        error_s: How much longer than fresh they may be answered when making them anew fails.
        negative: Whether they stand for the fact that there is nothing.
    """

    value: bytes
    created_s: float
    ttl_s: float
    facts: Mapping[str, str] = field(default_factory=dict)
    stale_s: float = 0.0
    error_s: float = 0.0
    negative: bool = False

    @property
    def life_s(self) -> float:
        """Seconds from `created_s` after which it is good for nothing."""
        return self.ttl_s + max(self.stale_s, self.error_s)

    def age_s(self, now_s: float) -> float:
        """Seconds since it was made, or until then, if it bears a date still to come."""
        return abs(now_s - self.created_s)

    def supersedes(self, other: "Entry", now_s: float) -> bool:
        """Whether it is the newer one of the two; what bears a date still to come is the oldest there is.

        >>> [Entry(b"", made, 10).supersedes(Entry(b"", 100, 10), now_s=200) for made in (99, 100, 101, 900)]
        [False, False, True, False]
        """
        own_s, other_s = (made if made <= now_s + _SKEW_S else 0.0 for made in (self.created_s, other.created_s))
        return own_s > other_s

    def freshness(self, now_s: float) -> Freshness:
        """What it is good for at *now_s*.

        Counted in both directions: an entry from the future, left by a clock that
        has been set right since, would otherwise be fresh until that future comes.

        >>> [str(Entry(b"", 100, 10, {}, 20, 30).freshness(now)) for now in (109, 129, 139, 140, 60)]
        ['fresh', 'stale', 'standby', 'dead', 'dead']
        """
        age_s = self.age_s(now_s)
        if age_s < self.ttl_s:
            return Freshness.FRESH
        if age_s < self.ttl_s + self.stale_s:
            return Freshness.STALE
        return Freshness.STANDBY if age_s < self.life_s else Freshness.DEAD
