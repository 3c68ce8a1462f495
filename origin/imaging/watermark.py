"""A second picture, or some words, laid over the result.

The result stays lazy, and is touched only where the two overlap.
"""

import unicodedata
from contextlib import suppress
from functools import lru_cache
from html import escape
from pathlib import Path

import pyvips

from origin.errors import BadRecipe, TooCostly
from origin.imaging import load
from origin.imaging.geometry import Size
from origin.recipe import Anchor, Gravity, Watermark

MOST_CHARACTERS = 256
"""Of a text."""

TEXT_HEIGHT_PX = 24.0
"""Size of the letters of a text that keeps its size, before the dpr."""

_FONT = "DejaVu Sans Bold Condensed"
_FONT_FILE = Path(__file__).with_name("fonts") / "DejaVuSansCondensed-Bold.ttf"

_SMALLEST_LETTERS_PX = 6.0
_LARGEST_LETTERS_PX = 512.0
_WIDEST_TEXT_PX = 4096
_HIGHEST_TEXT_PX = 2048
_WIDEST_EDGE = 8.0
"""Sigma in px of the dark edge. It grows with the letters up to here; beyond, a single one would take minutes."""

_UNDRAWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, halves of pairs, line and paragraph separators."""

_MOST_PIXELS = 16_000_000
_LONGEST_SIDE_PX = 100_000
"""Of a watermark that is scaled up: far beyond every result, and within what libvips counts to."""
_SMALLEST_TILE_PX = 256


def picture(mark: Watermark, configured: bytes | None) -> pyvips.Image | None:
    """What *mark* lays over the result: its text, else the picture in the bytes *configured*, else nothing.

    Nothing too when it could not be seen. Raises as `decoded` and `text_picture`.
    """
    if mark.opacity <= 0:
        return None
    if mark.text:
        return text_picture(mark.text, TEXT_HEIGHT_PX)
    return decoded(configured) if configured else None


@lru_cache(maxsize=4)
def decoded(body: bytes) -> pyvips.Image:
    """The picture in *body*: upright, sRGB with alpha, 8 bits, in memory, and the same object for the same bytes.

    Threads may share it; nobody may change its metadata.

    Raises:
        NotAnImage: The bytes are of no format that is read here; a drawing (SVG) is none either.
        TooCostly: It has more than 16 megapixels.
        pyvips.Error: A decoder refuses them.
    """
    facts = load.open_header(body, svg=False)
    size = facts.stored
    if size.pixels > _MOST_PIXELS:
        raise TooCostly(f"the watermark has {size.width_px} x {size.height_px} px; at most {_MOST_PIXELS} are drawn")
    image = load.open_pixels(body, facts, shrink=1.0, first_page=0, pages=1, dpi=0.0)
    return _with_alpha(image.copy_memory().autorot()).copy_memory()


def overlay(image: pyvips.Image, mark: Watermark, picture: pyvips.Image, dpr: float) -> pyvips.Image:
    """*image* with the watermark over it; size, bands and interpretation stay those of *image*.

    What lies outside is cut off. Without opacity, or when nothing of the watermark
    lies inside, the very same object comes back.

    Args:
        image: One upright frame, sRGB of 8 bits, with alpha or without.
        mark: Where it goes, how large and how visible.
        picture: Any bands and format. A text is drawn anew in the size in which it is needed.
        dpr: Multiplies offsets in px, and the size of a text that keeps its size.
    """
    if mark.opacity <= 0:
        return image
    result = Size(image.width, image.height)
    if mark.text:
        return _laid_over(image, mark, _lettered(mark, result, dpr), dpr)
    size = _size(Size(picture.width, picture.height), mark.scale, result)
    return _laid_over(image, mark, _scaled(_with_alpha(picture), size), dpr)


def _lettered(mark: Watermark, result: Size, dpr: float) -> pyvips.Image:
    trial = text_picture(mark.text, TEXT_HEIGHT_PX)
    size = _size(Size(trial.width, trial.height), mark.scale, result, dpr)
    drawn = text_picture(mark.text, TEXT_HEIGHT_PX * size.height_px / trial.height)
    # Letters come in whole pixels; scaling them by the last one or two would only blur them.
    return drawn if abs(drawn.width - size.width_px) <= 0.05 * size.width_px else _scaled(drawn, size)


@lru_cache(maxsize=4)
def text_picture(text: str, height_px: float) -> pyvips.Image:
    """*text* in white letters with a soft dark edge, which read on any ground, as sRGB with alpha.

    The text is data: no markup, control characters left out, lines centred. A
    letter that the font lacks is a box.

    Args:
        text: At most `MOST_CHARACTERS`; may hold line breaks.
        height_px: Size of the letters, baseline to baseline a little more. Brought
            within 6 to 512 px, and what gives a picture of about 4096 x 2048 px at most.

    Raises:
        TooCostly: The text is longer.
        BadRecipe: No letter of it can be seen.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooCostly(f"the text has {len(text)} characters; at most {MOST_CHARACTERS} are drawn")
    lines = text.split("\n")
    longest = max(1, *map(len, lines))
    most = min(_LARGEST_LETTERS_PX, _WIDEST_TEXT_PX / longest, _HIGHEST_TEXT_PX / len(lines))
    height_px = max(_SMALLEST_LETTERS_PX, min(height_px, most))
    try:
        letters = pyvips.Image.text(
            _plain(text), font=f"{_FONT} {height_px:.2f}", fontfile=str(_FONT_FILE), dpi=72, align="centre"
        )
    except pyvips.Error as error:
        said = str(error).strip().splitlines()[-1].strip()
        raise BadRecipe("watermark_text", f"the text cannot be drawn: {said!r}") from None
    return _edged(letters, sigma=max(0.8, min(height_px / 16, _WIDEST_EDGE))).copy_memory()


