"""From source bytes to a variant: every type, every way to lie, every kind of colour, every way to fail."""

import io
import pickle
import struct
import zlib
from dataclasses import replace
from typing import Any, TypeVar

import pytest
import pyvips
from PIL import Image

from origin import errors
from origin.errors import BadRecipe, BrokenImage, CannotWrite, NotAnImage, OriginError, TooCostly
from origin.grammar import parse
from origin.imaging.job import Job
from origin.imaging.libvips import prepare_libvips
from origin.imaging.limits import Limits
from origin.imaging.pipeline import transform
from origin.recipe import OutputFormat
from tests import pictures
from tests.pictures import BLUE, GREEN, GREY, QUARTERS, RED, near

Travels = TypeVar("Travels")

LIMITS = Limits(source_pixels=50_000_000, result_side_px=8192)
WHITE = (255, 255, 255)
READ = [".jpg", ".png", ".gif", ".webp", ".avif", ".tif"]


@pytest.fixture(autouse=True)
def libvips_as_in_service() -> None:
    prepare_libvips()


def job(options: str = "", name: OutputFormat | None = None, limits: Limits = LIMITS) -> Job:
    recipe = parse(f"/{options}/plain/local:///a.png" if options else "/plain/local:///a.png").recipe
    return Job(replace(recipe, format=name or recipe.format), limits, 90)


def made(body: bytes, options: str = "", name: OutputFormat | None = None) -> pyvips.Image:
    """The variant as pixels, after a look at whether what was said of it is true."""
    rendered = transform(body, job(options, name))
    return pictures.decoded(rendered.body)


def corners(image: pyvips.Image, inset_px: int = 4) -> list[list[float]]:
    """Upper left, upper right, lower left, lower right."""
    right, bottom = image.width - 1 - inset_px, image.height - 1 - inset_px
    return [image(x, y) for y in (inset_px, bottom) for x in (inset_px, right)]


def shows(image: pyvips.Image, *colours: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(
        abs(have - want) <= tolerance
        for corner, colour in zip(corners(image), colours, strict=True)
        for have, want in zip(corner[:3], colour, strict=True)
    )


def upright(image: pyvips.Image, tolerance: int = 12) -> bool:
    return shows(image, *QUARTERS.values(), tolerance=tolerance)


def tagged(image: pyvips.Image, **fields: Any) -> pyvips.Image:
    image = image.copy()
    for name, value in fields.items():
        kind = {int: pyvips.GValue.gint_type, str: pyvips.GValue.gstr_type, bytes: pyvips.GValue.blob_type}[type(value)]
        image.set_type(kind, name.replace("_", "-"), value)
    return image


# Sizes and crops ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("", (96, 64)),
        ("rs:fit:48:48", (48, 32)),
        ("rs:fill:48:48", (48, 48)),
        ("rs:fill-down:200:100", (96, 48)),
        ("rs:force:30:60", (30, 60)),
        ("rs:auto:40:20", (40, 20)),
        ("rs:auto:20:40", (20, 13)),
        ("rs:fit:200:200", (96, 64)),
        ("rs:fit:192:192:1", (192, 128)),
        ("w:48/dpr:1.5", (72, 48)),
    ],
)
@pytest.mark.parametrize("source", [pictures.png(96, 64), pictures.jpeg(96, 64)], ids=["png", "jpeg"])
def test_every_type_comes_out_in_its_size_with_its_quarters_in_place(
    source: bytes, options: str, size: tuple[int, int]
) -> None:
    image = made(source, options)
    assert (image.width, image.height) == size
    assert upright(image, tolerance=16)


def test_a_single_pixel_is_a_picture_too() -> None:
    image = made(pictures.png(1, 1), "rs:fill:20:10:1")
    assert (image.width, image.height) == (20, 10)
    image = made(pictures.png(2000, 2), "w:10")
    assert (image.width, image.height) == (10, 1)


