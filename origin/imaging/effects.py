"""Colours and sharpness of the scaled picture: everything in `origin.recipe.Effects`.

Both functions take one upright still (a frame, not a strip of frames) of 8 bits
in sRGB or grey, with or without alpha, and hand back the very same object when
nothing is to be done. They stay lazy, and read a sequential source in order.
"""

from array import array
from collections.abc import Callable
from functools import partial, reduce
from typing import TypeAlias

import pyvips

from origin.recipe import Colour, Duotone, Effects, Monochrome, Unsharp, UnsharpMode

Change: TypeAlias = Callable[[pyvips.Image], pyvips.Image]

_LUMA = (0.2126, 0.7152, 0.0722)
"""Shares of red, green and blue in the brightness of an sRGB value (ITU-R BT.709, as in the SVG and CSS filters)."""

_MIDDLE = 127.5

_WIDEST_DIRECT_BLUR = 16.0
"""Above this sigma, in px, a picture is shrunk before it is blurred: the cost of a blur grows with its sigma."""

_SIGMA_OF_SHRUNK = 8.0
"""Sigma that is left to do on a shrunk picture; wide enough to hide how it was shrunk."""

_WIDEST_SHARPENING = 10.0
"""libvips takes no more, and would fall back to its default with a line on stderr."""


def adjust_colours(image: pyvips.Image, effects: Effects) -> pyvips.Image:
    """*image* with brightness, contrast, saturation, monochrome and duotone applied, in this order.

    Brightness and contrast are one curve, the other three one mix; each of the two
    is rounded and clipped to 0..255 once. Alpha stays as it is. Bands stay as they
    are too, except that a tinted grey picture comes back as sRGB.
    """
    if effects.brightness or effects.contrast != 1:
        image = _beside_alpha(image, partial(_toned, effects=effects))
    tinted = bool(effects.monochrome.intensity or effects.duotone.intensity)
    if tinted and image.interpretation == "b-w":
        image = image.colourspace("srgb")
    # Grey has no saturation to change.
    if tinted or (effects.saturation != 1 and image.bands > 2):
        image = _beside_alpha(image, partial(_mixed, effects=effects))
    return image


def change_sharpness(image: pyvips.Image, effects: Effects, dpr: float, shrunk: bool) -> pyvips.Image:
    """*image* blurred, sharpened and pixelated, in this order. Size and bands stay as they are.

    The unsharp mask takes the place of sharpening: in mode ``auto`` it applies when
    the picture was scaled down and ``sharpen`` was not asked for, in mode ``always``
    after ``sharpen``. Colours that cannot be seen do not bleed into those that can.

    Args:
        image: Read by overlapping rows, so what comes before it should be cheap or small.
        effects: Sigmas and squares in px before the dpr.
        dpr: What was left of the dpr after capping.
        shrunk: Whether the picture was scaled down.
    """
    changes = list(_changes(effects, dpr, shrunk))
    if not changes:
        return image
    has_alpha = image.hasalpha()
    if has_alpha:
        # In 8 bits: the same blur over floats takes five times as long.
        image = image.premultiply().rint().cast("uchar")
    for change in changes:
        image = change(image)
    return image.unpremultiply().rint().cast("uchar") if has_alpha else image


def _changes(effects: Effects, dpr: float, shrunk: bool) -> list[Change]:
    changes: list[Change] = []
    if effects.blur > 0:
        changes.append(partial(_blurred, sigma=effects.blur * dpr))
    if effects.sharpen > 0:
        changes.append(partial(_sharpened, sigma=effects.sharpen * dpr))
    mode = effects.unsharp.mode
    if mode is UnsharpMode.ALWAYS or (mode is UnsharpMode.AUTO and shrunk and effects.sharpen <= 0):
        changes.append(partial(_unsharp_masked, unsharp=effects.unsharp))
    side_px = round(effects.pixelate_px * dpr)
    if effects.pixelate_px > 1 and side_px > 1:
        changes.append(partial(_pixelated, side_px=side_px))
    return changes


def _beside_alpha(image: pyvips.Image, change: Change) -> pyvips.Image:
    """*change* made to the colours alone."""
    if not image.hasalpha():
        return change(image)
    alpha = image.bands - 1
    return change(image.extract_band(0, n=alpha)).bandjoin(image.extract_band(alpha))


def _toned(colours: pyvips.Image, effects: Effects) -> pyvips.Image:
    curve = [(at + effects.brightness - _MIDDLE) * effects.contrast + _MIDDLE for at in range(256)]
    return colours.maplut(pyvips.Image.new_from_memory(bytes(map(_byte, curve)), 256, 1, 1, "uchar"))


def _mixed(colours: pyvips.Image, effects: Effects) -> pyvips.Image:
    """Saturation, monochrome and duotone of three bands in one go.

    None of them changes the luminance on the way: saturation moves a colour away
    from the grey of its own luminance, and the shades of monochrome have the
    luminance that they stand for. So all tints can be looked up by the luminance
    of what comes in, and the rest is one matrix.
    """
    left = (1 - effects.monochrome.intensity) * (1 - effects.duotone.intensity)
    parts = []
    if left > 0:
        parts.append(colours.recomb(_saturating(effects.saturation, left)))
    if left < 1:
        luminance = colours.recomb([list(_LUMA)]).rint().cast("uchar")
        parts.append(luminance.maplut(_tint_table(effects.monochrome, effects.duotone)))
    mixed = pyvips.Image.sum(parts)
    return mixed.rint().cast("uchar").copy(interpretation="srgb")


