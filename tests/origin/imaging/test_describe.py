"""The facts of a source are those that a viewer would see, whatever it is made of."""

import json
import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pyvips

from origin.imaging.describe import THUMBNAIL_PX, Animation, Description, describe, small
from origin.imaging.inspect import SourceFacts
from origin.imaging.libvips import prepare_libvips
from origin.imaging.load import open_header, open_pixels
from origin.recipe import Colour
from tests import pictures
from tests.pictures import BLUE, GREEN, GREY, RED

SAMPLES = Path(__file__).parents[3] / "origin" / "samples"


@pytest.fixture(autouse=True)
def libvips_as_in_service() -> None:
    prepare_libvips()


def facts_of(body: bytes) -> SourceFacts:
    return open_header(body, svg=True)


def opened(body: bytes, shrink: float = 1.0) -> pyvips.Image:
    return open_pixels(body, facts_of(body), shrink=shrink, first_page=0, pages=1, dpi=0.0)


def described(body: bytes, shrink: float = 1.0) -> Description:
    return describe(body, facts_of(body), opened(body, shrink))


def told(body: bytes) -> dict[str, Any]:
    """The answer as a client reads it."""
    answer: dict[str, Any] = json.loads(json.dumps(described(body).as_json(), allow_nan=False))
    return answer


def like(colour: Colour, wanted: tuple[int, ...], tolerance: int = 8) -> bool:
    have = (colour.red, colour.green, colour.blue)
    return all(abs(level - want) <= tolerance for level, want in zip(have, wanted, strict=True))


def shows_quarters(description: Description, tolerance: int = 8) -> bool:
    wanted = (RED, GREEN, BLUE, GREY)
    return all(any(like(shade.colour, want, tolerance) for shade in description.dominant) for want in wanted)


def animated(suffix: str, delays_ms: list[int], loops: int = 0) -> bytes:
    frames = [(pyvips.Image.black(32, 24, bands=3) + at).cast("uchar") for at in (10, 120, 230)]
    strip = pyvips.Image.arrayjoin(frames, across=1).copy(interpretation="srgb")
    strip.set_type(pyvips.GValue.gint_type, "page-height", 24)
    strip.set_type(pyvips.GValue.array_int_type, "delay", delays_ms)
    strip.set_type(pyvips.GValue.gint_type, "loop", loops)
    return pictures.encoded(strip, suffix)


def test_a_photograph_is_told() -> None:
    body = (SAMPLES / "valley.jpg").read_bytes()
    answer = told(body)
    assert {name: answer[name] for name in list(answer)[:12]} == {
        "format": "jpg",
        "mime_type": "image/jpeg",
        "width": 2000,
        "height": 1333,
        "bytes": len(body),
        "orientation": 1,
        "pages": 1,
        "animation": None,
        "has_alpha": False,
        "colour_space": "rgb",
        "bit_depth": 8,
        "icc_profile": None,
    }
    assert answer["exif"] == {}
    assert like(Colour(*bytes.fromhex(answer["average_colour"].removeprefix("#"))), (144, 150, 150))
    assert len(answer["blurhash"]) == 28
    assert 3 <= len(answer["dominant_colours"]) <= 6
    assert sum(shade["share"] for shade in answer["dominant_colours"]) == pytest.approx(1, abs=0.001)


KEYS = [
    *("format", "mime_type", "width", "height", "bytes", "orientation", "pages", "animation", "has_alpha"),
    *(
        "colour_space",
        "bit_depth",
        "icc_profile",
        "average_colour",
        "dominant_colours",
        "palette",
        "blurhash",
        "thumbhash",
    ),
    "exif",
]


