"""The bytes of sources that are on their way into this process: so many and no more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from origin.errors import Overloaded


@dataclass(slots=True)
class Freight:
    """A budget that all fetches share. It counts what has come, not what was announced: who announces much and sends
    little takes no room from others.

    Args:
        limit_bytes: What may be on its way. One fetch alone may take more.
    """

    limit_bytes: int = 128 * 1024 * 1024
    held_bytes: int = 0

    @contextmanager
    def carrying(self) -> Iterator[Callable[[int], None]]:
        """Call what this gives with the length of every part of a body; after the block they no longer count.

        Raises:
            Overloaded: By the call: there is no room for it beside what others have.
        """
        ours_bytes = 0

        def carry(part_bytes: int) -> None:
            nonlocal ours_bytes
            if self.held_bytes > ours_bytes and self.held_bytes + part_bytes > self.limit_bytes:
                raise Overloaded(f"{self.held_bytes} bytes of sources are on their way already")
            ours_bytes += part_bytes
            self.held_bytes += part_bytes

        try:
            yield carry
        finally:
            self.held_bytes -= ours_bytes
