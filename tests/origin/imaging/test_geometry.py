"""Sizes and positions: imgproxy's own rows, and section 5 of the grammar stated a second time in fractions."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from origin.grammar import parse
from origin.imaging.geometry import Layout, Size, lay_out, position
from origin.recipe import Anchor, Extend, Gravity, Recipe, Resize, ResizingType

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
    ("resize:fit:300:300:0:1", 300, 300),
    ("resize:fit:50:0:0:1", 50, 25),
    ("resize:fit:0:200:0:1", 200, 200),
    ("resize:fit:300:0:0:1", 300, 100),
    ("resize:fill:50:20", 50, 20),
    ("resize:fill:300:300", 200, 100),
    ("resize:fill:0:50", 100, 50),
    ("resize:fill:50:50/enlarge:1", 50, 50),
    ("resize:fill:20:50/enlarge:1", 20, 50),
    ("resize:fill:300:300/enlarge:1", 300, 300),
    ("resize:fill:250:300/enlarge:1", 250, 300),
    ("resize:fill:300:0/enlarge:1", 300, 150),
    ("resize:fill:50:50:0:1", 50, 50),
    ("resize:fill:50:20:0:1", 50, 20),
    ("resize:fill:300:125:0:1", 300, 125),
    ("resize:fill:300:50:0:1", 300, 50),
    ("resize:fill:100:300:0:1", 100, 300),
    ("resize:fill:0:50:0:1", 100, 50),
    ("resize:fill:50:0:0:1", 50, 25),
    ("resize:fill:0:200:0:1", 200, 200),
    ("resize:fill:300:0:0:1", 300, 100),
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
    ("resize:fill-down:20:50:0:1", 20, 50),
    ("resize:fill-down:300:300:0:1", 300, 300),
    ("resize:fill-down:300:125:0:1", 300, 125),
    ("resize:fill-down:250:300:0:1", 250, 300),
    ("resize:fill-down:300:50:0:1", 300, 50),
    ("resize:fill-down:100:300:0:1", 100, 300),
    ("resize:fill-down:50:0:0:1", 50, 25),
    ("resize:fill-down:300:0:0:1", 300, 100),
    ("rs:fill:100:26/g:so", 100, 26),
    ("rs:fill:100:26/g:nowe", 100, 26),
    ("rs:fill:26:100/g:ce", 26, 100),
    ("rs:fill:26:100/g:we", 26, 100),
    ("rs:fill:26:100/g:no:5/dpr:0.5", 13, 50),
    ("rs:fill:100:26/g:no::0.1", 100, 26),
    ("size:500:500:0:1:ea", 500, 500),
    ("size:500:500:0:1:we", 500, 500),
    ("size:500:500:0:1:noea", 500, 500),
    ("size:500:500:0:1:soea", 500, 500),
    ("size:500:500:0:1:nowe", 500, 500),
    ("size:500:500:0:1:no::5", 500, 500),
    ("size:500:500:0:1:ea:5", 500, 500),
    ("size:500:500:0:1:no::0.1/dpr:0.5", 250, 250),
]


def recipe_of(options: str) -> Recipe:
    return parse(f"/{options}/plain/local:///a.png").recipe


@pytest.mark.parametrize(("options", "width_px", "height_px"), KNOWN)
def test_sizes_are_those_of_imgproxy(options: str, width_px: int, height_px: int) -> None:
    assert lay_out(SOURCE, recipe_of(options)).canvas == Size(width_px, height_px)


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
    if not resize.enlarge:
        least = min(sx, sy)
        if least < 1:
            sx, sy = sx / least, sy / least
            dpr = dpr if resize.extend.enabled else dpr / least
        dpr = min(dpr, sx, sy)
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
RECIPES = st.builds(
    Recipe,
    resize=st.builds(
        Resize,
        type=st.sampled_from(ResizingType),
        width_px=BOX_SIDES,
        height_px=BOX_SIDES,
        enlarge=st.booleans(),
        extend=st.builds(Extend, st.booleans(), STEADY),
    ),
    gravity=STEADY,
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
    sx, sy, dpr = stated_shrink(source, resize, Fraction(recipe.dpr))
    scaled = Size(
        rounded(source.width_px / min(sx / dpr, Fraction(source.width_px))),
        rounded(source.height_px / min(sy / dpr, Fraction(source.height_px))),
    )
    # "0 stays 0", and what was asked for does not become it.
    target = Size(
        max(rounded(resize.width_px * dpr), int(resize.width_px > 0)),
        max(rounded(resize.height_px * dpr), int(resize.height_px > 0)),
    )
    kept = stated_kept(scaled, target, resize)
    canvas = kept
    if resize.extend.enabled:
        canvas = Size(max(kept.width_px, target.width_px), max(kept.height_px, target.height_px))

    layout = lay_out(source, recipe)
    assert (layout.scaled, layout.kept.size, layout.canvas) == (scaled, kept, canvas)
    at = (layout.kept.left_px, layout.kept.top_px)
    assert at == stated_position(scaled, kept, recipe.gravity, dpr)
    assert (layout.left_px, layout.top_px) == stated_position(canvas, kept, resize.extend.gravity, dpr)
    assert not layout.smart


def overhang(inner: Size, left_px: int, top_px: int, outer: Size) -> bool:
    return (
        min(left_px, top_px) < 0
        or left_px + inner.width_px > outer.width_px
        or top_px + inner.height_px > outer.height_px
    )


def least_side(layout: Layout) -> int:
    sizes = (layout.scaled, layout.kept.size, layout.canvas)
    return min(side for size in sizes for side in (size.width_px, size.height_px))


@settings(max_examples=500, deadline=None)
@given(source=st.builds(Size, SIDES, SIDES), recipe=RECIPES)
def test_layout_holds_together(source: Size, recipe: Recipe) -> None:
    layout = lay_out(source, recipe)
    assert least_side(layout) >= 1
    assert not overhang(layout.kept.size, layout.kept.left_px, layout.kept.top_px, layout.scaled)
    assert not overhang(layout.kept.size, layout.left_px, layout.top_px, layout.canvas)
    if not recipe.resize.extend.enabled:
        assert layout.canvas == layout.kept.size
    if not recipe.resize.enlarge:
        assert layout.scaled.width_px <= source.width_px
        assert layout.scaled.height_px <= source.height_px


@given(source=st.builds(Size, SIDES, SIDES), recipe=RECIPES)
def test_smart_gravity_changes_no_size(source: Size, recipe: Recipe) -> None:
    smart = lay_out(source, replace(recipe, gravity=Gravity(Anchor.SMART)))
    plain = lay_out(source, replace(recipe, gravity=Gravity()))
    assert (smart.scaled, smart.kept.size, smart.canvas) == (plain.scaled, plain.kept.size, plain.canvas)
    assert smart.smart == (smart.kept.size != smart.scaled)


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
    assert lay_out(source, recipe_of(options)).canvas == Size(width_px, height_px)


@pytest.mark.parametrize("dpr", [0.5, 1.5, 2.5])
@pytest.mark.parametrize("kind", [ResizingType.FILL, ResizingType.FORCE])
def test_a_large_source_always_fills_its_box(kind: ResizingType, dpr: float) -> None:
    missed = []
    for asked_px in range(1, 300, 2):
        recipe = Recipe(resize=Resize(kind, asked_px, asked_px), dpr=dpr)
        box = Size(floor(asked_px * dpr + 0.5), floor(asked_px * dpr + 0.5))
        sources = [Size(side_px, side_px) for side_px in range(1000, 5000, 197)]
        missed += [(source, asked_px) for source in sources if lay_out(source, recipe).canvas != box]
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
    assert lay_out(SOURCE, recipe_of(options)).canvas == Size(width_px, height_px)


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
    assert (layout.left_px, layout.top_px) == (500 - 200 - 5, 500 - 100 - 50)


def test_an_unscaled_whole_picture_has_nothing_for_smart_gravity_to_find() -> None:
    assert not lay_out(SOURCE, recipe_of("rs:fit:50:50/g:sm")).smart
    assert lay_out(SOURCE, recipe_of("rs:fill:50:50/g:sm")).smart
