"""A picture in thirty bytes, to show while the real one is on its way: BlurHash and ThumbHash.

Both keep the lowest waves of a cosine transform. The formats are those of
github.com/woltapp/blurhash and github.com/evanw/thumbhash; any decoder of theirs
reads what is written here.
"""

import math
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import chain

import pyvips

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

_NOISE_DECIMALS = 9
"""Waves below are rounding errors; kept, a plain picture would hash differently from one processor to the next."""

_LEAST_SIDE_PX = 32


def blurhash(thumbnail: pyvips.Image) -> str:
    """The BlurHash of *thumbnail*, 4 waves along its longer side and 3 along the other; 4 by 4 for a square.

    It knows no transparency: the picture is taken as it looks on white. Waves are
    sampled at the middle of each pixel, where most encoders take its left edge and
    so give even a plain colour a slope; on large pictures both agree.

    Args:
        thumbnail: sRGB with alpha, 8 bit, of any size; its cost grows with its pixels.
    """
    across, down = _waves(thumbnail)
    linear = thumbnail.flatten(background=[255, 255, 255]).colourspace("scrgb")
    spectra = [list(chain(*_spectrum(band, across, down))) for band in linear.bandsplit()]
    dc, *ac = zip(*spectra, strict=True)
    highest = 2 * max(abs(wave) for wave in chain(*ac))
    step = max(0, min(82, math.floor(highest * 166 - 0.5)))
    unit = (step + 1) / 166
    return (
        _base83(across - 1 + (down - 1) * 9, 1)
        + _base83(step, 1)
        + _base83(_packed(map(_gamma, dc), 256), 4)
        + "".join(_base83(_packed((_nineteenth(2 * wave / unit) for wave in waves), 19), 2) for waves in ac)
    )


def _waves(thumbnail: pyvips.Image) -> tuple[int, int]:
    if thumbnail.width == thumbnail.height:
        return 4, 4
    return (4, 3) if thumbnail.width > thumbnail.height else (3, 4)


def _gamma(light: float) -> int:
    """Linear light, 0 to 1, as an sRGB level, 0 to 255."""
    light = max(0.0, min(1.0, light))
    return _round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))


def _nineteenth(wave: float) -> int:
    """A wave, -1 to 1, as one of 19 levels, finer around zero."""
    return max(0, min(18, _round(math.copysign(math.sqrt(abs(wave)), wave) * 9 + 9)))


def _packed(digits: Iterable[int], base: int) -> int:
    value = 0
    for digit in digits:
        value = value * base + digit
    return value


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83**place % 83] for place in reversed(range(length)))


def thumbhash(thumbnail: pyvips.Image) -> str:
    """The ThumbHash of *thumbnail* in base64; it keeps transparency and about the shape.

    Args:
        thumbnail: sRGB with alpha, 8 bit, of any size; the format asks for at most 100 px.
    """
    opacity = thumbnail[3] / 255
    see_through = thumbnail[3].min() < 255
    light, yellow_blue, red_green = _opponents(thumbnail[0:3].cast("double") / 255, opacity)
    longest, most = max(thumbnail.width, thumbnail.height), 5 if see_through else 7
    across = max(1, _round(most * thumbnail.width / longest))
    down = max(1, _round(most * thumbnail.height / longest))
    l_dc, l_scale, l_ac = _channel(light, max(3, across), max(3, down))
    p_dc, p_scale, p_ac = _channel(yellow_blue, 3, 3)
    q_dc, q_scale, q_ac = _channel(red_green, 3, 3)
    a_dc, a_scale, a_ac = _channel(opacity, 5, 5) if see_through else (1.0, 1.0, [])
    wide = thumbnail.width > thumbnail.height
    # Fields of a little-endian number, lowest first: value and width in bits.
    fields = [
        (_round(63 * l_dc), 6),
        (_round(31.5 + 31.5 * p_dc), 6),
        (_round(31.5 + 31.5 * q_dc), 6),
        (_round(31 * l_scale), 5),
        (see_through, 1),
        (down if wide else across, 3),
        (_round(63 * p_scale), 6),
        (_round(63 * q_scale), 6),
        (wide, 1),
        *([(_round(15 * a_dc), 4), (_round(15 * a_scale), 4)] if see_through else []),
        *((_round(15 * wave), 4) for wave in chain(l_ac, p_ac, q_ac, a_ac)),
    ]
    return b64encode(_bits(fields)).decode("ascii")


def _opponents(colour: pyvips.Image, opacity: pyvips.Image) -> Iterator[pyvips.Image]:
    """Light, yellow against blue, and red against green, of the picture on its own average colour."""
    visible = opacity.avg()
    average = [band.avg() / visible if visible else 0.0 for band in (colour * opacity).bandsplit()]
    mixed = colour * opacity + (1 - opacity) * average
    # In memory, or each of the three bands would compute all of this again.
    yield from mixed.recomb([[1 / 3, 1 / 3, 1 / 3], [1 / 2, 1 / 2, -1], [1, -1, 0]]).copy_memory().bandsplit()


def _channel(channel: pyvips.Image, across: int, down: int) -> tuple[float, float, list[float]]:
    """Mean, highest wave, and the waves of the lower triangle relative to it, 0 to 1."""
    spectrum = _spectrum(channel, across, down)
    triangle = [wave for y, row in enumerate(spectrum) for x, wave in enumerate(row) if x * down < across * (down - y)]
    dc, *ac = triangle
    highest = max(map(abs, ac))
    return dc, highest, [0.5 + 0.5 * wave / highest if highest else 0.0 for wave in ac]


def _bits(fields: Iterable[tuple[int, int]]) -> bytes:
    packed, at = 0, 0
    for value, width in fields:
        packed |= value << at
        at += width
    return packed.to_bytes((at + 7) // 8, "little")


def _spectrum(channel: pyvips.Image, across: int, down: int) -> list[list[float]]:
    """The lowest waves of one band: as many rows as waves *down*, the mean first.

    Two matrix products, because a loop over pixels would hold the interpreter's lock.
    """
    # A wave needs more than two pixels; of a picture with fewer, each is drawn as the square it is.
    channel = channel.zoom(-(-_LEAST_SIDE_PX // channel.width), -(-_LEAST_SIDE_PX // channel.height))
    columns = pyvips.Image.new_from_list(_cosines(channel.height, down))
    rows = pyvips.Image.new_from_list(_cosines(channel.width, across)).rot90().fliphor()
    spectrum = columns.matrixmultiply(channel).matrixmultiply(rows) / (channel.width * channel.height)
    return [[round(wave, _NOISE_DECIMALS) for wave in row] for row in spectrum.tolist()]


def _cosines(size_px: int, waves: int) -> list[list[float]]:
    return [[math.cos(math.pi / size_px * wave * (at + 0.5)) for at in range(size_px)] for wave in range(waves)]


def _round(value: float) -> int:
    """Halves up, as both formats ask; Python's own would send them to the even neighbour."""
    return math.floor(value + 0.5)
