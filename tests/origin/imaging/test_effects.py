"""Colours and sharpness: each effect against its arithmetic, in every kind of picture, at every size."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import pyvips

from origin.imaging.effects import adjust_colours, change_sharpness
from origin.recipe import Colour, Duotone, Effects, Monochrome, Unsharp, UnsharpMode
from tests import pictures
from tests.pictures import BLUE, GREEN, GREY, RED

ALWAYS = Unsharp(UnsharpMode.ALWAYS)
AUTO = Unsharp(UnsharpMode.AUTO)
SEPIA = Colour(112, 66, 20)

COLOURS = {
    "brighter": Effects(brightness=60),
    "more contrast": Effects(contrast=1.5),
    "less saturation": Effects(saturation=0.3),
    "monochrome": Effects(monochrome=Monochrome(0.7)),
    "duotone": Effects(duotone=Duotone(0.7, Colour(10, 20, 30), Colour(250, 240, 230))),
    "all of them": Effects(20, 1.2, 1.4, Monochrome(0.3, SEPIA), Duotone(0.3)),
}
SHARPNESS = {
    "a blur": Effects(blur=2),
    "a wide blur": Effects(blur=40),
    "sharpening": Effects(sharpen=1),
    "squares": Effects(pixelate_px=7),
    "an unsharp mask": Effects(unsharp=ALWAYS),
    "all of them": Effects(blur=1, sharpen=1, pixelate_px=5, unsharp=ALWAYS),
}


def one_colour(*bands: int) -> pyvips.Image:
    interpretation = "srgb" if len(bands) > 2 else "b-w"
    image = pyvips.Image.black(8, 8, bands=len(bands)) + list(bands)
    return image.cast("uchar").copy(interpretation=interpretation)


def adjusted(colour: tuple[int, ...], effects: Effects) -> list[float]:
    """What becomes of one *colour*."""
    return list(adjust_colours(one_colour(*colour), effects)(4, 4))


def sharpness(image: pyvips.Image, effects: Effects, dpr: float = 1.0, *, shrunk: bool = False) -> pyvips.Image:
    return change_sharpness(image, effects, dpr, shrunk)


def luminance(colour: list[float]) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def grey(levels: list[int], height_px: int = 4) -> pyvips.Image:
    """A grey picture of one row, repeated."""
    return pyvips.Image.new_from_array([levels] * height_px).cast("uchar").copy(interpretation="b-w")


def row(image: pyvips.Image, y: int = 0, band: int = 0) -> list[int]:
    return [round(image(x, y)[band]) for x in range(image.width)]


def edge() -> pyvips.Image:
    """Dark on the left, light on the right."""
    return grey([60] * 32 + [190] * 32, 64)


def half_seen(colour: tuple[int, int, int], unseen: tuple[int, int, int]) -> pyvips.Image:
    """Opaque on the left, transparent on the right, over colours that must not show."""
    seen = pyvips.Image.black(64, 64).draw_rect(255, 0, 0, 32, 64, fill=True).cast("uchar")
    colours = seen.ifthenelse(list(colour), list(unseen)).cast("uchar")
    return colours.copy(interpretation="srgb").bandjoin(seen)


def distance(one: pyvips.Image, other: pyvips.Image) -> float:
    """Mean difference per band, 0 to 255."""
    return float((one.cast("float") - other).abs().avg())


# Nothing to do.


@pytest.mark.parametrize("shrunk", [True, False])
def test_default_effects_return_the_very_same_picture(shrunk: bool) -> None:
    image = pictures.quarters()
    assert adjust_colours(image, Effects()) is image
    assert sharpness(image, Effects(), 2.0, shrunk=shrunk) is image


@pytest.mark.parametrize(
    "effects",
    [
        Effects(blur=2),
        Effects(sharpen=2),
        Effects(pixelate_px=8),
        Effects(unsharp=ALWAYS),
        Effects(monochrome=Monochrome(0, SEPIA), duotone=Duotone(0, SEPIA, SEPIA)),
    ],
)
def test_colours_are_left_alone_by_what_is_not_theirs(effects: Effects) -> None:
    image = pictures.quarters()
    assert adjust_colours(image, effects) is image


@pytest.mark.parametrize("effects", [*COLOURS.values(), Effects(pixelate_px=1), Effects(unsharp=AUTO)])
def test_sharpness_is_left_alone_by_what_is_not_its_own(effects: Effects) -> None:
    image = pictures.quarters()
    assert sharpness(image, effects) is image


def test_squares_of_less_than_a_pixel_change_nothing() -> None:
    image = pictures.quarters()
    assert sharpness(image, Effects(pixelate_px=2), 0.4) is image


# Kinds of picture.


@pytest.mark.parametrize("effects", COLOURS.values(), ids=COLOURS)
@pytest.mark.parametrize("alpha", [False, True])
def test_colour_effects_keep_size_bands_and_format(effects: Effects, alpha: bool) -> None:
    image = pictures.quarters(33, 17)
    image = image.addalpha() if alpha else image
    result = adjust_colours(image, effects)
    assert (result.width, result.height, result.bands) == (33, 17, image.bands)
    assert (result.format, result.interpretation) == ("uchar", "srgb")


@pytest.mark.parametrize("effects", SHARPNESS.values(), ids=SHARPNESS)
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(33, 17), (1, 1), (1, 50), (50, 1), (3, 2)])
def test_sharpness_effects_keep_size_bands_and_format(effects: Effects, bands: int, size: tuple[int, int]) -> None:
    image = pictures.quarters(*size) if bands > 2 else pictures.quarters(*size).colourspace("b-w")
    image = image.addalpha() if bands % 2 == 0 else image
    result = sharpness(image, effects)
    assert (result.width, result.height, result.bands) == (*size, bands)
    assert (result.format, result.interpretation) == ("uchar", image.interpretation)
    result.copy_memory()


@pytest.mark.parametrize("effects", COLOURS.values(), ids=COLOURS)
def test_alpha_is_never_touched_by_colour_effects(effects: Effects) -> None:
    alpha = pyvips.Image.identity().copy(interpretation="b-w")
    image = one_colour(200, 30, 30).resize(32, vscale=1 / 8).bandjoin(alpha)
    assert row(adjust_colours(image, effects), band=3) == list(range(256))


@pytest.mark.parametrize("colour", [(90,), (90, 120)])
def test_grey_keeps_its_bands_when_only_its_curve_changes(colour: tuple[int, ...]) -> None:
    assert adjusted(colour, Effects(brightness=10, saturation=3.0)) == [100, *colour[1:]]


@pytest.mark.parametrize("colour", [(90,), (90, 120)])
def test_tinted_grey_becomes_srgb(colour: tuple[int, ...]) -> None:
    blue = Effects(duotone=Duotone(1, Colour(0, 0, 255), Colour(0, 0, 255)))
    assert adjusted(colour, blue) == [0, 0, 255, *colour[1:]]


@pytest.mark.parametrize("effects", [*COLOURS.values(), *SHARPNESS.values()])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_source_that_can_be_read_only_once_and_in_order_is_enough(effects: Effects, suffix: str) -> None:
    body = pictures.encoded(pictures.quarters(400, 700), suffix)

    def made(access: str) -> pyvips.Image:
        image = pyvips.Image.new_from_buffer(body, "", access=access, fail_on="error")
        return sharpness(adjust_colours(image, effects), effects)

    assert distance(made("sequential").copy_memory(), made("random")) == 0


# Colours.


@pytest.mark.parametrize(
    ("brightness", "expected"), [(40, [255, 140, 40]), (-40, [200, 60, 0]), (255, [255] * 3), (-255, [0] * 3)]
)
def test_brightness_is_added_and_clipped_without_wrapping(brightness: int, expected: list[float]) -> None:
    assert adjusted((240, 100, 0), Effects(brightness=brightness)) == expected


@pytest.mark.parametrize(
    ("contrast", "expected"),
    [(0, [128, 128, 128]), (0.5, [64, 114, 191]), (2, [0, 73, 255]), (1000, [0, 0, 255])],
)
def test_contrast_turns_around_mid_grey(contrast: float, expected: list[float]) -> None:
    assert adjusted((0, 100, 255), Effects(contrast=contrast)) == pytest.approx(expected, abs=1)


def test_brightness_comes_before_contrast_and_nothing_is_lost_in_between() -> None:
    assert adjusted((100, 200, 250), Effects(brightness=100, contrast=0.5)) == pytest.approx([164, 214, 239], abs=1)


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE, (255, 255, 255), (0, 0, 0)])
def test_without_saturation_every_band_is_the_luminance(colour: tuple[int, int, int]) -> None:
    assert adjusted(colour, Effects(saturation=0)) == pytest.approx([luminance(list(colour))] * 3, abs=1)


def test_saturation_moves_colours_away_from_their_grey_and_leaves_grey_alone() -> None:
    more = adjusted((120, 100, 90), Effects(saturation=2))
    assert more[0] > 120
    assert more[2] < 90
    assert luminance(more) == pytest.approx(luminance([120, 100, 90]), abs=1)
    assert adjusted(GREY, Effects(saturation=5)) == list(GREY)


def test_saturation_is_clipped_without_wrapping() -> None:
    assert adjusted((255, 20, 0), Effects(saturation=10)) == [255, 0, 0]


def test_monochrome_in_its_default_colour_is_the_grey_picture() -> None:
    grey_picture = Effects(saturation=0)
    for colour in (RED, GREEN, BLUE, GREY):
        expected = adjusted(colour, grey_picture)
        assert adjusted(colour, Effects(monochrome=Monochrome(1))) == pytest.approx(expected, abs=1)


def test_monochrome_keeps_black_white_and_every_luminance() -> None:
    sepia = Effects(monochrome=Monochrome(1, SEPIA))
    assert adjusted((0, 0, 0), sepia) == [0, 0, 0]
    assert adjusted((255, 255, 255), sepia) == [255, 255, 255]
    assert adjusted((SEPIA.red, SEPIA.green, SEPIA.blue), sepia) == pytest.approx([112, 66, 20], abs=1)
    for colour in (RED, GREEN, BLUE, GREY):
        assert luminance(adjusted(colour, sepia)) == pytest.approx(luminance(list(colour)), abs=1)


@pytest.mark.parametrize("colour", [Colour(0, 0, 0), Colour(255, 255, 255), Colour(0, 0, 255)])
def test_monochrome_takes_colours_at_the_ends_of_the_scale(colour: Colour) -> None:
    ramp = [adjusted((level,) * 3, Effects(monochrome=Monochrome(1, colour)))[1] for level in (0, 64, 128, 192, 255)]
    assert ramp[0] == 0
    assert ramp[-1] == 255
    assert all(before <= after for before, after in pairwise(ramp))


def test_monochrome_mixes_by_its_intensity() -> None:
    half = adjusted(RED, Effects(monochrome=Monochrome(0.5)))
    grey_level = luminance(list(RED))
    assert half == pytest.approx([(band + grey_level) / 2 for band in RED], abs=1)


def test_duotone_goes_from_its_dark_to_its_light_colour() -> None:
    duotone = Effects(duotone=Duotone(1, Colour(20, 10, 80), Colour(255, 200, 90)))
    assert adjusted((0, 0, 0), duotone) == [20, 10, 80]
    assert adjusted((255, 255, 255), duotone) == [255, 200, 90]
    assert adjusted((51, 51, 51), duotone) == [67, 48, 82]


def test_duotone_comes_after_monochrome_and_mixes_by_its_intensity() -> None:
    both = Effects(monochrome=Monochrome(1, SEPIA), duotone=Duotone(0.5, Colour(0, 0, 0), Colour(0, 0, 255)))
    alone = adjusted(GREEN, Effects(monochrome=Monochrome(1, SEPIA)))
    blue = [0, 0, luminance(list(GREEN))]
    assert adjusted(GREEN, both) == pytest.approx([(a + b) / 2 for a, b in zip(alone, blue, strict=True)], abs=1)


def test_effects_in_one_go_are_the_effects_one_after_the_other() -> None:
    steps = [
        Effects(brightness=20),
        Effects(contrast=1.2),
        Effects(saturation=1.3),
        Effects(monochrome=Monochrome(0.4, SEPIA)),
        Effects(duotone=Duotone(0.3, Colour(20, 10, 80), Colour(255, 220, 190))),
    ]
    colour: list[float] = [120, 100, 90]
    for step in steps:
        colour = adjusted(tuple(map(round, colour)), step)
    together = Effects(20, 1.2, 1.3, steps[3].monochrome, steps[4].duotone)
    assert adjusted((120, 100, 90), together) == pytest.approx(colour, abs=2)


# Sharpness.


def test_blur_softens_an_edge_and_leaves_flat_parts_alone() -> None:
    blurred = row(sharpness(edge(), Effects(blur=3)), 32)
    assert blurred[0] == pytest.approx(60, abs=2)
    assert blurred[-1] == pytest.approx(190, abs=2)
    assert blurred[31] == pytest.approx(125, abs=20)
    assert all(before <= after + 1 for before, after in pairwise(blurred))


@pytest.mark.parametrize("option", ["blur", "pixelate_px"])
def test_sigmas_and_squares_are_multiplied_by_the_dpr(option: str) -> None:
    image = pictures.quarters()
    at_dpr = sharpness(image, Effects(**{option: 4}), 2.0)  # type: ignore[arg-type]
    assert distance(at_dpr, sharpness(image, Effects(**{option: 8}))) == 0  # type: ignore[arg-type]


def test_blur_of_a_shrunk_picture_looks_like_the_blur_of_the_whole() -> None:
    image = pictures.quarters(301, 203)
    for sigma in (16.5, 20, 33, 60):
        assert distance(sharpness(image, Effects(blur=sigma)), image.gaussblur(sigma)) < 3


def test_a_blur_wider_than_the_picture_is_nearly_one_colour_and_keeps_its_average() -> None:
    image = pictures.quarters()
    blurred = sharpness(image, Effects(blur=1e6), 3.0).copy_memory()
    assert blurred.avg() == pytest.approx(image.avg(), abs=3)
    assert blurred.max() - blurred.min() < 60


def test_the_cost_of_a_blur_does_not_grow_with_its_sigma() -> None:
    image = pictures.quarters(700, 700).copy_memory()

    def cost_s(effects: Effects) -> float:
        started_s = time.process_time()
        sharpness(image, effects).copy_memory()
        return time.process_time() - started_s

    pairs = [(cost_s(Effects(blur=16)), cost_s(Effects(blur=1000))) for _ in range(5)]
    assert min(wide for _, wide in pairs) < 5 * min(narrow for narrow, _ in pairs)


def test_sharpening_makes_an_edge_steeper() -> None:
    sharpened = row(sharpness(edge(), Effects(sharpen=1.5)), 32)
    assert min(sharpened) < 55
    assert max(sharpened) > 195
    assert sharpened[0] == pytest.approx(60, abs=1)


def test_sharpening_beyond_what_libvips_takes_is_its_most(capfd: pytest.CaptureFixture[str]) -> None:
    assert distance(sharpness(edge(), Effects(sharpen=500)), sharpness(edge(), Effects(sharpen=10))) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("mode", "shrunk", "sharpen", "applies"),
    [
        (UnsharpMode.NONE, True, 0, False),
        (UnsharpMode.AUTO, True, 0, True),
        (UnsharpMode.AUTO, False, 0, False),
        (UnsharpMode.AUTO, True, 1, False),
        (UnsharpMode.ALWAYS, False, 0, True),
        (UnsharpMode.ALWAYS, True, 1, True),
    ],
)
def test_unsharp_mask_applies_by_its_mode(mode: UnsharpMode, shrunk: bool, sharpen: float, applies: bool) -> None:
    without = sharpness(edge(), Effects(sharpen=sharpen), shrunk=shrunk)
    masked = sharpness(edge(), Effects(sharpen=sharpen, unsharp=Unsharp(mode)), shrunk=shrunk)
    assert (distance(masked, without) > 0) == applies


def test_unsharp_mask_weighs_neighbours_against_the_divider() -> None:
    """A centre of 100 among eight neighbours of 80: 100 + weight * 8 * 20 / divider."""
    image = pyvips.Image.black(9, 9) + 80
    image = image.draw_rect(100, 4, 4, 1, 1, fill=True).cast("uchar").copy(interpretation="b-w")
    for weight, divider in ((1.0, 24.0), (2.0, 24.0), (1.0, 12.0), (0.3, 7.5)):
        masked = sharpness(image, Effects(unsharp=Unsharp(UnsharpMode.ALWAYS, weight, divider)))
        assert masked(4, 4)[0] == pytest.approx(100 + weight * 160 / divider, abs=1)
        assert masked(3, 4)[0] == pytest.approx(80 - weight * 20 / divider, abs=1)
        assert masked(0, 0)[0] == 80


def test_pixelate_averages_whole_and_partial_squares() -> None:
    levels = [0, 30, 60, 90, 100, 140, 180, 220, 10, 20]
    assert row(sharpness(grey(levels), Effects(pixelate_px=4))) == [45] * 4 + [160] * 4 + [15] * 2


def test_partial_squares_below_are_averaged_too() -> None:
    upright = sharpness(grey([0, 30, 60, 90, 10, 20], 7).rot90(), Effects(pixelate_px=4))
    assert row(upright.rot270()) == [45] * 4 + [15] * 2


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_every_square_of_a_large_picture_is_the_average_of_its_pixels(bands: int) -> None:
    noise = pyvips.Image.gaussnoise(160, 90, mean=128, sigma=50, seed=1).cast("uchar")
    image = (
        noise if bands == 1 else noise.bandjoin([noise.rot180(), noise.fliphor(), noise.linear(0, 255)][: bands - 1])
    )
    image = image.copy(interpretation="srgb" if bands > 2 else "b-w").cast("uchar").copy_memory()
    squares = sharpness(image, Effects(pixelate_px=35)).copy_memory()
    for left in range(0, 160, 35):
        for top in range(0, 90, 35):
            square = image.crop(left, top, min(35, 160 - left), min(35, 90 - top))
            expected = [square.extract_band(band).avg() for band in range(bands)]
            assert squares(left, top) == pytest.approx(expected, abs=1.5)


def test_squares_larger_than_the_picture_make_it_one_colour() -> None:
    image = pictures.quarters(40, 20)
    result = sharpness(image, Effects(pixelate_px=10**9)).copy_memory()
    assert all(result.extract_band(band).deviate() == 0 for band in range(3))
    assert result.avg() == pytest.approx(image.avg(), abs=1)


def test_blur_comes_before_squares() -> None:
    both = sharpness(pictures.quarters(), Effects(blur=4, pixelate_px=9))
    blurred = sharpness(pictures.quarters(), Effects(blur=4))
    assert distance(both, sharpness(blurred, Effects(pixelate_px=9))) == 0


# Transparency.


@pytest.mark.parametrize("effects", SHARPNESS.values(), ids=SHARPNESS)
def test_colours_that_cannot_be_seen_do_not_bleed(effects: Effects) -> None:
    over_green, over_black = (
        sharpness(half_seen(RED, unseen), effects).flatten(background=[255, 255, 255])
        for unseen in ((0, 255, 0), (0, 0, 0))
    )
    assert distance(over_green, over_black) == 0


@pytest.mark.parametrize("effects", SHARPNESS.values(), ids=SHARPNESS)
def test_one_colour_stays_that_colour_up_to_its_edge(effects: Effects) -> None:
    result = sharpness(half_seen(RED, (0, 255, 0)), effects).copy_memory()
    for x in range(64):
        *colour, alpha = result(x, 32)
        if alpha > 40:
            assert colour == pytest.approx(list(RED), abs=8)


@pytest.mark.parametrize("effects", [Effects(sharpen=2), Effects(unsharp=ALWAYS)])
def test_sharpening_leaves_alpha_alone(effects: Effects) -> None:
    image = half_seen(RED, (0, 255, 0))
    assert distance(sharpness(image, effects).extract_band(3), image.extract_band(3)) == 0


def test_blur_softens_the_edge_of_what_can_be_seen() -> None:
    alphas = row(sharpness(half_seen(RED, RED), Effects(blur=3)), 32, band=3)
    assert alphas[0] == 255
    assert 90 < alphas[31] < 200
    assert alphas[-1] == 0


@pytest.mark.parametrize("change", [adjust_colours, lambda image, effects: sharpness(image, effects)])
def test_effects_do_not_change_the_picture_they_are_given(
    change: Callable[[pyvips.Image, Effects], pyvips.Image],
) -> None:
    image = pictures.quarters().copy_memory()
    change(image, Effects(brightness=50, monochrome=Monochrome(1), blur=3, pixelate_px=9)).copy_memory()
    assert distance(image, pictures.quarters()) == 0
