"""The arithmetic of sizes, as integers, with no pixel in sight.

`lay_out` says for a source of some size and a recipe how large the scaled picture
is, what part of it stays, and where that part lies on a canvas. The arithmetic
is imgproxy's, so that a site can move over without a picture changing its size.
"""

import math
from dataclasses import dataclass, replace

from origin.recipe import Anchor, Gravity, Recipe, Resize, ResizingType


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in px."""

    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        """How many pixels that is."""
        return self.width_px * self.height_px

    def turned(self) -> "Size":
        """The size after a quarter turn."""
        return Size(self.height_px, self.width_px)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle inside a picture, in px from its upper left corner."""

    left_px: int
    top_px: int
    size: Size


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the pixels go. All of it is meant in the upright picture.

    Args:
        scaled: The whole source after scaling.
        kept: What stays of it. The position means nothing when *smart*.
        smart: The position of *kept* is to be found by looking at the pixels.
        canvas: The size of the result.
        left_px: Where *kept* lies on the canvas.
        top_px: Where *kept* lies on the canvas.
    """

    scaled: Size
    kept: Area
    smart: bool
    canvas: Size
    left_px: int
    top_px: int


@dataclass(frozen=True, slots=True)
class Shrink:
    """By how much a source is divided to become the scaled picture, and the dpr that was left after capping."""

    x: float
    y: float
    dpr: float


def lay_out(source: Size, recipe: Recipe) -> Layout:
    """The layout of *source* (in px, upright) under *recipe*.

    >>> lay_out(Size(200, 100), Recipe(resize=Resize(ResizingType.FILL, 50, 50))).kept
    Area(left_px=26, top_px=0, size=Size(width_px=50, height_px=50))
    """
    resize = recipe.resize
    shrink = shrink_of(source, resize, recipe.dpr)
    scaled = Size(max(1, _round(source.width_px / shrink.x)), max(1, _round(source.height_px / shrink.y)))
    target = Size(_asked(resize.width_px, shrink.dpr), _asked(resize.height_px, shrink.dpr))
    kept = _kept(scaled, target, resize)
    left, top = position(scaled, kept, recipe.gravity, shrink.dpr)
    canvas = _canvas(kept, target) if resize.extend.enabled else kept
    at_left, at_top = position(canvas, kept, resize.extend.gravity, shrink.dpr)
    smart = recipe.gravity.anchor is Anchor.SMART and kept != scaled
    return Layout(scaled, Area(left, top, kept), smart, canvas, at_left, at_top)


def shrink_of(source: Size, resize: Resize, dpr: float) -> Shrink:
    """How much to shrink *source*; below 1 enlarges, which needs ``enlarge``."""
    box = Size(resize.width_px or source.width_px, resize.height_px or source.height_px)
    x, y = source.width_px / box.width_px, source.height_px / box.height_px
    x, y = _tied(x, y, replace(resize, type=_decided(resize.type, source, box)))
    if not resize.enlarge:
        least = min(x, y)
        if least < 1:
            x, y = x / least, y / least
            if not resize.extend.enabled:
                dpr /= least
        dpr = min(dpr, x, y)
    # A side never falls below one pixel.
    return Shrink(min(x / dpr, source.width_px), min(y / dpr, source.height_px), dpr)


def _decided(kind: ResizingType, source: Size, box: Size) -> ResizingType:
    if kind is not ResizingType.AUTO:
        return kind
    same_way = (source.width_px >= source.height_px) == (box.width_px >= box.height_px)
    return ResizingType.FILL if same_way else ResizingType.FIT


def _tied(x: float, y: float, resize: Resize) -> tuple[float, float]:
    """Both shrinks tied together, unless the ratio does not matter."""
    if resize.type is ResizingType.FORCE:
        return x, y
    if resize.width_px == 0:
        return y, y
    if resize.height_px == 0:
        return x, x
    both = max(x, y) if resize.type is ResizingType.FIT else min(x, y)
    return both, both


def _kept(scaled: Size, target: Size, resize: Resize) -> Size:
    width, height = target.width_px or scaled.width_px, target.height_px or scaled.height_px
    if resize.type is ResizingType.FILL_DOWN and not resize.enlarge and target.width_px and target.height_px:
        over_x, over_y = width / scaled.width_px, height / scaled.height_px
        if over_x > over_y and over_x > 1:
            width, height = scaled.width_px, _round(scaled.width_px * height / width)
        elif over_y > over_x and over_y > 1:
            width, height = _round(scaled.height_px * width / height), scaled.height_px
    return Size(max(1, min(width, scaled.width_px)), max(1, min(height, scaled.height_px)))


def _canvas(kept: Size, target: Size) -> Size:
    return Size(max(kept.width_px, target.width_px), max(kept.height_px, target.height_px))


def position(outer: Size, inner: Size, gravity: Gravity, dpr: float) -> tuple[int, int]:
    """Left and top of *inner* in *outer*, pulled by *gravity*, always inside.

    >>> position(Size(200, 100), Size(100, 26), Gravity(Anchor.SOUTH), 1.0)
    (50, 74)
    """
    if gravity.anchor is Anchor.FOCAL_POINT:
        left = _round_even(outer.width_px * gravity.x) - inner.width_px // 2
        top = _round_even(outer.height_px * gravity.y) - inner.height_px // 2
    else:
        left = _along(outer.width_px, inner.width_px, gravity.x, dpr, _HORIZONTAL.get(gravity.anchor))
        top = _along(outer.height_px, inner.height_px, gravity.y, dpr, _VERTICAL.get(gravity.anchor))
    return (
        max(0, min(left, outer.width_px - inner.width_px)),
        max(0, min(top, outer.height_px - inner.height_px)),
    )


_START, _END = True, False
_HORIZONTAL = {
    Anchor.WEST: _START,
    Anchor.NORTH_WEST: _START,
    Anchor.SOUTH_WEST: _START,
    Anchor.EAST: _END,
    Anchor.NORTH_EAST: _END,
    Anchor.SOUTH_EAST: _END,
}
_VERTICAL = {
    Anchor.NORTH: _START,
    Anchor.NORTH_EAST: _START,
    Anchor.NORTH_WEST: _START,
    Anchor.SOUTH: _END,
    Anchor.SOUTH_EAST: _END,
    Anchor.SOUTH_WEST: _END,
}


def _along(outer_px: int, inner_px: int, offset: float, dpr: float, end: bool | None) -> int:
    """The position along one axis: from the start, from the end, or from the middle."""
    moved = _round_even(offset * dpr if abs(offset) >= 1 else offset * outer_px)
    if end is _START:
        return moved
    if end is _END:
        return outer_px - inner_px - moved
    return _round_even((outer_px - inner_px + 1) / 2) + moved


def _asked(side_px: int, dpr: float) -> int:
    """A side of the box in device pixels; 0, which was not asked for, stays 0, and nothing else becomes it."""
    return max(1, _round(side_px * dpr)) if side_px else 0


def _round(value: float) -> int:
    """To the nearest whole number, halves away from zero; *value* is not negative.

    A little more than a half is added: 11 px at a dpr of 1.5 are 16.5 px, which
    arrives here as 16.499999999999996 when it came by way of a shrink factor, and
    the scaled picture would be a pixel short of its box.
    """
    return math.floor(value + 0.5 + 1e-9)


def _round_even(value: float) -> int:
    """To the nearest whole number, halves to the even one."""
    return round(value)
