"""Whether one more picture may wait to be made: by number, by the memory sources take, and by how long it would wait.

Whoever would not be begun in time is told so at once, when it can still go elsewhere,
and not after having waited.
"""

from dataclasses import dataclass
from typing import Final

_WEIGHT: Final = 1 / 16
"""Of the last picture in the mean: a few dozen pictures make it that of what is asked for now."""

_SURE: Final = 0.75
"""Of the time one may wait, what one may be expected to: whoever is let in on a guess that fails has waited in vain."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may wait to be made.

    Args:
        pictures: How many.
        wait_s: How long each.
        source_bytes: What the sources of all that are waiting or being made may take. One alone may take more.
    """

    pictures: int
    wait_s: float
    source_bytes: int = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is waiting and being served.

    Args:
        workers: How many pictures are made at once.
        inside: Pictures that are being made or waiting.
        source_bytes: What their sources take, and that of the one more.
        each_s: How long one takes, lately; 0.0 if that is not known.
    """

    workers: int
    inside: int
    source_bytes: int = 0
    each_s: float = 0.0

    @property
    def wait_s(self) -> float:
        """How long one more would wait to be begun.

        >>> Crowd(workers=2, inside=1, each_s=0.5).wait_s, Crowd(workers=2, inside=9, each_s=0.5).wait_s
        (0.0, 2.0)
        """
        return max(0, self.inside + 1 - self.workers) * self.each_s / self.workers


def objection(crowd: Crowd, bounds: Bounds) -> str:
    """Why one more picture must not come in; empty if it may.

    >>> objection(Crowd(workers=2, inside=6), Bounds(pictures=4, wait_s=10))
    '6 pictures are being made or waiting'
    >>> objection(Crowd(workers=2, inside=4, each_s=8.0), Bounds(pictures=4, wait_s=10))
    'it would hardly be begun within 10 s'
    """
    if crowd.inside >= crowd.workers + bounds.pictures:
        return f"{crowd.inside} pictures are being made or waiting"
    if crowd.wait_s > bounds.wait_s * _SURE:
        return f"it would hardly be begun within {bounds.wait_s:g} s"
    if crowd.inside and crowd.source_bytes > bounds.source_bytes:
        return f"the sources of {crowd.inside} others and its own take {crowd.source_bytes} bytes"
    return ""


def mean_s(before_s: float, taken_s: float) -> float:
    """How long a picture takes, after one has taken *taken_s*.

    >>> mean_s(0.0, 0.5), mean_s(0.5, 0.5)
    (0.5, 0.5)
    """
    return taken_s if before_s == 0.0 else before_s + (taken_s - before_s) * _WEIGHT
