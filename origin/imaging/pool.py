"""What the house asks of whoever makes pixels: `children` or `native`. Neither is known here, nor is libvips."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from origin.imaging.inspect import SourceFormat
from origin.imaging.job import Job, Rendered
from origin.recipe import OutputFormat

NICE: Final = 10
"""Whoever makes pixels gives way to whoever answers hits. Idle priority would starve beside a busy neighbour."""

IsWanted = Callable[[], bool]
"""Whether somebody still waits for a picture. Asked in any thread, and often."""


def always() -> bool:
    """Somebody waits for it whatever happens: an `IsWanted`."""
    return True


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a build of libvips can do, as those who run it found out.

    Args:
        reads: Formats it decodes.
        writes: Formats it encodes.
        encoder_version: What decides the bytes besides the recipe and the source; enters every cache key.
    """

    reads: frozenset[SourceFormat]
    writes: frozenset[OutputFormat]
    encoder_version: str


class Pixels(Protocol):
    """Something that makes variants without holding up the event loop."""

    def transform(self, body: bytes, job: Job, is_wanted: IsWanted = always) -> Rendered:
        """As `origin.imaging.pipeline.transform`; raises Overloaded when too much waits already, or waited too long,
        and Forsaken when nobody wants it any more before it is begun."""
        ...

    def check_room(self) -> None:
        """Raise Overloaded when too much waits already, so that nobody fetches a source in vain."""
        ...


class Workshop(Pixels, Protocol):
    """The same, as whoever puts the service together sees it."""

    @property
    def abilities(self) -> Abilities:
        """What can be asked of it."""
        ...

    def trouble(self) -> str:
        """Why no picture should be asked of it now; empty if one may be."""
        ...
