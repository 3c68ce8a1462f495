"""Whether one more picture may wait to be made: by number, by the memory sources take, and by how long it would wait.

Whoever would not be begun in time is told so at once, when it can still go elsewhere,
and not after having waited. What waits is weighed and not only counted: twenty
large AVIFs are work for many seconds, twenty thumbnails are next to none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

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
        making_s: In how many seconds each that is being made should be done.
        waiting_s: How long all that wait will take, one after the other.
        source_bytes: What the sources of those inside take, and that of the one more.
    """

    workers: int
    inside: int
    making_s: tuple[float, ...] = ()
    waiting_s: float = 0.0
    source_bytes: int = 0

    @property
    def wait_s(self) -> float:
        """How long one more would wait to be begun.

        >>> Crowd(workers=2, inside=1, making_s=(9.0,)).wait_s
        0.0
        >>> Crowd(workers=2, inside=12, making_s=(9.0, 0.5), waiting_s=1.0).wait_s
        1.5
        >>> Crowd(workers=2, inside=12, making_s=(9.0, 0.5), waiting_s=20.0).wait_s
        14.75
        """
        idle = max(0, self.workers - len(self.making_s))
        return _filled((0.0,) * idle + self.making_s, self.waiting_s)


def objection(crowd: Crowd, bounds: Bounds) -> str:
    """Why one more picture must not come in; empty if it may.

    >>> objection(Crowd(workers=2, inside=6), Bounds(pictures=4, wait_s=10))
    '6 pictures are being made or waiting'
    >>> objection(Crowd(workers=2, inside=4, making_s=(8.0, 8.0)), Bounds(pictures=4, wait_s=10))
    'it would hardly be begun within 10 s'
    """
    if crowd.inside >= crowd.workers + bounds.pictures:
        return f"{crowd.inside} pictures are being made or waiting"
    if crowd.wait_s > bounds.wait_s * _SURE:
        return f"it would hardly be begun within {bounds.wait_s:g} s"
    if crowd.inside and crowd.source_bytes > bounds.source_bytes:
        return f"the sources of {crowd.inside} others and its own take {crowd.source_bytes} bytes"
    return ""


def _filled(free_s: Sequence[float], work_s: float) -> float:
    """When *work_s* is done if it is shared out, as if it could be poured, among those who have time from *free_s* on.

    Real pictures cannot be cut in two, so one more is begun earlier than that by at most what the longest takes.
    """
    # Of the one, two, three ... who have time first; more than take part in it would only seem to end later.
    together = enumerate(accumulate(sorted(free_s)), 1)
    return min((busy_s + work_s) / able for able, busy_s in together)