def _plain(text: str) -> str:
    """*text* for Pango, which takes markup: escaped, without what would end it, and with no line break but ours."""
    return escape("".join(each for each in text if each == "\n" or unicodedata.category(each) not in _UNDRAWN))


def _edged(letters: pyvips.Image, sigma: float) -> pyvips.Image:
    margin = round(3 * sigma)
    letters = letters.embed(margin, margin, letters.width + 2 * margin, letters.height + 2 * margin)
    dark = letters.gaussblur(sigma, min_ampl=0.02).linear(1.6, 0, uchar=True)
    ground = letters.new_from_image([0, 0, 0]).copy(interpretation="srgb").bandjoin(dark)
    white = letters.new_from_image([255, 255, 255]).copy(interpretation="srgb").bandjoin(letters)
    return ground.composite2(white, "over")


def _with_alpha(image: pyvips.Image) -> pyvips.Image:
    if image.get_typeof("icc-profile-data"):
        # A damaged profile says nothing about colours; then the numbers are taken as they stand.
        with suppress(pyvips.Error):
            image = image.icc_transform("srgb", embedded=True, intent="relative", depth=8)
    if image.interpretation != "srgb" or image.format != "uchar":
        image = image.colourspace("srgb").cast("uchar")
    return image if image.hasalpha() else image.addalpha()


def _size(own: Size, scale: float, result: Size, own_scale: float = 1.0) -> Size:
    """How large a watermark becomes: the largest of its shape in its share of the result, or its own size.

    A picture keeps its size whatever the dpr, a text is drawn larger.

    >>> _size(Size(200, 100), 0.5, Size(600, 400))
    Size(width_px=300, height_px=150)
    """
    by = own_scale
    if scale > 0:
        box = Size(max(1, round(result.width_px * scale)), max(1, round(result.height_px * scale)))
        by = min(box.width_px / own.width_px, box.height_px / own.height_px)
    by = min(by, _LONGEST_SIDE_PX / max(own.width_px, own.height_px))
    return Size(max(1, int(own.width_px * by + 0.5)), max(1, int(own.height_px * by + 0.5)))


def _scaled(picture: pyvips.Image, size: Size) -> pyvips.Image:
    if (picture.width, picture.height) == (size.width_px, size.height_px):
        return picture
    x, y = size.width_px / picture.width, size.height_px / picture.height
    return picture.premultiply().resize(x, vscale=y).unpremultiply().rint().cast("uchar")


