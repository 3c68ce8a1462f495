"""What every tier offers."""

from typing import Protocol

from cachetiers.entry import Entry
from cachetiers.stats import TierStats


class Unreachable(Exception):
    """A server of a shared tier gave no answer that could be used.

    Args:
        message: Which server, and why.
        tried: Whether it was asked at all.
    """

    def __init__(self, message: str, tried: bool) -> None:
        super().__init__(message)
        self.tried = tried


class Tier(Protocol):
    """Somewhere entries are kept for a while. It may forget any of them at any time, and never raises."""

    name: str
    """A word for headers and counters."""
    stats: TierStats

    def get(self, key: str) -> Entry | None:
        """The entry under *key* if there is one that is not dead."""
        ...

    def put(self, key: str, entry: Entry) -> bool:
        """Keep *entry* under *key*; whether it was kept."""
        ...

    def delete(self, key: str) -> None:
        """Forget what is under *key*, if anything."""
        ...


class NearTier(Tier, Protocol):
    """A tier that can be looked into at no cost."""

    def peek(self, key: str) -> Entry | None:
        """The entry under *key*, whatever its state, without counting it as asked for."""
        ...
