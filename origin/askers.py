"""Who waits for what is being made, so that what nobody waits for any more need not be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Askers:
    """Remembers by key who waits, and how to find out whether they still do."""

    def __init__(self) -> None:
        self._askers: dict[str, list[Callable[[], bool]]] = {}

    @contextmanager
    def one_more(self, key: str, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """Somebody waits for what is under *key*, in this block and as long as *is_wanted* says so."""
        askers = self._askers.setdefault(key, [])
        askers.append(is_wanted)
        try:
            yield
        finally:
            askers.remove(is_wanted)
            if not askers:
                del self._askers[key]

    def remain(self, key: str) -> bool:
        """Whether anybody still waits for what is under *key*."""
        return any(is_wanted() for is_wanted in tuple(self._askers.get(key, ())))
