"""Sizes and positions: imgproxy's own rows, and section 5 of the grammar stated a second time in fractions."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from origin.grammar import parse
from origin.imaging.geometry import Size, lay_out, position
from origin.imaging.turning import turn_of
from origin.recipe import Anchor, Crop, Extend, Gravity, Padding, Recipe, Resize, ResizingType

SOURCE = Size(200, 100)


# (options, width, height) of a 200 x 100 source, as imgproxy answers them.
KNOWN = [
    ("resize:fit:50:50", 50, 25),
    ("resize:fit:50:20", 40, 20),
    ("resize:fit:300:300", 200, 100),
    ("resize:fit:0:50", 100, 50),
    ("resize:fit:50:0", 50, 25),
    ("resize:fit:300:0", 200, 100),
    ("resize:fit:300:300/enlarge:1", 300, 150),
    ("resize:fit:300:125/enlarge:1", 250, 125),
    ("resize:fit:250:300/enlarge:1", 250, 125),
    ("resize:fit:0:50/enlarge:1", 100, 50),
    ("resize:fit:0:200/enlarge:1", 400, 200),
    ("resize:fit:300:0/enlarge:1", 300, 150),
    ("resize:fit:300:300/extend:1", 300, 300),
    ("resize:fit:50:0/extend:1", 50, 25),
    ("resize:fit:0:200/extend:1", 200, 200),
    ("resize:fit:300:0/extend:1", 300, 100),
    ("resize:fit:20:50/extend_aspect_ratio:1", 20, 50),
    ("resize:fit:300:300/extend_aspect_ratio:1", 200, 200),
    ("resize:fit:250:500/extend_aspect_ratio:1", 200, 400),
    ("resize:fit:0:50/extend_aspect_ratio:1", 100, 50),
    ("resize:fit:0:200/extend_aspect_ratio:1", 200, 100),
    ("resize:fit:300:0/extend_aspect_ratio:1", 200, 100),
    ("resize:fill:50:20", 50, 20),
    ("resize:fill:300:300", 200, 100),
    ("resize:fill:0:50", 100, 50),
    ("resize:fill:50:50/enlarge:1", 50, 50),
    ("resize:fill:20:50/enlarge:1", 20, 50),
    ("resize:fill:300:300/enlarge:1", 300, 300),
    ("resize:fill:250:300/enlarge:1", 250, 300),
    ("resize:fill:300:0/enlarge:1", 300, 150),
    ("resize:fill:50:50/extend:1", 50, 50),
    ("resize:fill:50:20/extend:1", 50, 20),
    ("resize:fill:300:125/extend:1", 300, 125),
    ("resize:fill:300:50/extend:1", 300, 50),
    ("resize:fill:100:300/extend:1", 100, 300),
    ("resize:fill:0:50/extend:1", 100, 50),
    ("resize:fill:50:0/extend:1", 50, 25),
    ("resize:fill:0:200/extend:1", 200, 200),
    ("resize:fill:300:0/extend:1", 300, 100),
    ("resize:fill:20:50/extend_aspect_ratio:1", 20, 50),
    ("resize:fill:250:500/extend_aspect_ratio:1", 200, 400),
    ("resize:fill:100:300/extend_aspect_ratio:1", 100, 300),
    ("resize:fill:0:200/extend_aspect_ratio:1", 200, 100),
    ("resize:fill-down:50:50", 50, 50),
    ("resize:fill-down:50:20", 50, 20),
    ("resize:fill-down:300:125", 200, 83),
    ("resize:fill-down:0:50", 100, 50),
    ("resize:fill-down:50:50/enlarge:1", 50, 50),
    ("resize:fill-down:20:50/enlarge:1", 20, 50),
    ("resize:fill-down:300:300/enlarge:1", 300, 300),
    ("resize:fill-down:300:125/enlarge:1", 300, 125),
    ("resize:fill-down:250:300/enlarge:1", 250, 300),
    ("resize:fill-down:50:0/enlarge:1", 50, 25),
    ("resize:fill-down:20:50/extend:1", 20, 50),
    ("resize:fill-down:300:300/extend:1", 300, 300),
    ("resize:fill-down:300:125/extend:1", 300, 125),
    ("resize:fill-down:250:300/extend:1", 250, 300),
    ("resize:fill-down:300:50/extend:1", 300, 50),
    ("resize:fill-down:100:300/extend:1", 100, 300),
    ("resize:fill-down:50:0/extend:1", 50, 25),
    ("resize:fill-down:300:0/extend:1", 300, 100),
    ("resize:fill-down:50:50/extend_aspect_ratio:1", 50, 50),
    ("resize:fill-down:250:300/extend_aspect_ratio:1", 83, 100),
    ("resize:fill-down:50:0/extend_aspect_ratio:1", 50, 25),
    ("resize:fill-down:0:200/extend_aspect_ratio:1", 200, 100),
    ("resize:fill-down:300:0/extend_aspect_ratio:1", 200, 100),
    ("max_result_dimension:50/resize:fit:100:100", 50, 25),
    ("max_result_dimension:50/resize:fit:0:0", 50, 25),
    ("max_result_dimension:100/resize:fit:0:100", 100, 50),
    ("max_result_dimension:100/resize:fit:1000:1000", 100, 50),
    ("max_result_dimension:100/resize:fit:1000:1000/enlarge:1", 100, 50),
    ("max_result_dimension:100/resize:fit:1000:2000/extend_aspect_ratio:1", 50, 100),
    ("max_result_dimension:100/resize:fit:0:0/rotate:90", 50, 100),
    ("max_result_dimension:50/resize:fill:100:1000", 50, 50),
    ("max_result_dimension:50/resize:fill:0:0", 50, 25),
    ("max_result_dimension:50/resize:fill:150:0", 50, 25),
    ("max_result_dimension:100/resize:fill:1000:1000", 100, 50),
    ("max_result_dimension:100/resize:fill:1000:2000/extend:1", 50, 100),
    ("max_result_dimension:100/resize:fill:1000:2000/extend_aspect_ratio:1", 50, 100),
    ("max_result_dimension:200/resize:fill:100:100/padding:100:200:300:400", 200, 144),
    ("max_result_dimension:1000/resize:fill-down:100:100", 100, 100),
    ("max_result_dimension:50/resize:fill-down:100:100", 50, 50),
    ("max_result_dimension:50/resize:fill-down:100:1000", 5, 50),
    ("max_result_dimension:100/resize:fill-down:0:100", 100, 50),
    ("max_result_dimension:50/resize:fill-down:150:0", 50, 25),
    ("max_result_dimension:100/resize:fill-down:1000:1000/enlarge:1", 100, 100),
    ("max_result_dimension:100/resize:fill-down:1000:2000/extend:1", 50, 100),
    ("max_result_dimension:100/resize:fill-down:1000:2000/extend_aspect_ratio:1", 50, 100),
    ("max_result_dimension:200/resize:fill-down:100:100/padding:100:200:300:400", 200, 144),
    ("dpr:0.5/padding:20:30:40:10/background:f00/enlarge:1", 120, 80),
    ("dpr:1/padding:20:30:40:10/background:f00/enlarge:1", 240, 160),
    ("dpr:2/padding:20:30:40:10/background:f00/enlarge:1", 480, 320),
    ("rs:fill:100:26/g:so", 100, 26),
    ("rs:fill:100:26/g:nowe", 100, 26),
    ("rs:fill:26:100/g:ce", 26, 100),
    ("rs:fill:26:100/g:we", 26, 100),
    ("rs:fill:26:100/g:no:5/dpr:0.5", 13, 50),
    ("rs:fill:100:26/g:no::0.1", 100, 26),
    ("crop:50:50:so", 50, 50),
    ("crop:50:50:ea", 50, 50),
    ("crop:50:50:we", 50, 50),
    ("crop:50:50:nowe", 50, 50),
    ("crop:50:50:soea", 50, 50),
    ("crop:50:50:ce::0.1", 50, 50),
    ("width:500/height:500/extend:1:ea", 500, 500),
    ("width:500/height:500/extend:1:we", 500, 500),
    ("width:500/height:500/extend:1:noea", 500, 500),
    ("width:500/height:500/extend:1:soea", 500, 500),
    ("width:500/height:500/extend:1:nowe", 500, 500),
    ("width:500/height:500/extend:1:no::5", 500, 500),
    ("width:500/height:500/extend:1:ea:5", 500, 500),
    ("width:500/height:500/extend:1:no::0.1/dpr:0.5", 250, 250),
    ("width:300/height:600/extend_aspect_ratio:1:ce", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:so", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:ea", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:noea", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:sowe", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:nowe", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:ea:5/dpr:0.5", 150, 300),
    ("width:300/height:600/extend_aspect_ratio:1:ea:5/dpr:2", 200, 400),
    ("width:300/height:600/extend_aspect_ratio:1:no::0.1/dpr:0.5", 150, 300),
    ("width:300/height:600/extend_aspect_ratio:1:no::0.1/dpr:2", 200, 400),
]


def recipe_of(options: str) -> Recipe:
    return parse(f"/{options}/plain/local:///a.png").recipe


@pytest.mark.parametrize(("options", "width_px", "height_px"), KNOWN)
def test_sizes_are_those_of_imgproxy(options: str, width_px: int, height_px: int) -> None:
    recipe = recipe_of(options)
    seen = turn_of(1, recipe.rotate // 90).seen(SOURCE)
    assert lay_out(seen, recipe, recipe.tighter.result_side_px).result == Size(width_px, height_px)


# Section 5 of the grammar, in exact fractions ----------------------------------------------------------------------


def rounded(exact: Fraction) -> int:
    """Halves away from zero. Floats may fall on either side of a half that is not exact; those cases are skipped."""
    assume(abs(exact - floor(exact) - Fraction(1, 2)) > Fraction(1, 10**7))
    return floor(exact + Fraction(1, 2))


def rounded_even(exact: Fraction) -> int:
    assume(abs(exact - floor(exact) - Fraction(1, 2)) > Fraction(1, 10**7))
    return round(exact)


def stated_shrink(source: Size, resize: Resize, dpr: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Scale factors before the dpr, and the dpr that is left, as the text says it."""
    box_w, box_h = resize.width_px or source.width_px, resize.height_px or source.height_px
    sx, sy = Fraction(source.width_px, box_w), Fraction(source.height_px, box_h)
    kind = resize.type
    if kind is ResizingType.AUTO:
        alike = (source.width_px >= source.height_px) == (box_w >= box_h)
        kind = ResizingType.FILL if alike else ResizingType.FIT
    if kind is not ResizingType.FORCE:
        sx = sy if resize.width_px == 0 else sx
        sy = sx if resize.height_px == 0 else sy
    if kind is ResizingType.FIT:
        sx = sy = max(sx, sy)
    if kind in (ResizingType.FILL, ResizingType.FILL_DOWN):
        sx = sy = min(sx, sy)
    sx, sy = sx / Fraction(resize.zoom_x), sy / Fraction(resize.zoom_y)
    if not resize.enlarge:
        least = min(sx, sy)
        if least < 1:
            sx, sy = sx / least, sy / least
            dpr = dpr if resize.extend.enabled else dpr / least
        dpr = min(dpr, sx, sy)
    if resize.min_width_px and Fraction(source.width_px, resize.min_width_px) < sx:
        most = Fraction(source.width_px, resize.min_width_px)
        sx, sy = most, sy / (sx / most)
    if resize.min_height_px and Fraction(source.height_px, resize.min_height_px) < sy:
        most = Fraction(source.height_px, resize.min_height_px)
        sx, sy = sx / (sy / most), most
    return sx, sy, dpr


