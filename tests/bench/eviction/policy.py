"""What every simulated policy offers."""

from typing import Protocol


class Policy(Protocol):
    """A cache without values: keys and sizes go in, hits come out."""

    @property
    def used_bytes(self) -> int:
        """What is kept now; never above the capacity."""
        ...

    def __len__(self) -> int:
        """How many are kept now."""
        ...

    def access(self, key: str, size_bytes: int) -> bool:
        """Ask for *key*, and offer it if it is missing; whether it was there."""
        ...
