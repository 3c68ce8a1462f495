"""Watermarks: where they land, how large, how visible, what letters they are made of."""

import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
import pyvips

from origin.errors import BadRecipe, NotAnImage, TooCostly
from origin.imaging import watermark
from origin.imaging.watermark import MOST_CHARACTERS, decoded, overlay, picture, text_picture
from origin.recipe import Anchor, Gravity, Watermark
from tests import pictures
from tests.pictures import BLUE, GREEN, GREY, RED, near

SIDE = 64


def plain(width_px: int = SIDE, height_px: int = SIDE, colour: tuple[int, ...] = GREY) -> pyvips.Image:
    image = pyvips.Image.black(width_px, height_px, bands=len(colour)) + list(colour)
    return image.cast("uchar").copy(interpretation="srgb")


RED_SQUARE = plain(16, 16, RED)


def marked(
    mark: Watermark, over: pyvips.Image | None = None, square: pyvips.Image = RED_SQUARE, dpr: float = 1.0
) -> pyvips.Image:
    ground = over or plain()
    result = overlay(ground, mark, square, dpr)
    assert (result.width, result.height, result.bands) == (ground.width, ground.height, ground.bands)
    assert (result.format, result.interpretation) == ("uchar", "srgb")
    return result.copy_memory()


def box(image: pyvips.Image, ground: tuple[int, ...] = GREY) -> tuple[int, ...]:
    """Left, top, width and height of what differs from the ground."""
    return tuple(image.find_trim(background=list(ground), threshold=8, line_art=True))


def ink(image: pyvips.Image) -> float:
    """How much of a text there is to see."""
    return float(image.extract_band(3).avg() * image.width * image.height)


# Where.


@pytest.mark.parametrize(
    ("anchor", "left", "top"),
    [
        (Anchor.NORTH_WEST, 0, 0),
        (Anchor.NORTH, 24, 0),
        (Anchor.NORTH_EAST, 48, 0),
        (Anchor.WEST, 0, 24),
        (Anchor.CENTRE, 24, 24),
        (Anchor.EAST, 48, 24),
        (Anchor.SOUTH_WEST, 0, 48),
        (Anchor.SOUTH, 24, 48),
        (Anchor.SOUTH_EAST, 48, 48),
    ],
)
def test_watermark_goes_where_its_anchor_says(anchor: Anchor, left: int, top: int) -> None:
    assert box(marked(Watermark(1, Gravity(anchor)))) == (left, top, 16, 16)


@pytest.mark.parametrize(
    ("gravity", "dpr", "left", "top"),
    [
        (Gravity(Anchor.NORTH_WEST, 5, 7), 1.0, 5, 7),
        (Gravity(Anchor.SOUTH_EAST, 5, 7), 1.0, 43, 41),
        (Gravity(Anchor.CENTRE, 5, -7), 1.0, 29, 17),
        (Gravity(Anchor.NORTH_WEST, 0.25, 0.5), 1.0, 16, 32),
        (Gravity(Anchor.SOUTH_EAST, 0.25, 0.125), 1.0, 32, 40),
        (Gravity(Anchor.FOCAL_POINT, 0.25, 0.75), 1.0, 8, 40),
        (Gravity(Anchor.SMART), 1.0, 24, 24),
    ],
)
def test_offsets_move_it_inwards_in_pixels_or_shares(gravity: Gravity, dpr: float, left: int, top: int) -> None:
    assert box(marked(Watermark(1, gravity), dpr=dpr)) == (left, top, 16, 16)


def test_offsets_in_pixels_are_multiplied_by_the_dpr_and_a_picture_keeps_its_size() -> None:
    assert box(marked(Watermark(1, Gravity(Anchor.NORTH_WEST, 5, 0.25)), dpr=2.0)) == (10, 16, 16, 16)


@pytest.mark.parametrize(
    ("gravity", "expected"),
    [
        (Gravity(Anchor.NORTH_WEST, -6, -10), (0, 0, 10, 6)),
        (Gravity(Anchor.SOUTH_EAST, -6, -10), (54, 58, 10, 6)),
        (Gravity(Anchor.FOCAL_POINT, 0, 1), (0, 56, 8, 8)),
    ],
)
def test_a_watermark_that_overhangs_is_cut_off_rather_than_moved(gravity: Gravity, expected: tuple[int, ...]) -> None:
    assert box(marked(Watermark(1, gravity))) == expected