def stated_kept(scaled: Size, target: Size, resize: Resize) -> Size:
    wide, high = target.width_px, target.height_px
    smaller = scaled.width_px < wide or scaled.height_px < high
    if resize.type is ResizingType.FILL_DOWN and not resize.enlarge and smaller and wide and high:
        ratio = min(Fraction(scaled.width_px, wide), Fraction(scaled.height_px, high))
        return Size(max(1, rounded(wide * ratio)), max(1, rounded(high * ratio)))
    return Size(
        min(scaled.width_px, wide or scaled.width_px),
        min(scaled.height_px, high or scaled.height_px),
    )


def stated_along(outer_px: int, inner_px: int, offset: float, dpr: Fraction, pull: int) -> int:
    exact = Fraction(offset)
    moved = rounded_even(exact * dpr if abs(exact) >= 1 else exact * outer_px)
    centred = round(Fraction(outer_px - inner_px + 1, 2))
    at = {-1: moved, 0: centred + moved, 1: outer_px - inner_px - moved}[pull]
    return min(max(at, 0), outer_px - inner_px)


PULLS = {
    Anchor.NORTH: (0, -1),
    Anchor.SOUTH: (0, 1),
    Anchor.EAST: (1, 0),
    Anchor.WEST: (-1, 0),
    Anchor.NORTH_EAST: (1, -1),
    Anchor.NORTH_WEST: (-1, -1),
    Anchor.SOUTH_EAST: (1, 1),
    Anchor.SOUTH_WEST: (-1, 1),
    Anchor.CENTRE: (0, 0),
}


