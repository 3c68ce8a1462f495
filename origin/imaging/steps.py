"""What happens to the pixels of one frame, step by step, in the order of the language.

Each step takes the frame and the plan and gives the next frame, lazily. Only
where pixels are needed in another order than the decoder delivers them are they
copied, and then they are scaled already.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pyvips

from origin.imaging import effects, encode, watermark
from origin.imaging.geometry import Area, Layout, Size
from origin.imaging.inspect import SourceFacts
from origin.imaging.turning import Turn
from origin.recipe import WHITE, Colour, OutputFormat, Recipe

Step = Callable[[pyvips.Image, "Plan"], pyvips.Image]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the steps may look at.

    Args:
        source: The header's facts.
        whole: The size of the source as stored, after trimming.
        turn: From stored to seen.
        layout: Where the pixels go.
        recipe: What the URL asks for.
        format: What is going to be written.
        mark: The picture of the watermark, decoded.
    """

    source: SourceFacts
    whole: Size
    turn: Turn
    layout: Layout
    recipe: Recipe
    format: OutputFormat
    mark: pyvips.Image | None


def cut(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """The part of the source that is used. The decoder may have shrunk it already."""
    layout = plan.layout
    seen = plan.turn.seen(plan.whole)
    if layout.part.size == seen:
        return image
    area = plan.turn.stored(layout.part, seen)
    x, y = image.width / plan.whole.width_px, image.height / plan.whole.height_px
    width = min(max(1, round(area.size.width_px * x)), image.width)
    height = min(max(1, round(area.size.height_px * y)), image.height)
    if layout.part_smart:
        return image.copy_memory().smartcrop(width, height, interesting="attention")
    left, top = round(area.left_px * x), round(area.top_px * y)
    return image.crop(min(left, image.width - width), min(top, image.height - height), width, height)


def scale(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """To the scaled size, exactly."""
    scaled = plan.layout.scaled.turned() if plan.turn.sideways else plan.layout.scaled
    if (image.width, image.height) == (scaled.width_px, scaled.height_px):
        return image
    x, y = scaled.width_px / image.width, scaled.height_px / image.height
    if not image.hasalpha():
        return image.resize(x, vscale=y)
    # Colours under transparent pixels must not bleed into visible ones.
    band_format = image.format
    return image.premultiply().resize(x, vscale=y).unpremultiply().cast(band_format)


def turn(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """From stored to seen."""
    if plan.turn == Turn():
        return image
    if plan.turn.quarters:
        image = image.copy_memory()
    if plan.turn.mirrored:
        image = image.fliphor()
    return image.rot(f"d{90 * plan.turn.quarters}") if plan.turn.quarters else image


def crop(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """What stays of the scaled picture."""
    kept = plan.layout.kept
    if (image.width, image.height) == (kept.size.width_px, kept.size.height_px):
        return image
    return image.crop(kept.left_px, kept.top_px, kept.size.width_px, kept.size.height_px)


def to_srgb(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """Eight bits of sRGB, or of the source's own space when its profile is to be kept."""
    keep = not plan.recipe.metadata.strip_colour_profile and image.interpretation in ("srgb", "rgb", "rgb16")
    if image.get_typeof("icc-profile-data") and not keep:
        # A damaged profile says nothing about colours; then the numbers are taken as they stand.
        with suppress(pyvips.Error):
            image = image.icc_transform("srgb", embedded=True, intent="relative", depth=8)
    if image.interpretation != "srgb" or image.format != "uchar":
        image = image.colourspace("srgb").cast("uchar")
    return image


def adjust(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """Brightness, contrast, saturation, monochrome, duotone."""
    return effects.adjust_colours(image, plan.recipe.effects)


def sharpness(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """Blur, sharpen, pixelate."""
    shrunk = plan.layout.scaled.pixels < plan.layout.part.size.pixels
    return effects.change_sharpness(image, plan.recipe.effects, 1.0, shrunk)


def place(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """On to larger canvases: extended, extended to a ratio, padded."""
    for placement in plan.layout.placements:
        if not image.hasalpha():
            image = image.addalpha()
        canvas = placement.canvas
        image = image.embed(
            placement.left_px, placement.top_px, canvas.width_px, canvas.height_px, background=[0, 0, 0, 0]
        )
    return image


def flatten(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """Transparent pixels on to the background, if there is one or the format needs one."""
    if not image.hasalpha() or (plan.recipe.background is None and encode.keeps_alpha(plan.format)):
        return image
    return image.flatten(background=_bands(plan.recipe.background or WHITE))


def mark(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    """The watermark over it."""
    if plan.mark is None:
        return image
    return watermark.overlay(image, plan.recipe.watermark, plan.mark, plan.layout.dpr)


STEPS: tuple[Step, ...] = (cut, scale, turn, crop, to_srgb, adjust, sharpness, place, flatten, mark)
"""In this order, whatever the order of the options in the URL."""


def smart_area(image: pyvips.Image, size: Size) -> Area:
    """The most interesting area of *size* in a scaled and turned picture, which lies in memory."""
    found = image.smartcrop(size.width_px, size.height_px, interesting="attention")
    return Area(-found.xoffset, -found.yoffset, size)


def _bands(colour: Colour) -> list[int]:
    return [colour.red, colour.green, colour.blue]
