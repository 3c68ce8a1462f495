"""Placeholders say what other encoders say, and decoded again they look like the picture."""

import math
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import pyvips

from origin.imaging.placeholders import blurhash, thumbhash
from tests import pictures
from tests.pictures import BLUE, GREEN, GREY, RED

SAMPLES = Path(__file__).parents[3] / "origin" / "samples"
BASE83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

WHITE = (255, 255, 255)

Pixels = Callable[[float, float], Sequence[float]]


def rgba(image: pyvips.Image) -> pyvips.Image:
    return image if image.hasalpha() else image.addalpha().cast("uchar")


def drift(width_px: int, height_px: int, *, fading: bool = False) -> pyvips.Image:
    """Slow curves without a symmetry, so that no wave is zero and no rounding a coin's toss."""
    place = pyvips.Image.xyz(width_px, height_px)
    x, y = place[0], place[1]
    alpha = 255 - x * x / 24 - y * y / 40 if fading else x * 0 + 255
    bands = [y * y * y / 800 + x * 2, x * y / 16 + x * x / 50, alpha]
    return (x * x / 20 + y).bandjoin(bands).cast("uchar").copy(interpretation="srgb")


def plain(colour: Sequence[int], width_px: int = 64, height_px: int = 64) -> pyvips.Image:
    image = pyvips.Image.black(width_px, height_px, bands=len(colour)) + list(colour)
    return rgba(image.cast("uchar").copy(interpretation="srgb"))


def sample(name: str) -> pyvips.Image:
    image = pyvips.Image.new_from_file(str(SAMPLES / name))
    return rgba(image.thumbnail_image(100, height=100)).copy_memory()


def drawn(pixel: Pixels, width_px: int, height_px: int) -> pyvips.Image:
    """An sRGB picture of what *pixel* says for places from 0 to 1; levels 0 to 1."""
    rows = [[pixel((x + 0.5) / width_px, (y + 0.5) / height_px) for x in range(width_px)] for y in range(height_px)]
    levels = bytes(round(255 * max(0.0, min(1.0, level))) for row in rows for levels in row for level in levels)
    bands = len(rows[0][0])
    return pyvips.Image.new_from_memory(levels, width_px, height_px, bands, "uchar").copy(interpretation="srgb")