def stated_position(outer: Size, inner: Size, gravity: Gravity, dpr: Fraction) -> tuple[int, int]:
    if gravity.anchor is Anchor.FOCAL_POINT:
        left = rounded_even(Fraction(gravity.x) * outer.width_px) - inner.width_px // 2
        top = rounded_even(Fraction(gravity.y) * outer.height_px) - inner.height_px // 2
        return (
            min(max(left, 0), outer.width_px - inner.width_px),
            min(max(top, 0), outer.height_px - inner.height_px),
        )
    across, down = PULLS[gravity.anchor]
    return (
        stated_along(outer.width_px, inner.width_px, gravity.x, dpr, across),
        stated_along(outer.height_px, inner.height_px, gravity.y, dpr, down),
    )


SIDES = st.integers(1, 5000)
BOX_SIDES = st.one_of(st.just(0), st.integers(0, 3000))
OFFSETS = st.one_of(st.just(0.0), st.floats(-0.99, 0.99), st.integers(-50, 50).map(float))
COMPASS = st.builds(Gravity, st.sampled_from(sorted(PULLS)), OFFSETS, OFFSETS)
FOCAL = st.builds(Gravity, st.just(Anchor.FOCAL_POINT), st.floats(0, 1), st.floats(0, 1))
STEADY = st.one_of(COMPASS, FOCAL)
CROPS = st.one_of(st.just(0.0), st.sampled_from([0.25, 0.5, 0.75]), st.integers(1, 6000).map(float))
RECIPES = st.builds(
    Recipe,
    resize=st.builds(
        Resize,
        type=st.sampled_from(ResizingType),
        width_px=BOX_SIDES,
        height_px=BOX_SIDES,
        min_width_px=BOX_SIDES,
        min_height_px=BOX_SIDES,
        zoom_x=st.sampled_from([1.0, 0.5, 2.0]),
        zoom_y=st.sampled_from([1.0, 0.25, 3.0]),
        enlarge=st.booleans(),
        extend=st.builds(Extend, st.booleans(), STEADY),
        extend_aspect_ratio=st.builds(Extend, st.booleans(), STEADY),
    ),
    gravity=STEADY,
    crop=st.builds(Crop, CROPS, CROPS, st.none() | STEADY),
    padding=st.builds(Padding, *[st.integers(0, 60)] * 4),
    dpr=st.one_of(st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0, 3.0]), st.floats(0.1, 5)),
)