def test_a_watermark_larger_than_the_result_shows_its_middle() -> None:
    result = marked(Watermark(1), over=plain(32, 20), square=pictures.quarters(64, 64))
    assert [result(x, y) for x, y in ((0, 0), (31, 0), (0, 19), (31, 19))] == [
        list(colour) for colour in (RED, GREEN, BLUE, GREY)
    ]


@pytest.mark.parametrize("gravity", [Gravity(Anchor.NORTH_WEST, -16, 0), Gravity(Anchor.SOUTH, 1e9, 1e300)])
def test_a_watermark_wholly_outside_leaves_the_very_same_picture(gravity: Gravity) -> None:
    image = plain()
    assert overlay(image, Watermark(1, gravity), RED_SQUARE, 1.0) is image


def test_without_opacity_the_very_same_picture_comes_back() -> None:
    image = plain()
    assert overlay(image, Watermark(0, text="seen"), RED_SQUARE, 1.0) is image


# How large.


@pytest.mark.parametrize(
    ("shape", "scale", "expected"),
    [
        ((16, 16), 0.5, (20, 20)),
        ((40, 10), 0.5, (40, 10)),
        ((40, 10), 1, (80, 20)),
        ((10, 40), 0.5, (5, 20)),
        ((400, 100), 0.25, (20, 5)),
        ((400, 1), 0.25, (20, 1)),
    ],
)
def test_scale_fits_it_into_that_share_of_the_result(
    shape: tuple[int, int], scale: float, expected: tuple[int, int]
) -> None:
    result = marked(Watermark(1, scale=scale), over=plain(80, 40), square=plain(*shape, RED), dpr=3.0)
    assert box(result)[2:] == expected


def test_a_picture_scaled_down_keeps_invisible_colours_invisible() -> None:
    seen = pyvips.Image.black(64, 64).draw_rect(255, 0, 0, 32, 64, fill=True).cast("uchar")
    ghost = seen.ifthenelse(list(RED), [0, 255, 0]).cast("uchar").copy(interpretation="srgb").bandjoin(seen)
    result = marked(Watermark(1, scale=0.3), over=plain(colour=RED), square=ghost)
    assert (result - list(RED)).abs().max() <= 2


@pytest.mark.parametrize(("scale", "dpr"), [(1e4, 1.0), (1e300, 1.0)])
def test_a_watermark_of_absurd_size_is_its_middle(scale: float, dpr: float) -> None:
    assert near(marked(Watermark(1, scale=scale), square=plain(8, 8, RED), dpr=dpr), 5, 60, RED, tolerance=1)


# How visible.


@pytest.mark.parametrize(("opacity", "share"), [(0.25, 0.25), (0.5, 0.5), (1, 1), (7, 1)])
def test_opacity_mixes_it_with_what_lies_below(opacity: float, share: float) -> None:
    expected = [round(below + (above - below) * share) for above, below in zip(RED, BLUE, strict=True)]
    result = marked(Watermark(opacity), over=plain(colour=BLUE))
    assert near(result, 32, 32, tuple(expected), tolerance=1)
    assert near(result, 4, 4, BLUE, tolerance=0)


def test_opacity_multiplies_the_pictures_own_alpha() -> None:
    result = marked(Watermark(0.5), over=plain(colour=(0, 0, 0)), square=plain(16, 16, (255, 255, 255, 128)))
    assert near(result, 32, 32, (64, 64, 64), tolerance=1)


def test_a_transparent_result_stays_transparent_around_it() -> None:
    result = marked(Watermark(0.5), over=plain(colour=(0, 255, 0, 0)))
    assert near(result, 32, 32, (*RED, 128), tolerance=1)
    assert result(4, 4)[3] == 0


