"""What a tier keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """Some bytes, what is known about them, and until when they are good.

    Args:
        value: The bytes.
        created_s: Unix time at which they were made, in seconds.
        ttl_s: How long they are fresh from then on.
        facts: Short texts that travel with the bytes.
    """

    value: bytes
    created_s: float
    ttl_s: float
    facts: Mapping[str, str] = field(default_factory=dict)

    def age_s(self, now_s: float) -> float:
        """Seconds since it was made; never negative, whatever the clock did."""
        return max(0.0, now_s - self.created_s)

    def is_fresh(self, now_s: float) -> bool:
        """Whether it may be answered without asking anybody."""
        return self.age_s(now_s) < self.ttl_s