@settings(max_examples=500, deadline=None)
@given(source=st.builds(Size, SIDES, SIDES), recipe=RECIPES)
@example(source=Size(1, 1), recipe=Recipe())
@example(source=Size(5000, 1), recipe=Recipe(resize=Resize(width_px=10)))
@example(source=Size(200, 100), recipe=Recipe(resize=Resize(ResizingType.FORCE, 100, 200)))
@example(source=Size(1, 4), recipe=Recipe(resize=Resize(ResizingType.FILL, 4, 1), dpr=0.1))
def test_layout_is_what_the_grammar_says(source: Size, recipe: Recipe) -> None:
    resize = recipe.resize
    layout = lay_out(source, recipe)
    part = stated_part(source, recipe.crop)
    assert layout.part.size == part
    pull = recipe.crop.gravity or recipe.gravity
    assert (layout.part.left_px, layout.part.top_px) == stated_position(source, part, pull, Fraction(1))

    sx, sy, dpr = stated_shrink(part, resize, Fraction(recipe.dpr))
    scaled = Size(
        max(1, rounded(part.width_px / min(sx / dpr, Fraction(part.width_px)))),
        max(1, rounded(part.height_px / min(sy / dpr, Fraction(part.height_px)))),
    )
    # "0 stays 0", and what was asked for does not become it.
    target = Size(
        max(rounded(resize.width_px * Fraction(resize.zoom_x) * dpr), int(resize.width_px > 0)),
        max(rounded(resize.height_px * Fraction(resize.zoom_y) * dpr), int(resize.height_px > 0)),
    )
    kept = stated_kept(scaled, target, resize)
    assert (layout.scaled, layout.kept.size) == (scaled, kept)
    assert (layout.kept.left_px, layout.kept.top_px) == stated_position(scaled, kept, recipe.gravity, dpr)
    assert not layout.kept_smart
    assert [(place.canvas, place.left_px, place.top_px) for place in layout.placements] == stated_places(
        kept, target, recipe, dpr
    )