@pytest.mark.parametrize(
    "square",
    [
        plain(16, 16, (90,)).copy(interpretation="b-w"),
        plain(16, 16, (90, 255)).copy(interpretation="b-w"),
        plain(16, 16, (90, 90, 90)),
        plain(16, 16, (90, 90, 90, 255)),
        (plain(16, 16, (90, 90, 90)).cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16"),
    ],
    ids=["grey", "grey and alpha", "colour", "colour and alpha", "16 bits"],
)
@pytest.mark.parametrize("ground", [GREY, (*GREY, 255)])
def test_a_picture_of_any_kind_can_be_laid_over(square: pyvips.Image, ground: tuple[int, ...]) -> None:
    assert near(marked(Watermark(1), over=plain(colour=ground), square=square), 32, 32, (90, 90, 90), tolerance=1)


# Tiled.


def test_tiles_fill_the_result_with_gaps_and_one_in_the_middle() -> None:
    result = marked(Watermark(1, Gravity(x=8, y=4), tiled=True), over=plain(72, 60))
    # Cells of 24 x 20 px, three each way.
    for left in (0, 24, 48):
        for top in (0, 20, 40):
            assert near(result, left + 4, top + 2, RED, 0)
            assert near(result, left + 19, top + 17, RED, 0)
            assert near(result, left + 3, top + 10, GREY, 0)
            assert near(result, left + 20, top + 10, GREY, 0)
            assert near(result, left + 12, top + 1, GREY, 0)


def test_tiles_at_the_edges_are_cut_off_evenly() -> None:
    row = [marked(Watermark(1, Gravity(x=8, y=0), tiled=True), over=plain(40, 16))(x, 8)[0] for x in range(40)]
    assert row == row[::-1]
    assert row[12:28] == [RED[0]] * 16


def test_gaps_may_be_shares_of_the_result_and_grow_with_the_dpr() -> None:
    shares = marked(Watermark(1, Gravity(x=0.125, y=0.125), tiled=True))
    assert (shares - marked(Watermark(1, Gravity(x=8, y=8), tiled=True))).abs().max() == 0
    dense = marked(Watermark(1, Gravity(x=4, y=4), tiled=True, scale=0.25), dpr=2.0)
    assert (shares - dense).abs().max() == 0


@pytest.mark.parametrize("gravity", [Gravity(x=1e9, y=1e300), Gravity(x=500, y=500)])
def test_tiles_with_gaps_wider_than_the_result_are_one_tile(gravity: Gravity) -> None:
    assert box(marked(Watermark(1, gravity, tiled=True))) == (24, 24, 16, 16)


def test_tiles_never_overlap() -> None:
    result = marked(Watermark(1, Gravity(x=-500, y=-500), tiled=True))
    assert near(result, 1, 1, RED, 0)


@pytest.mark.parametrize("scale", [1e-6, 200.0, 1e300])
def test_tiles_of_one_pixel_and_tiles_far_too_large_cost_no_more_than_others(scale: float) -> None:
    result = marked(Watermark(1, tiled=True, scale=scale), over=plain(900, 700))
    assert near(result, 0, 0, RED, 3)
    assert near(result, 899, 699, RED, 3)


def test_a_source_that_can_be_read_only_once_and_in_order_is_enough() -> None:
    body = pictures.encoded(plain(300, 500))
    for mark in (Watermark(0.5, scale=0.7), Watermark(0.5, tiled=True), Watermark(1, text="one\ntwo", scale=0.9)):
        image = pyvips.Image.new_from_buffer(body, "", access="sequential", fail_on="error")
        assert marked(mark, over=image).avg() != GREY[0]


# Bytes.


def test_a_picture_is_decoded_once_upright_in_srgb_with_alpha() -> None:
    body = pictures.jpeg(32, 16, orientation=6)
    image = decoded(body)
    assert (image.width, image.height, image.bands) == (16, 32, 4)
    assert (image.format, image.interpretation) == ("uchar", "srgb")
    assert near(image, 2, 2, BLUE)
    assert decoded(bytes(bytearray(body))) is image


def test_threads_share_one_decoded_picture() -> None:
    body = pictures.transparent_png()
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: marked(Watermark(1), square=decoded(body)).avg(), range(16)))
    assert len(set(results)) == 1


def test_a_watermark_that_is_no_picture_is_refused() -> None:
    with pytest.raises(NotAnImage):
        decoded(b"<html>")
    with pytest.raises(pyvips.Error):
        decoded(pictures.png()[:200])


def test_a_watermark_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    body = pictures.encoded(pyvips.Image.black(5000, 5000))
    with pytest.raises(TooCostly, match="5000 x 5000"):
        decoded(body)