@pytest.mark.parametrize(
    ("options", "colours"),
    [
        ("rs:fill:32:64/g:we", (RED, RED, BLUE, BLUE)),
        ("rs:fill:32:64/g:nowe", (RED, RED, BLUE, BLUE)),
        ("rs:fill:32:64/g:ea", (GREEN, GREEN, GREY, GREY)),
        ("rs:fill:32:64/g:ce", (RED, GREEN, BLUE, GREY)),
        ("rs:fill:64:32/g:no", (RED, GREEN, RED, GREEN)),
        ("rs:fill:64:32/g:so", (BLUE, GREY, BLUE, GREY)),
        ("rs:fill:64:32/g:soea", (BLUE, GREY, BLUE, GREY)),
        ("rs:fill:32:64/g:fp:1:0", (GREEN, GREEN, GREY, GREY)),
        ("rs:fill:32:64/g:we:32", (GREEN, GREEN, GREY, GREY)),
        ("rs:fill:64:32/g:so:0:0.5", (RED, GREEN, RED, GREEN)),
    ],
)
def test_gravity_says_what_a_crop_keeps(options: str, colours: tuple[tuple[int, ...], ...]) -> None:
    assert shows(made(pictures.png(), options), *colours)


@pytest.mark.parametrize("box", ["40:64", "64:40", "20:50"])
def test_smart_gravity_gives_the_size_that_was_asked(box: str) -> None:
    image = made(pictures.jpeg(), f"rs:fill:{box}/g:sm")
    assert f"{image.width}:{image.height}" == box


def test_smart_gravity_finds_what_stands_out() -> None:
    field = pictures.encoded(
        (pictures.quarters(200, 50) * 0 + 90).cast("uchar").draw_rect([255, 40, 0], 160, 15, 20, 20)
    )
    image = made(field, "rs:fill:50:50/g:sm")
    assert image[0].max() > 200


# Orientation -------------------------------------------------------------------------------------------------------

