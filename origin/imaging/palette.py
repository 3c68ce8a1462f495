"""The colours of a picture: what it is on average, and the few that a person would name."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import pyvips

from origin.recipe import Colour

MOST = 6
"""Colours in a palette."""

_QUANTISED_BITS = 5
"""The quantiser keeps two to this power of colours: enough for a small accent to get one of its own."""

_ALIKE = 11.0
"""Two colours closer than this (CIEDE2000) are one to a person who names them."""

_LEAST_SHARE = 0.012
"""What covers less of what can be seen is an edge between two colours rather than a colour of its own."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A colour, and how much of what can be seen of the picture has it, 0 to 1."""

    colour: Colour
    share: float


def average(thumbnail: pyvips.Image) -> Colour | None:
    """The mean sRGB colour of *thumbnail*, each pixel as far as it can be seen; None when none can.

    Args:
        thumbnail: sRGB with alpha, 8 bit.
    """
    opacity = thumbnail[3]
    visible = opacity.avg()
    if not visible:
        return None
    red, green, blue = ((band * opacity).avg() / visible for band in thumbnail[0:3].bandsplit())
    return Colour(round(red), round(green), round(blue))


def palette(thumbnail: pyvips.Image) -> tuple[Shade, ...]:
    """Up to six clearly different colours of *thumbnail*, the largest first; none when nothing can be seen.

    Shares add up to 1. The same pixels give the same palette.

    Args:
        thumbnail: sRGB with alpha, 8 bit, at most 100 px or so: its pixels are counted one by one.
    """
    weights = _weights(thumbnail)
    visible = sum(weights.values())
    shades = [
        Shade(Colour(*rgb), weight / visible) for rgb, weight in weights.most_common(2**_QUANTISED_BITS) if weight
    ]
    return tuple(sorted(_merged(shades), key=lambda shade: (-shade.share, _rgb(shade.colour))))


def _weights(thumbnail: pyvips.Image) -> Counter[tuple[int, ...]]:
    """The quantiser's colours, each with the sum of the opacities, 0 to 255, of its pixels."""
    indexed = thumbnail[0:3].gifsave_buffer(bitdepth=_QUANTISED_BITS, dither=0, effort=4, keep="none")
    quantised = pyvips.Image.gifload_buffer(indexed)[0:3].bandjoin(thumbnail[3])
    samples = iter(bytes(quantised.write_to_memory()))
    weights: Counter[tuple[int, ...]] = Counter()
    for (*rgb, opacity), count in Counter(zip(samples, samples, samples, samples, strict=True)).items():
        weights[tuple(rgb)] += count * opacity
    return weights


def _merged(shades: list[Shade]) -> list[Shade]:
    """*shades* until all are clearly different and at most `MOST` are left; of two the larger keeps its colour."""
    kept = dict(enumerate(shades))
    distances = _distances(shades)
    while pair := _superfluous(kept, distances):
        smaller, larger = sorted(pair, key=lambda at: kept[at].share)
        kept[larger] = Shade(kept[larger].colour, kept[larger].share + kept.pop(smaller).share)
    return list(kept.values())


def _superfluous(kept: dict[int, Shade], distances: list[list[float]]) -> tuple[int, int] | None:
    """The pair to merge: two that are alike, else of too many or too faint ones those whose merging shows least."""

    def apart(pair: tuple[int, int]) -> float:
        return distances[pair[0]][pair[1]]

    def difference(pair: tuple[int, int]) -> float:
        one, two = kept[pair[0]].share, kept[pair[1]].share
        return apart(pair) * sqrt(one * two / (one + two))

    pairs = list(combinations(kept, 2))
    nearest = min(pairs, key=apart, default=None)
    if nearest is None or apart(nearest) < _ALIKE:
        return nearest
    if len(kept) <= MOST:
        pairs = [pair for pair in pairs if min(kept[at].share for at in pair) < _LEAST_SHARE]
    return min(pairs, key=difference, default=None)


def _distances(shades: list[Shade]) -> list[list[float]]:
    """CIEDE2000 between each two of them."""
    if not shades:
        return []
    rgb = bytes(level for shade in shades for level in _rgb(shade.colour))
    row = pyvips.Image.new_from_memory(rgb, len(shades), 1, 3, "uchar").copy(interpretation="srgb").colourspace("lab")
    column = row.rot90()
    matrix: list[list[float]] = row.replicate(1, len(shades)).dE00(column.replicate(len(shades), 1)).tolist()
    return matrix


def _rgb(colour: Colour) -> tuple[int, int, int]:
    return colour.red, colour.green, colour.blue
