"""Finding the border of one colour that a recipe wants cut off."""

import pyvips

from origin.imaging.geometry import Area, Size
from origin.imaging.turning import Turn
from origin.recipe import Trim

_SMALLEST_SIDE_PX = 3
"""libvips looks at 3 x 3 px at a time; of less there is no border anyway."""


def trimmed_area(image: pyvips.Image, trim: Trim, turn: Turn) -> Area:
    """What is left of *image*, in its stored orientation, when its border is cut off; all of it if nothing would be.

    Args:
        image: In memory: its corner is looked at before the rest.
        trim: With a threshold.
        turn: From stored to seen; equal margins are meant as seen, and so is the top left pixel.
    """
    whole = Size(image.width, image.height)
    if min(whole.width_px, whole.height_px) < _SMALLEST_SIDE_PX:
        return Area(0, 0, whole)
    srgb = image.colourspace("srgb")
    corner = turn.stored(Area(0, 0, Size(1, 1)), turn.seen(whole))
    colour = trim.colour
    background = (
        list(srgb(corner.left_px, corner.top_px))[:3] if colour is None else [colour.red, colour.green, colour.blue]
    )
    if srgb.hasalpha():
        # What cannot be seen belongs to the border.
        srgb = srgb.flatten(background=background)
    left, top, width, height = srgb.find_trim(threshold=trim.threshold, background=background)
    if not (width and height):
        return Area(0, 0, whole)
    horizontal, vertical = trim.equal_horizontal, trim.equal_vertical
    if turn.sideways:
        horizontal, vertical = vertical, horizontal
    if horizontal:
        left = min(left, whole.width_px - left - width)
        width = whole.width_px - 2 * left
    if vertical:
        top = min(top, whole.height_px - top - height)
        height = whole.height_px - 2 * top
    return Area(left, top, Size(width, height))