def from_blurhash(text: str, width_px: int, height_px: int) -> pyvips.Image:
    """The picture in a BlurHash, read as its specification says."""

    def number(start: int, length: int) -> int:
        return sum(
            BASE83.index(digit) * 83**place for place, digit in enumerate(reversed(text[start : start + length]))
        )

    def light(level: int) -> float:
        share = level / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    def level(value: float) -> float:
        return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055

    across, down = number(0, 1) % 9 + 1, number(0, 1) // 9 + 1
    assert len(text) == 4 + 2 * across * down
    unit, average = (number(1, 1) + 1) / 166, number(2, 4)
    waves = [[light(average >> 16), light(average >> 8 & 255), light(average & 255)]]
    for at in range(6, len(text), 2):
        digits = number(at, 2)
        steps = [digits // 361 - 9, digits // 19 % 19 - 9, digits % 19 - 9]
        waves.append([math.copysign((step / 9) ** 2, step) * unit for step in steps])

    def pixel(x: float, y: float) -> list[float]:
        basis = [math.cos(math.pi * x * i) * math.cos(math.pi * y * j) for j in range(down) for i in range(across)]
        return [level(max(0.0, sum(w[band] * b for w, b in zip(waves, basis, strict=True)))) for band in range(3)]

    return drawn(pixel, width_px, height_px)


def from_thumbhash(text: str, width_px: int, height_px: int) -> pyvips.Image:
    """The picture in a ThumbHash with its transparency, read as its reference decoder does, without more colour."""
    data = b64decode(text, validate=True)
    bits = int.from_bytes(data, "little")

    def field(start: int, width: int) -> int:
        return bits >> start & ((1 << width) - 1)

    fades, wide = bool(field(23, 1)), bool(field(39, 1))
    most, fewer = 5 if fades else 7, field(24, 3)
    across, down = (most, fewer) if wide else (fewer, most)
    at = 48 if fades else 40

    def channel(mean: float, scale: float, across: int, down: int) -> Callable[[float, float], float]:
        nonlocal at
        waves = []
        for cy in range(down):
            for cx in range(cy == 0, across):
                if cx * down < across * (down - cy):
                    waves.append((cx, cy, (field(at, 4) / 7.5 - 1) * scale))
                    at += 4
        return lambda x, y: (
            mean
            + sum(
                (2 if cx else 1) * (2 if cy else 1) * wave * math.cos(math.pi * x * cx) * math.cos(math.pi * y * cy)
                for cx, cy, wave in waves
            )
        )

    light = channel(field(0, 6) / 63, field(18, 5) / 31, max(3, across), max(3, down))
    yellow = channel(field(6, 6) / 31.5 - 1, field(27, 6) / 63, 3, 3)
    red = channel(field(12, 6) / 31.5 - 1, field(33, 6) / 63, 3, 3)
    alpha = channel(field(40, 4) / 15, field(44, 4) / 15, 5, 5) if fades else lambda x, y: 1.0
    assert len(data) == (at + 7) // 8

    def pixel(x: float, y: float) -> list[float]:
        blue = light(x, y) - 2 / 3 * yellow(x, y)
        both = 3 * light(x, y) - blue
        return [(both + red(x, y)) / 2, (both - red(x, y)) / 2, blue, alpha(x, y)]

    return drawn(pixel, width_px, height_px)


def distance(one: pyvips.Image, two: pyvips.Image) -> float:
    """Mean CIEDE2000 on white."""
    first, second = (image.flatten(background=[255, 255, 255]) if image.hasalpha() else image for image in (one, two))
    return float(first.dE00(second).avg())


def nearest(image: pyvips.Image, x: int, y: int, *colours: tuple[int, ...]) -> tuple[int, ...]:
    """Which of *colours* the pixel at *x*, *y* has most of; so few waves swing around the true one."""
    return min(colours, key=lambda colour: math.dist(image(x, y)[:3], colour))


def blurred(image: pyvips.Image) -> pyvips.Image:
    """What there is to be kept of *image* by so few waves."""
    return image.premultiply().gaussblur(image.width / 10).unpremultiply().cast("uchar")


# Retyped from the thumbhash-python library, version 1.0.1.
@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (drift(40, 50), "jsgJFgiAhweIiJiIiIaIiHiIixCO+Sg="),
        (drift(64, 64), "2rgRHxKAh4eBiHiJh3eHd3h350jQo48E"),
        (drift(64, 48, fading=True), "keiJDIQrYHdzeIh3l3nQsY/yhqeHd3h4Bw=="),
        (drift(40, 50, fading=True), "jdiJDAYdgAeHl3h3qAjhmI/zhveIaHiIBw=="),
    ],
)
def test_thumbhash_is_what_another_encoder_says(picture: pyvips.Image, said: str) -> None:
    assert thumbhash(picture) == said


# Retyped from the blurhash library, version 1.1.5, given each pixel as a dot of light in the middle of 2 x 2 px.
@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (drift(64, 48), "LcD0DS0d-DJ6MKtSWTj]k:eofkf6"),
        (drift(40, 50), "TM6vIyIBs;L+o}axlOeofRZ+kBfP"),
        (drift(64, 64), "U:D-cn9r$lNZL*s?bDj[l5f#f6fka2i~fkf6"),
        (drift(64, 48, fading=True), "LyH2l*0K%3RjMdohkBayo{jtayj["),
        (drift(40, 50, fading=True), "TUAx9]9FxbD7tRbEt%aef6Vbj[fj"),
    ],
)
def test_blurhash_is_what_another_encoder_says(picture: pyvips.Image, said: str) -> None:
    assert blurhash(picture) == said


