import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from origin.imaging.geometry import Area, Size
from origin.imaging.turning import Turn, turn_of
from tests.pictures import decoded, jpeg

turns = st.builds(Turn, st.integers(0, 3), st.booleans())


def applied(image: pyvips.Image, turn: Turn) -> pyvips.Image:
    if turn.mirrored:
        image = image.fliphor()
    return image.rot(f"d{90 * turn.quarters}")


def same(one: pyvips.Image, other: pyvips.Image) -> bool:
    return (one.width, one.height) == (other.width, other.height) and (one - other).abs().max() == 0


def numbered(width: int = 5, height: int = 3) -> pyvips.Image:
    """Every pixel different."""
    x = pyvips.Image.xyz(width, height)
    return (x[0] + x[1] * width).cast("uchar")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_what_libvips_makes_of_it(orientation: int) -> None:
    stored = decoded(jpeg(48, 32, orientation))
    upright = stored.autorot()
    turned = applied(stored, turn_of(orientation))
    assert same(upright, turned)


@given(turns, st.integers(0, 3), st.booleans(), st.booleans())
def test_turning_and_flipping_one_after_the_other_is_turning_once(
    first: Turn, quarters: int, horizontal: bool, vertical: bool
) -> None:
    stepwise = applied(numbered(), first).rot(f"d{90 * quarters}")
    stepwise = stepwise.fliphor() if horizontal else stepwise
    stepwise = stepwise.flipver() if vertical else stepwise
    at_once = applied(numbered(), first.then(quarters, flip_horizontal=horizontal, flip_vertical=vertical))
    assert same(stepwise, at_once)


@given(turns, st.data())
def test_cutting_before_turning_is_cutting_after_it(turn: Turn, data: st.DataObject) -> None:
    seen = turn.seen(Size(5, 3))
    left = data.draw(st.integers(0, seen.width_px - 1))
    top = data.draw(st.integers(0, seen.height_px - 1))
    width = data.draw(st.integers(1, seen.width_px - left))
    height = data.draw(st.integers(1, seen.height_px - top))
    after = applied(numbered(), turn).crop(left, top, width, height)
    area = turn.stored(Area(left, top, Size(width, height)), seen)
    before = numbered().crop(area.left_px, area.top_px, area.size.width_px, area.size.height_px)
    assert same(after, applied(before, turn))


def test_upright_is_no_turn() -> None:
    assert turn_of(1) == Turn()
    assert turn_of(6, 3) == Turn()