# The stored corners of each orientation, as a viewer that knows EXIF shows them (EXIF 2.3, 4.6.4.A).
UPRIGHT = {
    1: (RED, GREEN, BLUE, GREY),
    2: (GREEN, RED, GREY, BLUE),
    3: (GREY, BLUE, GREEN, RED),
    4: (BLUE, GREY, RED, GREEN),
    5: (RED, BLUE, GREEN, GREY),
    6: (BLUE, RED, GREY, GREEN),
    7: (GREY, GREEN, BLUE, RED),
    8: (GREEN, GREY, RED, BLUE),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_picture_is_turned_upright(orientation: int) -> None:
    image = made(pictures.jpeg(96, 64, orientation))
    assert (image.width, image.height) == ((64, 96) if orientation >= 5 else (96, 64))
    assert shows(image, *UPRIGHT[orientation])


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_sizes_and_gravity_are_meant_upright(orientation: int) -> None:
    image = made(pictures.jpeg(640, 320, orientation), "rs:fill:40:20/g:no/f:png")
    assert (image.width, image.height) == (40, 20)
    above_left, above_right = UPRIGHT[orientation][:2]
    assert near(image, 4, 4, above_left, 16)
    assert near(image, 35, 4, above_right, 16)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_picture_is_left_alone_when_asked(orientation: int) -> None:
    image = made(pictures.jpeg(96, 64, orientation), "ar:0")
    assert (image.width, image.height) == (96, 64)
    assert upright(image)
    assert not image.get_typeof("orientation")


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_orientation_counts_in_every_format_that_has_one(suffix: str) -> None:
    body = pictures.encoded(tagged(pictures.quarters(96, 64), orientation=6), suffix)
    image = made(body, name=OutputFormat.PNG)
    assert (image.width, image.height) == (64, 96)
    assert shows(image, *UPRIGHT[6])


@pytest.mark.parametrize(
    "name",
    ["jpg", "png", "webp", "gif", "avif", "tiff"],
)
def test_a_picture_left_alone_is_not_turned_by_the_viewer_either(name: str) -> None:
    image = made(pictures.jpeg(96, 64, 6), f"ar:0/f:{name}")
    assert (image.width, image.height) == (96, 64)
    assert not image.get_typeof("orientation") or image.get("orientation") == 1


# Alpha -------------------------------------------------------------------------------------------------------------


def blue_beside_invisible_red() -> bytes:
    half = (pictures.quarters() * 0).cast("uchar")
    colour = half.draw_rect([*BLUE], 0, 0, 32, 64, fill=True).draw_rect([255, 0, 0], 32, 0, 32, 64, fill=True)
    alpha = half[0].draw_rect(255, 0, 0, 32, 64, fill=True)
    return pictures.encoded(colour.bandjoin(alpha).copy(interpretation="srgb"))


@pytest.mark.parametrize("width_px", [7, 20, 33])
def test_invisible_colours_do_not_bleed_into_visible_ones(width_px: int) -> None:
    image = made(blue_beside_invisible_red(), f"w:{width_px}")
    row = [image(x, image.height // 2) for x in range(width_px)]
    assert row[0][3] == 255
    assert row[-1][3] == 0
    for *colour, alpha in row:
        assert alpha < 32 or max(abs(have - want) for have, want in zip(colour, BLUE, strict=True)) <= 8


def test_transparency_becomes_white_in_a_jpeg() -> None:
    image = made(pictures.transparent_png(), name=OutputFormat.JPEG)
    assert image.bands == 3
    assert near(image, 8, 32, RED)
    assert near(image, 56, 32, WHITE)


@pytest.mark.parametrize("name", ["jpg", "png", "webp"])
def test_background_lies_under_transparent_pixels(name: str) -> None:
    image = made(pictures.transparent_png(), f"bg:40:60:200/f:{name}")
    assert not image.hasalpha()
    assert near(image, 8, 32, RED)
    assert near(image, 56, 32, BLUE)


def test_half_transparent_pixels_mix_with_the_background() -> None:
    veil = pictures.encoded((pictures.quarters() * 0).bandjoin(128).cast("uchar").copy(interpretation="srgb"))
    assert near(made(veil, "f:jpg"), 32, 32, (127, 127, 127), 3)
    assert near(made(veil, "bg:f00/f:png"), 32, 32, (127, 0, 0), 3)


@pytest.mark.parametrize("name", ["png", "webp", "avif", "gif", "tiff"])
@pytest.mark.parametrize("options", ["rs:fit:0:0", "w:32"])
def test_alpha_is_kept_where_the_format_has_it(name: str, options: str) -> None:
    image = made(pictures.transparent_png(), f"{options}/f:{name}")
    assert image(4, 4)[3] >= 253  # AVIF rounds alpha too
    assert image(image.width - 5, 4)[3] <= 2
    assert near(image, 4, 4, RED)


def test_half_transparent_colours_keep_their_value_when_scaled() -> None:
    veil = pictures.quarters().bandjoin(100).cast("uchar").copy(interpretation="srgb")
    image = made(pictures.encoded(veil), "w:30")
    assert upright(image, tolerance=2)
    assert all(corner[3] == 100 for corner in corners(image))


# Extending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["png", "webp"])
def test_extending_pads_with_nothing_where_the_format_has_it(name: str) -> None:
    image = made(pictures.png(), f"rs:fit:128:64:0:1/f:{name}")
    assert (image.width, image.height) == (128, 64)
    assert [corner[3] for corner in corners(image)] == [0, 0, 0, 0]
    assert upright(image.crop(32, 0, 64, 64))


@pytest.mark.parametrize(
    ("options", "colour"), [("f:jpg", WHITE), ("f:jpg/bg:281e1e", (40, 30, 30)), ("bg:0f0", (0, 255, 0))]
)
def test_extending_pads_with_the_background_else_with_white(options: str, colour: tuple[int, ...]) -> None:
    image = made(pictures.png(), f"rs:fit:128:64:0:1/{options}")
    assert shows(image, colour, colour, colour, colour)
    assert upright(image.crop(32, 0, 64, 64))


def test_extending_puts_the_picture_where_its_gravity_says() -> None:
    image = made(pictures.png(), "s:128:128:0:1:soea")
    assert [corner[3] for corner in corners(image)] == [0, 0, 0, 255]
    assert upright(image.crop(64, 64, 64, 64))


# Colours -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["rs:fit:0:0", "w:32"])
@pytest.mark.parametrize(
    ("space", "suffix", "how"),
    [
        ("rgb16", ".png", {}),
        ("rgb16", ".tif", {}),
        ("scrgb", ".tif", {}),
        ("lab", ".tif", {}),
        ("srgb", ".png", {"palette": True}),
        ("srgb", ".png", {"interlace": True}),
        ("srgb", ".jpg", {"interlace": True, "Q": 95}),
        ("srgb", ".gif", {}),
        ("srgb", ".avif", {"Q": 90}),
    ],
)
def test_every_kind_of_colour_comes_out_as_srgb(space: str, suffix: str, how: dict[str, Any], options: str) -> None:
    image = made(pictures.encoded(pictures.quarters().colourspace(space), suffix, **how), f"{options}/f:png")
    assert (image.interpretation, image.format) == ("srgb", "uchar")
    assert upright(image, tolerance=16)


@pytest.mark.parametrize("options", ["rs:fit:0:0", "w:32"])
@pytest.mark.parametrize("space", ["b-w", "grey16"])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_grey_comes_out_as_srgb_of_the_same_lightness(space: str, has_alpha: bool, options: str) -> None:
    grey = pictures.quarters().colourspace(space)
    body = pictures.encoded(grey.addalpha() if has_alpha else grey)
    image = made(body, options)
    assert (image.interpretation, image.format, image.bands) == ("srgb", "uchar", 4 if has_alpha else 3)
    lightness = [pictures.quarters().colourspace("b-w")(x, y)[0] for y in (4, 60) for x in (4, 60)]
    assert shows(image, *((int(level),) * 3 for level in lightness), tolerance=3)


def test_sixteen_bits_of_alpha_become_eight() -> None:
    deep = pictures.quarters().colourspace("rgb16").bandjoin(0x8080).cast("ushort").copy(interpretation="rgb16")
    for options in ("rs:fit:0:0", "w:32"):
        image = made(pictures.encoded(deep), options)
        assert upright(image, tolerance=3)
        assert all(abs(corner[3] - 128) <= 1 for corner in corners(image))


@pytest.mark.parametrize("options", ["rs:fit:0:0", "w:32"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
def test_a_colour_profile_is_carried_out_and_dropped(suffix: str, options: str) -> None:
    wide = pictures.quarters().icc_transform("p3", input_profile="srgb")
    how = {} if suffix == ".png" else {"Q": 95}
    body = pictures.encoded(wide, suffix, keep="icc", **how)
    assert not upright(pictures.decoded(body))  # its bare numbers are not the colours
    image = made(body, f"{options}/f:png")
    assert upright(image)
    assert not image.get_typeof("icc-profile-data")


@pytest.mark.parametrize("keep", ["icc", "none"])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
@pytest.mark.parametrize("options", ["rs:fit:0:0", "w:32"])
def test_cmyk_comes_out_as_srgb_with_its_profile_or_without(options: str, suffix: str, keep: str) -> None:
    printed = pictures.quarters().icc_transform("cmyk", input_profile="srgb")
    image = made(pictures.encoded(printed, suffix, keep=keep, Q=95), f"{options}/f:png")
    assert (image.interpretation, image.bands) == ("srgb", 3)
    dull_blue = (46, 74, 146)  # as much of it as ink can show
    assert shows(image, RED, GREEN, dull_blue, GREY, tolerance=20)


def test_a_damaged_profile_leaves_the_numbers_as_they_stand() -> None:
    wide = pictures.quarters().icc_transform("p3", input_profile="srgb")
    body = pictures.encoded(wide, ".jpg", keep="icc", Q=95, subsample_mode="off")
    start = body.index(b"ICC_PROFILE") + 14
    damaged = body[: start + 128] + b"\xff" * 60 + body[start + 188 :]
    assert upright(made(body, "f:png"))
    assert shows(made(damaged, "f:png"), *(tuple(int(band) for band in corner) for corner in corners(wide)))


# Metadata and formats ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jpg", "png", "webp", "avif", "gif", "tiff"])
def test_nothing_about_the_photographer_is_left(name: str) -> None:
    photo = tagged(pictures.quarters(), exif_ifd0_Artist="Somebody", orientation=1, xmp_data=b"<x:xmpmeta/>")
    body = pictures.encoded(photo, ".jpg")
    assert b"Somebody" in body
    answer = transform(body, job(f"f:{name}/kcr:0")).body
    assert b"Somebody" not in answer
    left = pictures.decoded(answer).get_fields()
    assert [field for field in left if field.startswith(("exif", "xmp", "iptc", "icc"))] == []


@pytest.mark.parametrize(
    ("suffix", "name"),
    [(".jpg", "jpg"), (".png", "png"), (".gif", "gif"), (".webp", "webp"), (".avif", "avif"), (".tif", "jpg")],
)
def test_with_no_format_the_source_keeps_its_own(suffix: str, name: str) -> None:
    rendered = transform(pictures.encoded(pictures.quarters(), suffix), job())
    assert rendered.suffix == name
    assert upright(pictures.decoded(rendered.body))


def test_a_tiff_with_alpha_becomes_a_png() -> None:
    body = pictures.encoded(pictures.decoded(pictures.transparent_png()), ".tif")
    assert transform(body, job()).suffix == "png"


def test_quality_of_the_url_goes_before_the_services() -> None:
    source = pictures.jpeg()
    assert len(transform(source, job("q:10")).body) < len(transform(source, job()).body)


# Failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["rs:fit:0:0", "w:20"])
@pytest.mark.parametrize("suffix", READ)
def test_a_picture_cut_short_is_broken(suffix: str, options: str) -> None:
    body = pictures.encoded(pictures.quarters(), suffix)
    with pytest.raises(BrokenImage):
        transform(body[: len(body) * 6 // 10], job(options))


@pytest.mark.parametrize("suffix", READ)
def test_garbage_behind_a_valid_beginning_is_broken(suffix: str) -> None:
    head = pictures.encoded(pictures.quarters(), suffix)[: 32 if suffix == ".avif" else 12]
    with pytest.raises(BrokenImage) as caught:
        transform(head + b"garbage" * 40, job())
    assert caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize("suffix", READ)
def test_flipped_bytes_are_broken_or_a_picture_but_never_a_fault_of_ours(suffix: str) -> None:
    body = pictures.encoded(pictures.quarters(), suffix)
    for at in range(8, len(body), max(1, len(body) // 60)):
        hurt = body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]
        try:
            assert made(hurt, "w:16", OutputFormat.JPEG).width >= 1
        except OriginError as error:
            assert error.status in (415, 422)  # noqa: PT017


def test_no_picture_at_all_is_not_an_image() -> None:
    with pytest.raises(NotAnImage):
        transform(b"<html></html>", job())


def promising_png(width_px: int, height_px: int) -> bytes:
    """A PNG whose header promises pixels that are not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def test_a_source_of_too_many_pixels_is_refused_before_they_are_decoded() -> None:
    # Decoding would find that there are none, and call the picture broken.
    with pytest.raises(TooCostly, match="60000 x 60000"):
        transform(promising_png(60_000, 60_000), job("w:10"))
    with pytest.raises(BrokenImage):
        transform(promising_png(600, 600), job("w:10"))


@pytest.mark.parametrize("options", ["rs:fit:9000:0:1", "dpr:200/el:1", "s:8193:1:0:1", "rs:force:1:8193:1"])
def test_a_result_beyond_the_limit_is_refused_before_pixels_are_decoded(options: str) -> None:
    with pytest.raises(TooCostly):
        transform(promising_png(64, 64), job(options))


def test_a_result_of_just_the_limit_is_made() -> None:
    limits = Limits(source_pixels=4096, result_side_px=100)
    assert transform(pictures.png(), job("w:100/el:1", limits=limits)).body


def test_a_format_that_is_not_written_is_refused_before_pixels_are_decoded() -> None:
    with pytest.raises(CannotWrite):
        transform(promising_png(64, 64), job("f:jxl"))


# Between processes -------------------------------------------------------------------------------------------------


def every_error() -> list[OriginError]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OriginError)]
    return [kind("rs:fit:x", "wrong") if kind is errors.BadRecipe else kind("what happened") for kind in kinds]


def copied(value: Travels) -> Travels:
    """What another process would see."""
    again: Travels = pickle.loads(pickle.dumps(value))  # noqa: S301  our own, from the line itself
    return again


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_errors_travel_between_processes(error: OriginError) -> None:
    again = copied(error)
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_jobs_and_variants_travel_between_processes() -> None:
    work = job("rs:fill:30:20:1:1:no:5/g:fp:0.3:0.4/dpr:2/bg:f80/q:70/cb:x", OutputFormat.WEBP)
    rendered = transform(pictures.png(), job())
    assert copied(work) == work
    assert copied(rendered) == rendered


@pytest.mark.parametrize(
    ("suffix", "said"),
    [(".jpg", "premature end of JPEG image"), (".png", "libpng read error"), (".gif", "the GIF ends inside a frame")],
)
def test_what_is_wrong_with_a_picture_is_said_in_one_line(suffix: str, said: str) -> None:
    noise = pyvips.Image.gaussnoise(200, 200, mean=128, sigma=40).cast("uchar")
    body = pictures.encoded(noise.bandjoin([noise, noise]).copy(interpretation="srgb"), suffix)
    with pytest.raises(BrokenImage) as refused:
        transform(body[: len(body) * 6 // 10], job())
    assert said in refused.value.detail
    assert "\n" not in refused.value.detail


def test_a_side_that_was_asked_for_never_vanishes() -> None:
    image = made(pictures.png(500, 500), "rs:fill:1:300/dpr:0.4")
    assert (image.width, image.height) == (1, 120)


# What was only encoded anew ----------------------------------------------------------------------------------------


def gradient(width_px: int = 200, height_px: int = 150) -> pyvips.Image:
    x = pyvips.Image.xyz(width_px, height_px)
    ramp = (x[0] * 255 / width_px).bandjoin([x[1] * 255 / height_px, (x[0] + x[1]) % 256])
    return ramp.cast("uchar").copy(interpretation="srgb")


@pytest.mark.parametrize(("suffix", "saved"), [(".jpg", {"Q": 12}), (".jpg", {"Q": 8, "interlace": True})])
def test_a_picture_that_would_only_grow_passes_as_it_came(suffix: str, saved: dict[str, int]) -> None:
    body = pictures.encoded(gradient(), suffix, keep="none", **saved)
    assert transform(body, job()).body == body


def test_a_png_that_would_only_grow_passes_as_it_came() -> None:
    # Two colours in one bit a pixel, which nobody would write unasked.
    stream = io.BytesIO()
    Image.effect_mandelbrot((200, 200), (-3, -2.5, 2, 2.5), 100).convert("1").save(stream, "PNG", optimize=True)
    assert transform(stream.getvalue(), job()).body == stream.getvalue()


@pytest.mark.parametrize("name", ["png", "jpg"])
def test_nothing_hidden_in_a_file_ever_passes(name: str) -> None:
    """Where libvips does not look, a camera may have put where its owner lives."""
    if name == "png":
        stream = io.BytesIO()
        Image.effect_mandelbrot((200, 200), (-3, -2.5, 2, 2.5), 100).convert("1").save(stream, "PNG", optimize=True)
        bare = stream.getvalue()
        secret = b"tEXt" + b"Location\x00SECRET"
        chunk = struct.pack(">I", len(secret) - 4) + secret + struct.pack(">I", zlib.crc32(secret))
        hidden = [bare[:-12] + chunk + bare[-12:], bare + b"SECRET"]
    else:
        bare = pictures.encoded(gradient(), ".jpg", Q=12, keep="none")
        comment = b"\xff\xfe" + struct.pack(">H", 8) + b"SECRET"
        hidden = [bare[:2] + comment + bare[2:], bare + b"SECRET", bare[:-2] + comment + bare[-2:]]
    assert transform(bare, job()).body == bare
    for body in hidden:
        assert b"SECRET" not in transform(body, job()).body


def test_a_limit_that_holds_already_changes_nothing() -> None:
    body = pictures.encoded(gradient(), ".png", compression=9, keep="none")
    assert transform(body, job(f"mb:{len(body)}")).body == body


def test_but_never_with_what_has_to_be_dropped_and_never_when_it_was_asked_otherwise() -> None:
    body = pictures.encoded(tagged(gradient(), exif_ifd0_Artist="Somebody"), ".jpg", Q=12)
    assert b"Somebody" in body
    assert b"Somebody" not in transform(body, job("kcr:0")).body
    plain = pictures.encoded(gradient(), ".jpg", Q=12, keep="none")
    for options in ("q:90", "rot:180", "fq:jpg:90", "bl:1", "w:100"):
        assert transform(plain, job(options)).body != plain


def test_colours_of_a_lossless_picture_are_never_taken_away_unasked() -> None:
    body = pictures.encoded(gradient(), ".png", compression=9)
    for options in ("", "sm:0", "rot:180", "f:png"):
        turned = made(body, options)
        back = turned.rot180() if options == "rot:180" else turned
        assert (back - gradient()).abs().max() == 0


@pytest.mark.parametrize("limit", [5000, 8000, 12000, 16000])
def test_a_limit_in_bytes_is_used_well_on_what_was_compressed_before(limit: int) -> None:
    noise = pyvips.Image.gaussnoise(300, 200, mean=128, sigma=30).cast("uchar").gaussblur(1)
    body = pictures.encoded(noise.bandjoin([noise, noise]).copy(interpretation="srgb"), ".jpg", Q=25)
    answer = len(transform(body, job(f"mb:{limit}", OutputFormat.JPEG)).body)
    assert answer <= limit
    assert answer > limit / 3 or answer > len(body) / 2


# Pages of a document -----------------------------------------------------------------------------------------------


def document(pages: int = 3, compression: str = "none") -> bytes:
    shades = [RED, GREEN, BLUE]
    made_pages = [(pyvips.Image.black(40, 60, bands=3) + list(shades[page % 3])).cast("uchar") for page in range(pages)]
    strip = pyvips.Image.arrayjoin([page.copy(interpretation="srgb") for page in made_pages], across=1).copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", 60)
    return pictures.encoded(strip, ".tif", compression=compression)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("pgs:3", (40, 180)),
        ("pgs:3/w:20", (20, 90)),
        ("pgs:2/rot:90", (120, 40)),
        ("pgs:3/mrd:90", (20, 90)),
        ("pgs:9", (40, 180)),
        ("pg:1/pgs:1", (40, 60)),
        ("pgs:3/fl:0:1", (40, 180)),
    ],
)
@pytest.mark.parametrize("name", ["png", "webp"])
def test_pages_of_a_document_are_one_tall_picture(options: str, size: tuple[int, int], name: str) -> None:
    rendered = transform(document(), job(options, OutputFormat(name)))
    image = pyvips.Image.new_from_buffer(rendered.body, "", n=-1) if name == "webp" else made(document(), options)
    assert (image.width, image.height) == size


def test_a_crop_of_several_pages_is_meant_on_all_of_them() -> None:
    assert near(made(document(), "pgs:3/c:10:10/f:png"), 5, 5, GREEN)
    assert near(made(document(), "pg:2/f:png"), 5, 5, BLUE)


def test_many_pages_count_as_one_picture_before_a_pixel_is_decoded() -> None:
    with pytest.raises(TooCostly):
        transform(document(200), job("pgs:200", limits=replace(LIMITS, result_side_px=8192, frames=1000)))


def test_a_page_that_is_not_there_is_the_callers_mistake() -> None:
    with pytest.raises(BadRecipe, match="pages 0 to 2"):
        transform(document(), job("pg:3"))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_an_uncompressed_tiff_cut_short_is_broken_not_black(share: float) -> None:
    image = Image.new("RGB", (60, 60), (200, 30, 30))  # Pillow writes the directory before the pixels
    stream = io.BytesIO()
    image.save(stream, "TIFF")
    body = stream.getvalue()
    assert near(made(body, "f:png"), 30, 50, RED)
    with pytest.raises(BrokenImage, match="before its pixels"):
        transform(body[: int(len(body) * share)], job())


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 50), (50, 2)])
def test_trimming_what_is_too_small_to_have_a_border_changes_nothing(size: tuple[int, int]) -> None:
    trimmed = made(pictures.png(*size), "t:10/f:png")
    assert (trimmed.width, trimmed.height) == size


@pytest.mark.parametrize("compression", ["tiff_lzw", "zstd", "lzma"])
def test_a_tiff_that_cannot_be_decoded_is_broken_not_black(compression: str) -> None:
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(stream, "TIFF", compression=compression)
    body = bytearray(stream.getvalue())
    if compression == "tiff_lzw":
        body[2000:4000] = bytes(2000)
    with pytest.raises(BrokenImage):
        transform(bytes(body), job("f:png"))
