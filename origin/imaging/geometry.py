"""The arithmetic of sizes, as integers, with no pixel in sight.

`lay_out` says for a source of some size and a recipe how large the scaled picture
is, what part of it stays, and where that part lies on a canvas. The arithmetic
is imgproxy's, so that a site can move over without a picture changing its size.
"""

import math
from collections.abc import Iterator
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
class Placement:
    """A picture laid on a larger canvas: the canvas, and where on it the picture's upper left corner lies."""

    canvas: Size
    left_px: int
    top_px: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the pixels go. All of it is meant in the picture as it is seen, turned and mirrored.

    Args:
        part: What is used of the source, in px of the source. Its position means nothing when *part_smart*.
        scaled: That part after scaling.
        kept: What stays of it. The position means nothing when *kept_smart*.
        placements: Canvases around it, from the inside out.
        dpr: The device pixel ratio that is left after capping.
    """

    part: Area
    part_smart: bool
    scaled: Size
    kept: Area
    kept_smart: bool
    placements: tuple[Placement, ...]
    dpr: float

    @property
    def result(self) -> Size:
        """The size of the result."""
        return self.placements[-1].canvas if self.placements else self.kept.size


@dataclass(frozen=True, slots=True)
class Shrink:
    """By how much a source is divided to become the scaled picture, and the dpr that was left after capping."""

    x: float
    y: float
    dpr: float


def lay_out(source: Size, recipe: Recipe, longest_px: int = 0, *, vector: bool = False) -> Layout:
    """The layout of *source* under *recipe*.

    Args:
        source: As it is seen: turned by EXIF and by the recipe, trimmed.
        recipe: What the URL asks for.
        longest_px: A result with a longer side is scaled down to it, padding and all; 0: none.
        vector: A drawing loses nothing by being drawn larger, so it always may be.

    >>> lay_out(Size(200, 100), Recipe(resize=Resize(ResizingType.FILL, 50, 50))).kept
    Area(left_px=26, top_px=0, size=Size(width_px=50, height_px=50))
    """
    if vector:
        recipe = replace(recipe, resize=replace(recipe.resize, enlarge=True))
    part = _part(source, recipe)
    shrink = shrink_of(part.size, recipe.resize, recipe.dpr)
    layout = _laid_out(part, shrink, recipe)
    longest = max(layout.result.width_px, layout.result.height_px)
    if not longest_px or longest <= longest_px:
        return layout
    by = longest_px / longest
    return _laid_out(part, _bounded(shrink.x / by, shrink.y / by, shrink.dpr * by, part.size), recipe)


def _part(source: Size, recipe: Recipe) -> Area:
    size = Size(_share(recipe.crop.width, source.width_px), _share(recipe.crop.height, source.height_px))
    left, top = position(source, size, recipe.crop.gravity or recipe.gravity, 1.0)
    return Area(left, top, size)


def _share(asked: float, side_px: int) -> int:
    """A side of a crop: px, a share of the side, or with 0 all of it."""
    wanted = int(asked) if asked >= 1 else _round(asked * side_px)
    return min(max(1, wanted), side_px) if asked else side_px


def _laid_out(part: Area, shrink: Shrink, recipe: Recipe) -> Layout:
    resize, dpr = recipe.resize, shrink.dpr
    scaled = Size(max(1, _round(part.size.width_px / shrink.x)), max(1, _round(part.size.height_px / shrink.y)))
    target = Size(_asked(resize.width_px * resize.zoom_x * dpr), _asked(resize.height_px * resize.zoom_y * dpr))
    kept = _kept(scaled, target, resize)
    left, top = position(scaled, kept, recipe.gravity, dpr)
    gravity = recipe.crop.gravity or recipe.gravity
    return Layout(
        part=part,
        part_smart=gravity.anchor is Anchor.SMART and bool(recipe.crop.width or recipe.crop.height),
        scaled=scaled,
        kept=Area(left, top, kept),
        kept_smart=recipe.gravity.anchor is Anchor.SMART and kept != scaled,
        placements=tuple(_placements(kept, target, recipe, dpr)),
        dpr=dpr,
    )


def shrink_of(source: Size, resize: Resize, dpr: float) -> Shrink:
    """How much to shrink *source*; below 1 enlarges, which needs ``enlarge`` or a least side."""
    box = Size(resize.width_px or source.width_px, resize.height_px or source.height_px)
    x, y = source.width_px / box.width_px, source.height_px / box.height_px
    x, y = _tied(x, y, replace(resize, type=_decided(resize.type, source, box)))
    x, y = x / resize.zoom_x, y / resize.zoom_y
    if not resize.enlarge:
        least = min(x, y)
        if least < 1:
            x, y = x / least, y / least
            if not resize.extend.enabled:
                dpr /= least
        dpr = min(dpr, x, y)
    x, y = _at_least(x, y, source, resize)
    return _bounded(x / dpr, y / dpr, dpr, source)


def _at_least(x: float, y: float, source: Size, resize: Resize) -> tuple[float, float]:
    """The shrinks with both least sides held, the ratio between them kept."""
    if resize.min_width_px and (most := source.width_px / resize.min_width_px) < x:
        x, y = most, y / (x / most)
    if resize.min_height_px and (most := source.height_px / resize.min_height_px) < y:
        x, y = x / (y / most), most
    return x, y


def _bounded(x: float, y: float, dpr: float, source: Size) -> Shrink:
    """No side falls below one pixel."""
    return Shrink(min(x, source.width_px), min(y, source.height_px), dpr)


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


def _placements(picture: Size, target: Size, recipe: Recipe, dpr: float) -> Iterator[Placement]:
    resize, pad = recipe.resize, recipe.padding
    for extend, canvas in ((resize.extend, target), (resize.extend_aspect_ratio, _to_ratio(picture, target))):
        outer = Size(max(picture.width_px, canvas.width_px), max(picture.height_px, canvas.height_px))
        if extend.enabled and outer != picture:
            yield Placement(outer, *position(outer, picture, extend.gravity, dpr))
            picture = outer
    top, right, bottom, left = (
        _round_even(side * dpr) for side in (pad.top_px, pad.right_px, pad.bottom_px, pad.left_px)
    )
    if top or right or bottom or left:
        yield Placement(Size(picture.width_px + left + right, picture.height_px + top + bottom), left, top)


def _to_ratio(picture: Size, target: Size) -> Size:
    """The smallest canvas of *target*'s ratio around *picture*; *picture* itself when a side was not asked for."""
    if not (target.width_px and target.height_px):
        return picture
    over_x, over_y = target.width_px / picture.width_px, target.height_px / picture.height_px
    if over_y > over_x:
        return Size(picture.width_px, _round(picture.width_px * target.height_px / target.width_px))
    return Size(_round(picture.height_px * target.width_px / target.height_px), picture.height_px)


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


def _asked(side: float) -> int:
    """A side of the box in device pixels; 0, which was not asked for, stays 0, and nothing else becomes it."""
    return max(1, _round(side)) if side else 0


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
