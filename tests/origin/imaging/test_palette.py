"""Averages and palettes name the colours that a person sees, and only those."""

from itertools import combinations
from pathlib import Path

import pytest
import pyvips

from origin.imaging.palette import MOST, Shade, average, palette
from origin.recipe import Colour
from tests import pictures
from tests.pictures import BLUE, GREEN, GREY, RED

SAMPLES = Path(__file__).parents[3] / "origin" / "samples"


def stripes(*colours: tuple[int, ...], width_px: int = 60, height_px: int = 30) -> pyvips.Image:
    """Stripes of equal height, opaque unless the colours have a fourth number."""
    bands = [(*colour, 255)[:4] for colour in colours]
    plain = [(pyvips.Image.black(width_px, height_px, bands=4) + list(band)).cast("uchar") for band in bands]
    return pyvips.Image.arrayjoin(plain, across=1).copy(interpretation="srgb")


def sample(name: str) -> pyvips.Image:
    image = pyvips.Image.new_from_file(str(SAMPLES / name)).thumbnail_image(100, height=100)
    return (image if image.hasalpha() else image.addalpha()).cast("uchar").copy_memory()


def like(colour: Colour, wanted: tuple[int, ...], tolerance: int = 4) -> bool:
    have = (colour.red, colour.green, colour.blue)
    return all(abs(level - want) <= tolerance for level, want in zip(have, wanted, strict=True))


def has(shades: tuple[Shade, ...], wanted: tuple[int, ...], tolerance: int = 4) -> bool:
    return any(like(shade.colour, wanted, tolerance) for shade in shades)


def difference(one: Shade, two: Shade) -> float:
    """CIEDE2000."""
    first, second = (
        stripes((shade.colour.red, shade.colour.green, shade.colour.blue), width_px=1, height_px=1)[0:3]
        for shade in (one, two)
    )
    return float(first.dE00(second).avg())


def test_colours_come_with_their_shares_the_largest_first() -> None:
    shades = palette(stripes(RED, RED, RED, BLUE, BLUE, GREEN))
    assert [round(shade.share, 3) for shade in shades] == [0.5, 0.333, 0.167]
    assert [like(shade.colour, want) for shade, want in zip(shades, (RED, BLUE, GREEN), strict=True)] == [True] * 3


def test_equal_shares_are_in_the_order_of_their_numbers() -> None:
    assert palette(stripes(RED, BLUE)) == palette(stripes(BLUE, RED))


def test_four_quarters_are_four_colours() -> None:
    shades = palette(pictures.quarters().addalpha())
    assert [shade.share for shade in shades] == [0.25] * 4
    assert all(has(shades, colour) for colour in (RED, GREEN, BLUE, GREY))


def test_colours_that_look_alike_are_one() -> None:
    (shade,) = palette(stripes(RED, RED, (204, 34, 33), (196, 28, 36)))
    assert like(shade.colour, RED)
    assert shade.share == pytest.approx(1)


def test_of_many_colours_the_clearest_six_stay() -> None:
    wheel = [(255, 0, 0), (255, 160, 0), (240, 240, 0), (0, 170, 0), (0, 200, 220), (0, 0, 255), (150, 0, 200)]
    shades = palette(stripes(*wheel, (0, 0, 0), (255, 255, 255), width_px=30, height_px=10))
    assert len(shades) == MOST
    assert sum(shade.share for shade in shades) == pytest.approx(1)


def test_a_small_accent_gets_its_own_colour_but_a_speck_does_not() -> None:
    paper = stripes((250, 250, 245), width_px=100, height_px=100)
    accent = paper.draw_rect([*RED, 255], 10, 10, 20, 20, fill=True)
    assert has(palette(accent), RED)
    (only,) = palette(paper.draw_rect([*RED, 255], 10, 10, 6, 6, fill=True))
    assert like(only.colour, (250, 250, 245))


def test_what_can_hardly_be_seen_hardly_counts() -> None:
    shades = palette(stripes((*RED, 255), (*BLUE, 51), (*GREEN, 0)))
    assert [round(shade.share, 3) for shade in shades] == [0.833, 0.167]
    assert not has(shades, GREEN)


def test_a_picture_of_which_nothing_can_be_seen_has_no_colours() -> None:
    clear = stripes((*RED, 0))
    assert palette(clear) == ()
    assert average(clear) is None


def test_a_single_pixel_has_one_colour() -> None:
    pixel = stripes(RED, width_px=1, height_px=1)
    assert palette(pixel) == (Shade(Colour(*RED), 1.0),)
    assert average(pixel) == Colour(*RED)


def test_grey_stays_grey() -> None:
    assert all(
        shade.colour.red == shade.colour.green == shade.colour.blue
        for shade in palette(stripes((0, 0, 0), (90, 90, 90), (255, 255, 255)))
    )


def test_average_is_the_mean_of_what_can_be_seen() -> None:
    assert average(stripes((0, 0, 0), (255, 101, 51))) == Colour(128, 50, 26)
    assert average(stripes((*RED, 255), (*BLUE, 0))) == Colour(*RED)
    assert average(stripes((0, 0, 0, 255), (240, 240, 240, 85))) == Colour(60, 60, 60)


@pytest.mark.parametrize("name", ["valley.jpg", "portrait.jpg", "market.jpg", "logo.png", "fabric.png"])
def test_samples_have_few_clearly_different_colours(name: str) -> None:
    shades = palette(sample(name))
    assert 3 <= len(shades) <= MOST
    assert sum(shade.share for shade in shades) == pytest.approx(1)
    assert list(shades) == sorted(shades, key=lambda shade: -shade.share)
    assert all(difference(one, two) > 8 for one, two in combinations(shades, 2))
    assert palette(sample(name)) == shades


def test_a_still_life_shows_its_fruit() -> None:
    shades = palette(sample("market.jpg"))
    assert has(shades, (229, 75, 57), tolerance=30)
    assert has(shades, (230, 163, 26), tolerance=30)
    assert has(shades, (40, 142, 140), tolerance=30)