def _saturating(saturation: float, weight: float) -> list[list[float]]:
    """The matrix that moves a colour away from its own grey, times *weight*."""
    grey = [weight * (1 - saturation) * share for share in _LUMA]
    return [[part + (weight * saturation if row == at else 0) for at, part in enumerate(grey)] for row in range(3)]


def _tint_table(monochrome: Monochrome, duotone: Duotone) -> pyvips.Image:
    """For each luminance the part of the result that depends on luminance alone."""
    table = array("f")
    for luminance in range(256):
        shade = _shade(luminance, monochrome.colour)
        tone = _between(_bands(duotone.dark), _bands(duotone.light), luminance / 255)
        shade_weight = monochrome.intensity * (1 - duotone.intensity)
        table.extend(shade_weight * a + duotone.intensity * b for a, b in zip(shade, tone, strict=True))
    return pyvips.Image.new_from_memory(table.tobytes(), 256, 1, 3, "float")


def _shade(luminance: float, colour: Colour) -> list[float]:
    """The shade of *colour* with this luminance, 0 to 255, on the way from black through *colour* to white.

    >>> _shade(0.0, Colour(200, 100, 50)), _shade(255.0, Colour(200, 100, 50))
    ([0.0, 0.0, 0.0], [255.0, 255.0, 255.0])
    """
    bands = _bands(colour)
    own = sum(share * band for share, band in zip(_LUMA, bands, strict=True))
    if luminance < own:
        return [band * luminance / own for band in bands]
    return _between(bands, [255.0] * 3, (luminance - own) / (255 - own) if own < 255 else 1.0)


def _between(start: list[float], end: list[float], share: float) -> list[float]:
    return [a + (b - a) * share for a, b in zip(start, end, strict=True)]


def _bands(colour: Colour) -> list[float]:
    return [float(colour.red), float(colour.green), float(colour.blue)]


def _byte(value: float) -> int:
    return int(max(0.0, min(255.0, value)) + 0.5)


def _blurred(image: pyvips.Image, sigma: float) -> pyvips.Image:
    # Beyond its longer side a picture is one colour anyway.
    sigma = min(sigma, max(image.width, image.height))
    if sigma <= _WIDEST_DIRECT_BLUR:
        return image.gaussblur(sigma)
    by = int(sigma / _SIGMA_OF_SHRUNK)
    # Held in memory, or every strip of the result would compute its rows of it anew.
    small = image.shrink(by, by, ceil=True).gaussblur(sigma / by).copy_memory()
    return small.resize(by, kernel="linear").crop(0, 0, image.width, image.height)


def _sharpened(image: pyvips.Image, sigma: float) -> pyvips.Image:
    sigma = min(sigma, _WIDEST_SHARPENING)
    return _on_visible(image, sigma, partial(pyvips.Image.sharpen, sigma=sigma))


def _unsharp_masked(image: pyvips.Image, unsharp: Unsharp) -> pyvips.Image:
    """Each pixel against its eight neighbours, which weigh *weight* against *divider*."""
    around, divider = -unsharp.weight, unsharp.divider
    rows = [[around] * 3, [around, divider - 8 * around, around], [around] * 3]
    mask = pyvips.Image.new_from_array(rows, scale=divider)
    return _on_visible(image, 1.0, lambda colours: colours.conv(mask).rint().cast("uchar"))


def _on_visible(image: pyvips.Image, sigma: float, change: Change) -> pyvips.Image:
    """*change*, which looks about *sigma* far, made to the colours of a premultiplied picture; alpha stays.

    For that, what is transparent takes on the colours around it. Sharpened as it
    is, a premultiplied picture would get an outline wherever it ends.
    """
    if not image.hasalpha():
        return change(image)
    last = image.bands - 1
    alpha = image.extract_band(last)
    around = image.gaussblur(1.2 * sigma + 1).unpremultiply().extract_band(0, n=last)
    opaque = image.extract_band(0, n=last) + around * alpha.linear(-1 / 255, 1)
    changed = change(opaque.rint().cast("uchar").copy(interpretation=image.interpretation))
    return changed.bandjoin(alpha).premultiply().rint().cast("uchar")


def _pixelated(image: pyvips.Image, side_px: int) -> pyvips.Image:
    """Squares from the upper left corner; those the edge cuts off are the average of what is inside."""
    width, height = image.width, image.height
    # Not shrinkh: what libvips 8.18 joins to its result loses the first pixels of every row.
    columns = [image.crop(at, 0, px, height).shrink(min(side_px, px), 1) for at, px in _runs(width, side_px)]
    image = _joined(columns, "horizontal")
    rows = [image.crop(0, at, image.width, px).shrink(1, min(side_px, px)) for at, px in _runs(height, side_px)]
    small = _joined(rows, "vertical").copy_memory()
    return small.zoom(min(side_px, width), min(side_px, height)).crop(0, 0, width, height)


def _runs(length_px: int, side_px: int) -> list[tuple[int, int]]:
    """Where the whole squares of a side begin and how far they go, and the same of the rest.

    >>> _runs(20, 8), _runs(16, 8), _runs(5, 8)
    ([(0, 16), (16, 4)], [(0, 16)], [(0, 5)])
    """
    rest = length_px % side_px
    return [(at, px) for at, px in ((0, length_px - rest), (length_px - rest, rest)) if px]


def _joined(parts: list[pyvips.Image], direction: str) -> pyvips.Image:
    return reduce(lambda done, part: done.join(part, direction), parts)
