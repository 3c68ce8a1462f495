"""What every tier offers."""

from typing import Protocol

from cachetiers.entry import Entry
from cachetiers.stats import TierStats


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