@pytest.mark.parametrize("name", ["valley.jpg", "logo.png", "spinner.gif", "beat.webp", "portrait-rotated.jpg"])
def test_every_answer_has_the_same_keys_and_documents_them(name: str) -> None:
    assert list(told((SAMPLES / name).read_bytes())) == KEYS
    assert all(key in str(Description.as_json.__doc__) for key in KEYS)


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [
        (".jpg", "image/jpeg"),
        (".png", "image/png"),
        (".webp", "image/webp"),
        (".avif", "image/avif"),
        (".gif", "image/gif"),
        (".tif", "image/tiff"),
    ],
)
def test_every_format_shows_the_same_picture(suffix: str, media_type: str) -> None:
    body = pictures.encoded(pictures.quarters(70, 40), suffix)
    description = described(body)
    assert description.as_json()["mime_type"] == media_type
    assert (description.shown.width_px, description.shown.height_px) == (70, 40)
    assert shows_quarters(description, tolerance=24)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_and_placeholders_are_those_of_the_upright_picture(orientation: int) -> None:
    body = pictures.jpeg(160, 96, orientation)
    description = described(body)
    width, height = (96, 160) if orientation >= 5 else (160, 96)
    assert (description.shown.width_px, description.shown.height_px) == (width, height)
    assert description.orientation == orientation
    assert description.blurhash[0] == ("T" if orientation >= 5 else "L")
    upright = pictures.decoded(body).autorot()
    thumbnail = small(opened(body), facts_of(body))
    assert (thumbnail.width, thumbnail.height) == ((60, 100) if orientation >= 5 else (100, 60))
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)):
        want = upright(int(x * upright.width), int(y * upright.height))
        assert pictures.near(thumbnail, int(x * thumbnail.width), int(y * thumbnail.height), tuple(want), tolerance=20)


def test_the_two_portraits_are_the_same_but_for_how_they_lie() -> None:
    upright, rotated = (described((SAMPLES / name).read_bytes()) for name in ("portrait.jpg", "portrait-rotated.jpg"))
    assert upright.shown.width_px * rotated.shown.height_px == upright.shown.height_px * rotated.shown.width_px
    assert upright.thumbhash[:4] == rotated.thumbhash[:4]
    assert upright.average
    assert rotated.average
    assert like(upright.average, (rotated.average.red, rotated.average.green, rotated.average.blue), 3)


@pytest.mark.parametrize(
    ("image", "suffix", "space", "bits"),
    [
        (pictures.quarters(), ".png", "rgb", 8),
        (pictures.quarters().colourspace("rgb16"), ".png", "rgb", 16),
        (pictures.quarters().colourspace("rgb16"), ".tif", "rgb", 16),
        (pictures.quarters().colourspace("cmyk"), ".jpg", "cmyk", 8),
        (pictures.quarters().colourspace("scrgb"), ".tif", "rgb", 32),
        (pictures.quarters().colourspace("lab"), ".tif", "lab", 32),
        (pictures.quarters().addalpha(), ".png", "rgb", 8),
        (pictures.quarters().icc_transform("p3", input_profile="srgb"), ".jpg", "rgb", 8),
    ],
)
def test_colours_are_those_seen_whatever_they_are_stored_as(
    image: pyvips.Image, suffix: str, space: str, bits: int
) -> None:
    description = described(pictures.encoded(image, suffix))
    assert (description.colour_space, description.bit_depth) == (space, bits)
    # Paper shows less colour than a screen.
    assert shows_quarters(description, tolerance=60 if space == "cmyk" else 8)


@pytest.mark.parametrize(("space", "bits"), [("b-w", 8), ("grey16", 16)])
def test_grey_is_grey(space: str, bits: int) -> None:
    description = described(pictures.encoded(pictures.quarters().colourspace(space)))
    assert (description.colour_space, description.bit_depth) == ("grey", bits)
    assert all(shade.colour.red == shade.colour.green == shade.colour.blue for shade in description.dominant)


def test_a_drawing_is_told_like_a_picture() -> None:
    half = b'<rect width="40" height="40" fill="red"/>'
    body = b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">' + half + b"</svg>"
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    answer = told(body)
    assert (answer["format"], answer["mime_type"]) == ("svg", "image/svg+xml")
    assert (answer["width"], answer["height"], answer["has_alpha"]) == (80, 40, True)
    assert [shade["colour"] for shade in answer["dominant_colours"]] == ["#ff0000"]


@pytest.mark.parametrize(("name", "media_type"), [("BMP", "image/bmp"), ("ICO", "image/vnd.microsoft.icon")])
def test_foreign_formats_are_told_like_others(name: str, media_type: str) -> None:
    image = pytest.importorskip("PIL.Image")
    file = BytesIO()
    image.frombytes("RGB", (64, 64), bytes(pictures.quarters().write_to_memory())).save(file, name)
    description = described(file.getvalue())
    assert description.as_json()["mime_type"] == media_type
    assert shows_quarters(description)


def test_a_bit_for_each_pixel_is_told() -> None:
    assert told(pictures.encoded(pictures.quarters().colourspace("b-w"), ".png", bitdepth=1))["bit_depth"] == 1