def _laid_over(image: pyvips.Image, mark: Watermark, picture: pyvips.Image, dpr: float) -> pyvips.Image:
    result = Size(image.width, image.height)
    left, top = 0, 0
    if mark.tiled:
        picture = _tiled(picture, mark.gravity, result, dpr)
    else:
        left, top = _place(result, Size(picture.width, picture.height), mark.gravity, dpr)
    from_x, to_x = max(0, left), min(image.width, left + picture.width)
    from_y, to_y = max(0, top), min(image.height, top + picture.height)
    if from_x >= to_x or from_y >= to_y:
        return image
    seen = picture.crop(from_x - left, from_y - top, to_x - from_x, to_y - from_y)
    if mark.opacity < 1:
        seen = seen.linear([1, 1, 1, mark.opacity], [0, 0, 0, 0]).rint().cast("uchar")
    blended = image.crop(from_x, from_y, seen.width, seen.height).composite2(seen, "over")
    return image.insert(blended.extract_band(0, n=image.bands), from_x, from_y)


def _tiled(picture: pyvips.Image, gravity: Gravity, result: Size, dpr: float) -> pyvips.Image:
    """A picture of the result's size full of watermarks, one of them in the middle, with the offsets between them."""
    gap_x = max(0, min(_offset(gravity.x, result.width_px, dpr), result.width_px))
    gap_y = max(0, min(_offset(gravity.y, result.height_px, dpr), result.height_px))
    tile = picture.embed(gap_x // 2, gap_y // 2, picture.width + gap_x, picture.height + gap_y)
    # Of a tile larger than the result only the middle is ever seen.
    width, height = min(tile.width, result.width_px), min(tile.height, result.height_px)
    tile = tile.crop((tile.width - width) // 2, (tile.height - height) // 2, width, height)
    # Set one at a time, tiles of a few pixels would take seconds.
    tile = tile.replicate(-(-_SMALLEST_TILE_PX // width), -(-_SMALLEST_TILE_PX // height)).copy_memory()
    left, top = _cut_off(result.width_px, width), _cut_off(result.height_px, height)
    across, down = -(-(left + result.width_px) // tile.width), -(-(top + result.height_px) // tile.height)
    return tile.replicate(across, down).crop(left, top, result.width_px, result.height_px)


def _cut_off(side_px: int, tile_px: int) -> int:
    """What the near edge cuts off its tile when an odd number of tiles is centred.

    >>> _cut_off(600, 200), _cut_off(500, 200), _cut_off(50, 200)
    (0, 50, 75)
    """
    tiles = -(-side_px // tile_px) | 1
    return (tiles * tile_px - side_px) // 2 % tile_px


def _place(result: Size, size: Size, gravity: Gravity, dpr: float) -> tuple[int, int]:
    """Left and top of a watermark, which may lie partly outside.

    >>> _place(Size(600, 400), Size(100, 50), Gravity(Anchor.SOUTH_EAST, -20, 10), 2.0)
    (540, 330)
    """
    if gravity.anchor is Anchor.FOCAL_POINT:
        left = round(result.width_px * gravity.x) - size.width_px // 2
        return left, round(result.height_px * gravity.y) - size.height_px // 2
    room_x, room_y = result.width_px - size.width_px, result.height_px - size.height_px
    x, y = _offset(gravity.x, result.width_px, dpr), _offset(gravity.y, result.height_px, dpr)
    left = x if gravity.anchor in _LEFT else room_x - x if gravity.anchor in _RIGHT else round((room_x + 1) / 2) + x
    top = y if gravity.anchor in _TOP else room_y - y if gravity.anchor in _BOTTOM else round((room_y + 1) / 2) + y
    return left, top


_LEFT = frozenset({Anchor.WEST, Anchor.NORTH_WEST, Anchor.SOUTH_WEST})
_RIGHT = frozenset({Anchor.EAST, Anchor.NORTH_EAST, Anchor.SOUTH_EAST})
_TOP = frozenset({Anchor.NORTH, Anchor.NORTH_EAST, Anchor.NORTH_WEST})
_BOTTOM = frozenset({Anchor.SOUTH, Anchor.SOUTH_EAST, Anchor.SOUTH_WEST})


def _offset(value: float, side_px: int, dpr: float) -> int:
    return round(value * dpr if abs(value) >= 1 else value * side_px)
