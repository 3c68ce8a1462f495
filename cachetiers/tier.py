"""What every tier offers."""

from typing import Protocol

from cachetiers.entry import Entry


class Tier(Protocol):
    """Somewhere entries are kept for a while. It may forget any of them at any time."""

    def get(self, key: str) -> Entry | None:
        """The fresh entry under *key*, or None."""
        ...

    def put(self, key: str, entry: Entry) -> bool:
        """Keep *entry* under *key*; whether it was kept."""
        ...

    def delete(self, key: str) -> None:
        """Forget what is under *key*, if anything."""
        ...
