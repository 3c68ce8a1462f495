"""Looking for a quality: the cheapest that is good enough, or the best that fits.

Pure: the caller encodes. Both searches rely on one thing, that what is measured
rises with the quality, and narrow the qualities down between an attempt that is
below the goal and one that is above, guessing along the straight line between them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

MOST_TRIES = 5
MOST_TRIES_FOR_BYTES = 8
"""A picture that was compressed before has bytes that hardly move over half the scale and then fall off."""
_OVERSHOOT = 1.4
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
    window = (goal - near, goal)
    below, above = _narrowed(attempt, goal, span, start, slope=slope, window=window, most=MOST_TRIES_FOR_BYTES)
    return Found((below or above)[-1], len(below) + len(above))


def cheapest_reaching(
    attempt: Callable[[int], Attempt], goal: float, span: Span, start: int, *, slope: float, near: float
) -> Found:
    """The lowest quality found whose level is above *goal*; if none is, the highest one tried.

    The arguments are those of `best_within`; *near* is how little above the goal ends the search.
    """
    below, above = _narrowed(attempt, goal, span, start, slope=slope, window=(goal, goal + near))
    return Found((above or below)[-1], len(below) + len(above))


def _narrowed(
    attempt: Callable[[int], Attempt],
    goal: float,
    span: Span,
    start: int,
    *,
    slope: float,
    window: tuple[float, float],
    most: int = MOST_TRIES,
) -> tuple[list[Attempt], list[Attempt]]:
    """Attempts at or below *goal*, rising, and those above it, falling: together no more than *most*.

    One whose level is inside the *window* ends the search.
    """
    below: list[Attempt] = []
    above: list[Attempt] = []
    left, quality = span, span.nearest(start)
    while True:
        tried = attempt(quality)
        side, other = (below, above) if tried.level <= goal else (above, below)
        side.append(tried)
        left = Span(quality + 1, left.most) if side is below else Span(left.least, quality - 1)
        tries = len(below) + len(above)
        if left.least > left.most or tries == most or window[0] < tried.level < window[1]:
            return below, above
        if other:
            quality = left.nearest(_between(side, other, sum(window) / 2))
        elif tries == most - 2:
            # With one side still open, only the end can settle whether there is a quality that will do.
            quality = left.most if side is below else left.least
        else:
            quality = left.nearest(_beyond(side, goal, slope))


def _between(side: list[Attempt], other: list[Attempt], aim: float) -> float:
    """Where a straight line between the last attempts of both sides meets *aim*; *side* had the last one.

    When a bent curve lands on one side twice, the far end counts for half (the Illinois
    rule), else it might never move.
    """
    near, far = side[-1], other[-1]
    off = aim - near.level
    rise = far.level - aim
    if len(side) > 1:
        rise /= 2
    return near.quality + (far.quality - near.quality) * off / (off + rise) if off + rise else near.quality


def _beyond(side: list[Attempt], goal: float, slope: float) -> float:
    """Where the goal is expected, and somewhat further: to have it between two attempts is worth more than nearness."""
    if len(side) > 1:
        rise = (side[-1].level - side[-2].level) / (side[-1].quality - side[-2].quality)
        slope = max(rise, slope / _FLATTEST)
    return side[-1].quality + _OVERSHOOT * (goal - side[-1].level) / slope