def stated_part(source: Size, crop: Crop) -> Size:
    def side(asked: float, whole_px: int) -> int:
        wanted = int(asked) if asked >= 1 else rounded(Fraction(asked) * whole_px)
        return min(max(wanted, 1), whole_px) if asked else whole_px

    return Size(side(crop.width, source.width_px), side(crop.height, source.height_px))


def stated_places(kept: Size, target: Size, recipe: Recipe, dpr: Fraction) -> list[tuple[Size, int, int]]:
    """Extend, extend to ratio, padding, each only where it adds something."""
    places = []
    inner = kept
    ratio = inner
    if target.width_px and target.height_px:
        wide, high = Fraction(target.width_px, kept.width_px), Fraction(target.height_px, kept.height_px)
        if high > wide:
            ratio = Size(kept.width_px, rounded(Fraction(kept.width_px * target.height_px, target.width_px)))
        else:
            ratio = Size(rounded(Fraction(kept.height_px * target.width_px, target.height_px)), kept.height_px)
    for extend, asked in ((recipe.resize.extend, target), (recipe.resize.extend_aspect_ratio, ratio)):
        outer = Size(max(inner.width_px, asked.width_px), max(inner.height_px, asked.height_px))
        if extend.enabled and outer != inner:
            places.append((outer, *stated_position(outer, inner, extend.gravity, dpr)))
            inner = outer
    pad = recipe.padding
    top, right, bottom, left = (
        rounded_even(side * dpr) for side in (pad.top_px, pad.right_px, pad.bottom_px, pad.left_px)
    )
    if top or right or bottom or left:
        places.append((Size(inner.width_px + left + right, inner.height_px + top + bottom), left, top))
    return places


def overhang(inner: Size, left_px: int, top_px: int, outer: Size) -> bool:
    return (
        min(left_px, top_px) < 0
        or left_px + inner.width_px > outer.width_px
        or top_px + inner.height_px > outer.height_px
    )


@settings(max_examples=500, deadline=None)
@given(source=st.builds(Size, SIDES, SIDES), recipe=RECIPES)
def test_layout_holds_together(source: Size, recipe: Recipe) -> None:
    layout = lay_out(source, recipe)
    sizes = [layout.part.size, layout.scaled, layout.kept.size, *(place.canvas for place in layout.placements)]
    assert min(side for size in sizes for side in (size.width_px, size.height_px)) >= 1
    assert not overhang(layout.part.size, layout.part.left_px, layout.part.top_px, source)
    assert not overhang(layout.kept.size, layout.kept.left_px, layout.kept.top_px, layout.scaled)
    inner = layout.kept.size
    for place in layout.placements:
        assert not overhang(inner, place.left_px, place.top_px, place.canvas)
        inner = place.canvas
    if not (recipe.resize.enlarge or recipe.resize.min_width_px or recipe.resize.min_height_px):
        assert layout.scaled.width_px <= layout.part.size.width_px
        assert layout.scaled.height_px <= layout.part.size.height_px


@settings(max_examples=500, deadline=None)
@given(source=st.builds(Size, SIDES, SIDES), recipe=RECIPES, longest_px=st.integers(1, 4000))
def test_no_side_is_longer_than_the_longest_that_is_allowed(source: Size, recipe: Recipe, longest_px: int) -> None:
    layout = lay_out(source, recipe, longest_px)
    # Each of up to five parts of a side is rounded for itself, and none vanishes.
    assert max(layout.result.width_px, layout.result.height_px) <= longest_px + 5


@given(source=st.builds(Size, SIDES, SIDES), recipe=RECIPES)
def test_smart_gravity_changes_no_size(source: Size, recipe: Recipe) -> None:
    smart = lay_out(source, replace(recipe, gravity=Gravity(Anchor.SMART)))
    plain = lay_out(source, replace(recipe, gravity=Gravity()))
    assert (smart.scaled, smart.kept.size, smart.result) == (plain.scaled, plain.kept.size, plain.result)
    assert smart.kept_smart == (smart.kept.size != smart.scaled)


