"""Headers are read without pixels, and pixels no larger than the layout needs them."""

import struct
import zlib

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import NotAnImage
from origin.imaging.geometry import Size, lay_out
from origin.imaging.inspect import SourceFacts, SourceFormat
from origin.imaging.load import READABLE, jpeg_shrink, open_header, open_pixels
from origin.recipe import Recipe, Resize, ResizingType
from tests import pictures


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def promising_png(width_px: int, height_px: int) -> bytes:
    """A PNG whose header promises pixels that are not there."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(100))) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def shrunk(body: bytes, width_px: int, *, upright: bool = True) -> Size:
    facts = open_header(body)
    source = facts.stored.turned() if upright and facts.lies_sideways else facts.stored
    image = open_pixels(body, facts, lay_out(source, Recipe(resize=Resize(width_px=width_px))), upright=upright)
    return Size(image.width, image.height)


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        (".jpg", SourceFormat.JPEG),
        (".png", SourceFormat.PNG),
        (".webp", SourceFormat.WEBP),
        (".avif", SourceFormat.AVIF),
        (".gif", SourceFormat.GIF),
        (".tif", SourceFormat.TIFF),
    ],
)
def test_header_tells_format_and_size(suffix: str, name: SourceFormat) -> None:
    facts = open_header(pictures.encoded(pictures.quarters(70, 40), suffix))
    assert (facts.format, facts.stored, facts.orientation) == (name, Size(70, 40), 1)


def test_every_format_that_can_be_told_can_be_read() -> None:
    assert frozenset(SourceFormat) == READABLE


def test_header_is_read_although_no_pixels_follow() -> None:
    assert open_header(promising_png(9000, 8000)) == SourceFacts(SourceFormat.PNG, Size(9000, 8000), 1, False)


def test_header_tells_alpha() -> None:
    assert open_header(pictures.transparent_png()).has_alpha
    assert not open_header(pictures.png()).has_alpha


def test_a_cmyk_picture_has_no_alpha_although_it_has_four_bands() -> None:
    assert not open_header(pictures.encoded(pictures.quarters().colourspace("cmyk"), ".jpg")).has_alpha


@pytest.mark.parametrize("orientation", range(1, 9))
def test_header_tells_orientation_and_leaves_the_size_as_stored(orientation: int) -> None:
    facts = open_header(pictures.jpeg(70, 40, orientation))
    assert (facts.orientation, facts.stored) == (orientation, Size(70, 40))


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_an_orientation_that_exif_does_not_know_is_upright(orientation: int) -> None:
    assert open_header(pictures.jpeg(orientation=orientation)).orientation == 1


def test_a_header_that_the_decoder_refuses_is_its_own_error() -> None:
    with pytest.raises(pyvips.Error):
        open_header(b"\xff\xd8\xff and no more")
    with pytest.raises(NotAnImage):
        open_header(b"no picture")


@pytest.mark.parametrize(("width_px", "decoded_px"), [(640, 640), (200, 640), (160, 320), (80, 160), (40, 80), (1, 80)])
def test_jpeg_is_shrunk_while_decoding_but_twice_what_is_needed_stays(width_px: int, decoded_px: int) -> None:
    assert shrunk(pictures.jpeg(640, 320), width_px) == Size(decoded_px, decoded_px // 2)


def test_a_sideways_jpeg_is_shrunk_by_its_upright_width() -> None:
    # Upright 320 x 640, asked for at 80 wide: a quarter, so half of it while decoding.
    assert shrunk(pictures.jpeg(640, 320, orientation=6), 80) == Size(320, 160)
    assert shrunk(pictures.jpeg(640, 320, orientation=6), 80, upright=False) == Size(160, 80)


def test_a_squeezed_jpeg_keeps_the_side_that_needs_it() -> None:
    body = pictures.jpeg(640, 320)
    layout = lay_out(Size(640, 320), Recipe(resize=Resize(ResizingType.FORCE, 10, 160)))
    squeezed = open_pixels(body, open_header(body), layout, upright=True)
    assert (layout.scaled, Size(squeezed.width, squeezed.height)) == (Size(10, 160), Size(640, 320))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".gif"])
def test_other_formats_are_decoded_whole(suffix: str) -> None:
    assert shrunk(pictures.encoded(pictures.quarters(), suffix), 2) == Size(64, 64)


@given(st.floats(0.01, 10_000))
def test_the_decoder_shrinks_as_far_as_it_can_and_leaves_a_factor_of_two(shrink: float) -> None:
    by = jpeg_shrink(shrink)
    assert by in (1, 2, 4, 8)
    assert by == 1 or by * 2 <= shrink
    assert by == 8 or by * 4 > shrink