def test_the_picture_is_the_text_then_the_configured_one_then_none() -> None:
    configured = pictures.png()
    assert picture(Watermark(1), configured) is decoded(configured)
    assert picture(Watermark(1), None) is None
    assert picture(Watermark(0, text="unseen"), configured) is None
    lettering = picture(Watermark(1, text="seen"), configured)
    assert lettering is not None
    assert lettering.width > lettering.height


# Text.


@pytest.mark.parametrize("text", ["blendBeat", "Ωμέγα", "Привет", "Ünïcödé", "© 2025", "العربية"])
def test_text_is_drawn_in_the_letters_of_its_language(text: str) -> None:
    """A letter the font lacks is a box, and boxes all look the same."""
    image = text_picture(text, 32)
    lacking = text_picture("\U000f0000" * len(text), 32)
    assert (image.bands, image.format, image.interpretation) == (4, "uchar", "srgb")
    assert (image.width, image.height) != (lacking.width, lacking.height)
    assert ink(image) > 0


@pytest.mark.parametrize("ground", [(0, 0, 0), (128, 128, 128), (255, 255, 255)])
def test_text_reads_on_any_ground(ground: tuple[int, int, int]) -> None:
    flat = text_picture("Read me", 48).flatten(background=list(ground)).extract_band(1)
    assert flat.max() >= 250
    assert flat.min() < 90


def test_markup_is_drawn_as_it_is_written() -> None:
    assert ink(text_picture("<b>a</b> & &amp; \"'", 24)) > 2 * ink(text_picture("a & & \"'", 24))
    assert text_picture("<span size='999999'>a", 24).height < 100


def test_control_characters_are_left_out() -> None:
    assert ink(text_picture("a\x00b\x01c\r\t\x1b", 24)) == ink(text_picture("abc", 24))


def test_line_breaks_make_lines() -> None:
    one, two = text_picture("line", 24), text_picture("line\nline", 24)
    assert two.width == one.width
    assert 20 < two.height - one.height < 36


def test_a_long_text_is_refused() -> None:
    text_picture("W" * MOST_CHARACTERS, 24)
    with pytest.raises(TooCostly, match="257 characters"):
        text_picture("W" * (MOST_CHARACTERS + 1), 24)


@pytest.mark.parametrize("text", ["", " \n ", "\x00"])
def test_a_text_that_cannot_be_seen_is_refused(text: str) -> None:
    with pytest.raises(BadRecipe, match="no text"):
        text_picture(text, 24)


@pytest.mark.parametrize(
    "text", ["W", "a\u2028" * 128, "a\u2029" * 128, "W" * 256, "W\n" * 128, "W" * 128 + "\n" * 127]
)
def test_text_of_any_size_stays_within_bounds_and_costs_little(text: str) -> None:
    started_s = time.process_time()
    image = text_picture(text, 1e9)
    assert time.process_time() - started_s < 5
    assert image.width < 6000
    assert image.height < 3500
    assert min(text_picture(text, 0.001).width, text_picture(text, 0.001).height) > 3


def test_text_keeps_its_size_times_the_dpr_and_is_drawn_sharp_at_it() -> None:
    mark = Watermark(1, text="Size")
    trial = text_picture("Size", watermark.TEXT_HEIGHT_PX)
    single, double = (box(marked(mark, over=plain(400, 200), dpr=dpr)) for dpr in (1.0, 2.0))
    assert single[2] <= trial.width
    assert double[2:] == pytest.approx([2 * single[2], 2 * single[3]], rel=0.1)


def test_text_is_scaled_into_its_share_of_the_result() -> None:
    result = marked(Watermark(1, text="Sample", scale=0.5), over=plain(600, 400))
    assert 0.8 * 300 < box(result)[2] <= 303


def test_the_font_travels_with_the_package_and_so_does_its_licence() -> None:
    fonts = files("origin.imaging") / "fonts"
    names = {each.name for each in fonts.iterdir()}
    assert {"DejaVuSansCondensed-Bold.ttf", "LICENSE-DejaVu.txt", "fonts.conf"} <= names
    assert "Bitstream Vera" in (fonts / "LICENSE-DejaVu.txt").read_text()
