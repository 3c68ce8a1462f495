"""What kind of picture it is, as far as an encoder's settings depend on it. Cheap looks at finished pixels."""

import pyvips

_ROWS = 64
"""As many are looked at: enough to tell, and the cost does not grow with the height."""
_COLOUR_STEP = 60
_FINE_SHARE = 0.0042
_FLAT_SHARE = 0.4


def has_fine_colour(image: pyvips.Image) -> bool:
    """Whether colour changes sharply from pixel to pixel, so that halving its resolution would show.

    True for coloured text, charts and saturated detail, false for most photographs: how often red or
    blue rise by more than 60 against green from one pixel to the next.

    Args:
        image: sRGB of 8 bits in memory.
    """
    if image.bands < 3 or image.width < 2:
        return False
    across = _across(image if image.bands == 3 else image.extract_band(0, n=3))
    # Only rises, for what rises falls again; and green against itself never does, so two bands of three count.
    return float((across - across[1] > _COLOUR_STEP).avg()) / 255 * 3 / 2 > _FINE_SHARE


def is_flat(image: pyvips.Image) -> bool:
    """Whether many neighbours are the very same colour, as in drawings and screenshots: lossless may be smallest.

    Args:
        image: 8 bits in memory.
    """
    return image.width < 2 or float((_across(image) == 0).bandand().avg()) / 255 > _FLAT_SHARE


def _across(image: pyvips.Image) -> pyvips.Image:
    """The difference of every pixel of some rows to its left neighbour."""
    rows = image.subsample(1, max(1, image.height // _ROWS))
    return rows.crop(1, 0, rows.width - 1, rows.height) - rows.crop(0, 0, rows.width - 1, rows.height)