@pytest.mark.parametrize(
    ("source", "options", "width_px", "height_px"),
    [
        # 12.5 and 1.5: halves go away from zero.
        (Size(200, 200), "rs:fill:25:25/dpr:0.5", 13, 13),
        (Size(4, 2), "rs:fill:3:3/dpr:0.5", 2, 2),
        # The box is hit whatever the source, although no float is 200 / 11.
        (Size(200, 200), "rs:fill:11:11/dpr:0.5", 6, 6),
        (Size(1000, 500), "rs:fill:41:41/dpr:1.5", 62, 62),
    ],
)
def test_halves_are_rounded_away_from_zero(source: Size, options: str, width_px: int, height_px: int) -> None:
    assert lay_out(source, recipe_of(options)).result == Size(width_px, height_px)


@pytest.mark.parametrize("dpr", [0.5, 1.5, 2.5])
@pytest.mark.parametrize("kind", [ResizingType.FILL, ResizingType.FORCE])
def test_a_large_source_always_fills_its_box(kind: ResizingType, dpr: float) -> None:
    missed = []
    for asked_px in range(1, 300, 2):
        recipe = Recipe(resize=Resize(kind, asked_px, asked_px), dpr=dpr)
        box = Size(floor(asked_px * dpr + 0.5), floor(asked_px * dpr + 0.5))
        sources = [Size(side_px, side_px) for side_px in range(1000, 5000, 197)]
        missed += [(source, asked_px) for source in sources if lay_out(source, recipe).result != box]
    assert missed == []


@pytest.mark.parametrize(
    ("options", "width_px", "height_px"),
    [
        ("rs:auto:50:20", 50, 20),  # both lie: fill
        ("rs:auto:50:50", 50, 50),  # a square lies
        ("rs:auto:20:50", 20, 10),  # one lies, one stands: fit
        ("rs:force:50:90", 50, 90),
        ("rs:force:0:50", 200, 50),
        ("rs:force:300:300", 100, 100),  # the ratio of the box, not the source's
        ("rs:force:300:300:1", 300, 300),
        ("rs:fill-down:0:200", 200, 100),
        ("rs:fill-down:300:0", 200, 100),
        ("rs:fit:0:0/dpr:3", 200, 100),
        ("rs:fit:0:0/dpr:3/el:1", 600, 300),
        ("rs:fit:50:0/dpr:2", 100, 50),
        ("rs:fit:1:0", 1, 1),
        ("dpr:0.001", 1, 1),
    ],
)
def test_every_type_meets_its_box(options: str, width_px: int, height_px: int) -> None:
    assert lay_out(SOURCE, recipe_of(options)).result == Size(width_px, height_px)


@pytest.mark.parametrize(
    ("gravity", "dpr", "left_px", "top_px"),
    [
        ("ce", 1, 50, 38),  # 50.5 and 37.5: halves to the even one
        ("no", 1, 50, 0),
        ("so", 1, 50, 74),
        ("ea", 1, 100, 38),
        ("we", 1, 0, 38),
        ("noea", 1, 100, 0),
        ("nowe", 1, 0, 0),
        ("soea", 1, 100, 74),
        ("sowe", 1, 0, 74),
        ("no:5:7", 1, 55, 7),
        ("so:5:7", 2, 60, 60),
        ("ea:0.1:0", 2, 80, 38),
        ("ea:10:-10", 1, 90, 28),
        ("nowe:-3:999", 1, 0, 74),
        ("ce:-0.5:0.25", 1, 0, 63),
        ("nowe:1:0.99", 1, 1, 74),
        ("fp:0.5:0.5", 1, 50, 37),
        ("fp:0:0", 1, 0, 0),
        ("fp:1:1", 1, 100, 74),
        ("fp:0.3:0.4", 1, 10, 27),
    ],
)
def test_gravity_pulls_the_crop(gravity: str, dpr: float, left_px: int, top_px: int) -> None:
    parsed = recipe_of(f"g:{gravity}").gravity
    assert position(Size(200, 100), Size(100, 26), parsed, dpr) == (left_px, top_px)


def test_gravity_of_extend_places_the_picture_on_the_canvas() -> None:
    layout = lay_out(SOURCE, recipe_of("size:500:500:0:1:soea:5:0.1"))
    (place,) = layout.placements
    assert (place.left_px, place.top_px) == (500 - 200 - 5, 500 - 100 - 50)


def test_an_unscaled_whole_picture_has_nothing_for_smart_gravity_to_find() -> None:
    assert not lay_out(SOURCE, recipe_of("rs:fit:50:50/g:sm")).kept_smart
    assert lay_out(SOURCE, recipe_of("rs:fill:50:50/g:sm")).kept_smart
