"""What kind of picture it is, as far as an encoder's settings depend on it. Cheap looks at finished pixels."""

import pyvips

_ROWS = 64
_COLOUR_STEP = 60
_FINE_SHARE = 0.0025
_FLAT_SHARE = 0.4


def has_fine_colour(image: pyvips.Image) -> bool:
    """Whether colour changes sharply from pixel to pixel, so that halving its resolution would show.

    True for coloured text, charts and saturated detail, false for most photographs. Looks at 64
    rows: red and blue against green, how often either jumps by more than 60 from one pixel to the next.

    Args:
        image: sRGB of 8 bits in memory.
    """
    if image.bands < 3 or image.width < 2:
        return False
    rows = image.extract_band(0, n=3).subsample(1, max(1, image.height // _ROWS)).copy_memory()
    against_green = (rows - rows[1]).copy_memory()
    # Green against itself is nothing, so two bands of three count.
    return float((_across(against_green) > _COLOUR_STEP).avg()) / 255 * 3 / 2 > _FINE_SHARE


def is_flat(image: pyvips.Image) -> bool:
    """Whether many neighbours are the very same colour, as in drawings and screenshots: lossless may be smallest.

    Args:
        image: 8 bits in memory.
    """
    if image.width < 2:
        return True
    rows = image.subsample(1, max(1, image.height // _ROWS)).copy_memory()
    return float((_across(rows) == 0).bandand().avg()) / 255 > _FLAT_SHARE


def _across(image: pyvips.Image) -> pyvips.Image:
    """How far every pixel is from its left neighbour."""
    return (image.crop(1, 0, image.width - 1, image.height) - image.crop(0, 0, image.width - 1, image.height)).abs()