@pytest.mark.parametrize("name", ["valley.jpg", "portrait.jpg", "market.jpg", "logo.png"])
@pytest.mark.parametrize(("encode", "decode"), [(blurhash, from_blurhash), (thumbhash, from_thumbhash)])
def test_a_decoded_placeholder_looks_like_the_blurred_picture(
    name: str,
    encode: Callable[[pyvips.Image], str],
    decode: Callable[[str, int, int], pyvips.Image],
) -> None:
    picture = sample(name)
    again = decode(encode(picture), picture.width, picture.height)
    average = plain([round(band.avg()) for band in picture.flatten(background=255)], picture.width, picture.height)
    wanted = blurred(picture)
    assert distance(again, wanted) < 9
    assert distance(again, wanted) < 0.7 * distance(average, wanted)


@pytest.mark.parametrize(("encode", "decode"), [(blurhash, from_blurhash), (thumbhash, from_thumbhash)])
def test_corners_lie_where_they_lie_in_the_picture(
    encode: Callable[[pyvips.Image], str], decode: Callable[[str, int, int], pyvips.Image]
) -> None:
    again = decode(encode(rgba(pictures.quarters())), 64, 64)
    for place, colour in {(14, 14): RED, (50, 14): GREEN, (14, 50): BLUE, (50, 50): GREY}.items():
        assert nearest(again, *place, RED, GREEN, BLUE, GREY) == colour


@pytest.mark.parametrize("size", [(1, 1), (1, 64), (64, 1), (2, 3), (40, 30)])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), RED, (12, 200, 255)])
def test_a_plain_colour_stays_plain_at_any_size(size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    picture = plain(colour, *size)
    assert blurhash(picture)[6:] == "fQ" * ((len(blurhash(picture)) - 6) // 2)
    for again in (from_blurhash(blurhash(picture), 8, 8), from_thumbhash(thumbhash(picture), 8, 8)):
        assert all(pictures.near(again, x, y, colour, tolerance=14) for x in (0, 7) for y in (0, 7))


def test_a_picture_of_two_pixels_has_its_colours_on_their_sides() -> None:
    picture = plain(RED, 1, 1).join(plain(BLUE, 1, 1), "horizontal")
    for again in (from_blurhash(blurhash(picture), 32, 16), from_thumbhash(thumbhash(picture), 32, 16)):
        assert pictures.near(again, 7, 8, RED, tolerance=60)
        assert pictures.near(again, 24, 8, BLUE, tolerance=60)


def test_blurhash_shows_transparency_as_white() -> None:
    again = from_blurhash(blurhash(pictures.decoded(pictures.transparent_png())), 64, 64)
    assert nearest(again, 10, 32, RED, WHITE) == RED
    assert nearest(again, 54, 32, RED, WHITE) == WHITE


def test_thumbhash_keeps_transparency_and_no_colour_that_cannot_be_seen() -> None:
    picture = pictures.decoded(pictures.transparent_png())
    hidden = picture[0:3].draw_rect([0, 255, 0], 32, 0, 32, 64, fill=True).bandjoin(picture[3])
    assert thumbhash(hidden) == thumbhash(picture)
    again = from_thumbhash(thumbhash(picture), 64, 64)
    assert again(10, 32)[3] > 215
    assert again(54, 32)[3] < 40
    assert pictures.near(again, 10, 32, RED, tolerance=20)


def test_a_picture_of_which_nothing_can_be_seen_is_white_or_clear() -> None:
    picture = plain((9, 99, 200, 0))
    assert pictures.near(from_blurhash(blurhash(picture), 8, 8), 4, 4, WHITE, tolerance=1)
    assert from_thumbhash(thumbhash(picture), 8, 8)[3].max() == 0


@pytest.mark.parametrize(("size", "waves"), [((64, 48), "L"), ((48, 64), "T"), ((64, 64), "U")])
def test_blurhash_has_more_waves_along_the_longer_side(size: tuple[int, int], waves: str) -> None:
    assert blurhash(drift(*size))[0] == waves


def test_both_are_short_text_and_the_same_every_time() -> None:
    picture = drift(64, 48, fading=True)
    assert re.fullmatch(rf"[{re.escape(BASE83)}]{{28,36}}", blurhash(picture))
    assert len(thumbhash(picture)) <= 40
    assert {(blurhash(picture), thumbhash(picture)) for _ in range(5)} == {(blurhash(picture), thumbhash(picture))}