def test_a_profile_is_named_and_a_damaged_one_ignored() -> None:
    image = pictures.quarters().icc_transform("p3", input_profile="srgb")
    assert told(pictures.encoded(image, ".jpg"))["icc_profile"]
    damaged = pictures.quarters().copy()
    damaged.set_type(pyvips.GValue.blob_type, "icc-profile-data", bytes(200))
    description = described(pictures.encoded(damaged, ".jpg", Q=95, subsample_mode="off"))
    assert description.icc_profile is None
    assert shows_quarters(description)


def test_what_cannot_be_seen_has_no_colour() -> None:
    description = described(pictures.transparent_png())
    assert description.has_alpha
    assert description.average == Colour(*RED)
    assert [shade.share for shade in description.dominant] == [1.0]


def test_a_picture_of_which_nothing_can_be_seen_is_told_all_the_same() -> None:
    clear = pictures.quarters().bandjoin(pyvips.Image.black(64, 64).cast("uchar"))
    answer = told(pictures.encoded(clear))
    assert (answer["average_colour"], answer["dominant_colours"]) == (None, [])
    assert (answer["width"], answer["has_alpha"]) == (64, True)
    assert answer["blurhash"]
    assert answer["thumbhash"]


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_smallest_and_thinnest_pictures_are_told(size: tuple[int, int], suffix: str) -> None:
    body = pictures.encoded((pyvips.Image.black(*size, bands=3) + list(RED)).cast("uchar"), suffix)
    description = described(body)
    assert (description.shown.width_px, description.shown.height_px) == size
    assert description.average
    assert like(description.average, RED)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_tells_how_it_moves(suffix: str) -> None:
    description = described(animated(suffix, [40, 100, 260], loops=3))
    assert description.pages == 3
    assert description.animation == Animation(frames=3, loops=3, duration_ms=400)
    assert (description.shown.width_px, description.shown.height_px) == (32, 24)
    # Its colours are those of the first frame.
    assert description.average
    assert like(description.average, (10, 10, 10), tolerance=3)


def test_samples_that_move_loop_for_ever() -> None:
    spinner = told((SAMPLES / "spinner.gif").read_bytes())
    assert spinner["animation"] == {"frames": 24, "loops": 0, "duration_ms": 960}
    beat = told((SAMPLES / "beat.webp").read_bytes())
    assert (beat["pages"], beat["animation"]) == (30, {"frames": 30, "loops": 0, "duration_ms": 1200})


def test_the_camera_is_told_and_the_place_is_not() -> None:
    image = pictures.quarters().copy()
    for name, value in {
        "exif-ifd0-Model": "X-T5",
        "exif-ifd2-ISOSpeedRatings": "640",
        "exif-ifd3-GPSLatitude": "47/1 22/1 30/1",
        "exif-ifd2-BodySerialNumber": "private",
    }.items():
        image.set_type(pyvips.GValue.gstr_type, name, value)
    answer = told(pictures.encoded(image, ".jpg"))
    assert answer["exif"] == {"camera_model": "X-T5", "iso": 640}
    assert "private" not in json.dumps(answer)


def test_a_file_cut_short_is_refused() -> None:
    body = (SAMPLES / "valley.jpg").read_bytes()
    with pytest.raises(pyvips.Error):
        described(body[: len(body) // 2])


def test_a_source_shrunk_while_loading_is_described_alike() -> None:
    body = (SAMPLES / "market.jpg").read_bytes()
    assert opened(body, shrink=8).width < opened(body).width
    whole, quick = described(body), described(body, shrink=8)
    assert quick.shown == whole.shown
    assert whole.average
    assert quick.average
    assert like(quick.average, (whole.average.red, whole.average.green, whole.average.blue), 3)


def test_colours_are_judged_on_a_small_picture_however_large_the_source() -> None:
    body = pictures.png(900, 600)
    thumbnail = small(opened(body), facts_of(body))
    assert (thumbnail.width, thumbnail.height, thumbnail.bands) == (THUMBNAIL_PX, 67, 4)
    assert (thumbnail.format, thumbnail.interpretation) == ("uchar", "srgb")
    assert small(opened(pictures.png(20, 10)), facts_of(pictures.png(20, 10))).width == 20


def test_a_description_travels_between_processes_and_is_the_same_every_time() -> None:
    body = pictures.jpeg(160, 96, orientation=6)
    assert pickle.loads(pickle.dumps(described(body))) == described(body)  # noqa: S301  our own bytes
