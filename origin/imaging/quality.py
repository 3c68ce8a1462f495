"""Looking for a quality: the cheapest that is good enough, or the best that fits.

Pure: the caller encodes. Both searches rely on one thing, that what is measured
rises with the quality, and narrow the qualities down between an attempt that is
below the goal and one that is above, guessing along the straight line between them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

MOST_TRIES = 5
_OVERSHOOT = 1.3
_FLATTEST = 4.0
"""How much flatter than told a curve is believed to be."""


@dataclass(frozen=True, slots=True)
class Span:
    """The qualities that may be tried, both ends included.

    >>> Span(10, 80).nearest(95)
    80
    """

    least: int
    most: int

    def nearest(self, quality: float) -> int:
        """*quality* as a whole number inside."""
        return min(self.most, max(self.least, round(quality)))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one quality.

    Args:
        quality: As it was given to the encoder.
        level: What is measured, rising with the quality, about linearly: a logarithm of bytes, say.
        body: The encoded picture.
    """

    quality: int
    level: float
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The attempt that was chosen, and how many there were."""

    attempt: Attempt
    tries: int


def best_within(
    attempt: Callable[[int], Attempt], goal: float, span: Span, start: int, *, slope: float, near: float
) -> Found:
    """The highest quality found whose level is *goal* at the most; if none is, the lowest one tried.

    Args:
        attempt: Encodes at a quality.
        goal: The level not to exceed.
        span: Qualities to choose from.
        start: Where to begin.
        slope: By how much the level rises with one step of quality, roughly; for the second guess.
        near: A level this little below the goal ends the search.
    """
    below, above = _narrowed(attempt, goal, span, start, slope=slope, done=lambda level: 0 <= goal - level < near)
    return Found((below or above)[-1], len(below) + len(above))


def cheapest_reaching(
    attempt: Callable[[int], Attempt], goal: float, span: Span, start: int, *, slope: float, near: float
) -> Found:
    """The lowest quality found whose level is above *goal*; if none is, the highest one tried.

    The arguments are those of `best_within`; *near* is how little above the goal ends the search.
    """
    below, above = _narrowed(attempt, goal, span, start, slope=slope, done=lambda level: 0 < level - goal < near)
    return Found((above or below)[-1], len(below) + len(above))


def _narrowed(
    attempt: Callable[[int], Attempt],
    goal: float,
    span: Span,
    start: int,
    *,
    slope: float,
    done: Callable[[float], bool],
) -> tuple[list[Attempt], list[Attempt]]:
    """Attempts at or below *goal*, rising, and those above it, falling: together no more than `MOST_TRIES`."""
    below: list[Attempt] = []
    above: list[Attempt] = []
    left, quality = span, span.nearest(start)
    while True:
        tried = attempt(quality)
        (below if tried.level <= goal else above).append(tried)
        left = Span(quality + 1, left.most) if tried.level <= goal else Span(left.least, quality - 1)
        tries = len(below) + len(above)
        if left.least > left.most or tries == MOST_TRIES or done(tried.level):
            return below, above
        if below and above:
            quality = left.nearest(_between(below[-1], above[-1], goal))
        elif tries == MOST_TRIES - 1:
            # With one side still open, only the end can settle whether there is a quality that will do.
            quality = left.most if below else left.least
        else:
            quality = left.nearest(_beyond(below or above, goal, slope))


def _between(below: Attempt, above: Attempt, goal: float) -> float:
    rise = (above.level - below.level) / (above.quality - below.quality)
    return below.quality + (goal - below.level) / rise


def _beyond(tried: list[Attempt], goal: float, slope: float) -> float:
    """Where the goal is expected, and a little further: having it between two attempts is worth more than coming near."""
    if len(tried) > 1:
        rise = (tried[-1].level - tried[-2].level) / (tried[-1].quality - tried[-2].quality)
        slope = max(rise, slope / _FLATTEST)
    return tried[-1].quality + _OVERSHOOT * (goal - tried[-1].level) / slope
