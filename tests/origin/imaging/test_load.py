"""Headers are read without pixels, and pixels no larger than the layout needs them."""

import struct
import zlib
from typing import Any

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import BrokenImage, NotAnImage, OriginError
from origin.imaging import load
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat
from origin.imaging.load import READABLE, jpeg_shrink, open_header, open_pixels
from tests import pictures


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def promising_png(width_px: int, height_px: int) -> bytes:
    """A PNG whose header promises pixels that are not there."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(100))) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def opened(body: bytes, *, shrink: float = 1.0, first_page: int = 0, pages: int = 1, dpi: float = 0.0) -> pyvips.Image:
    facts = open_header(body, svg=True, dpi=dpi)
    return open_pixels(body, facts, shrink=shrink, first_page=first_page, pages=pages, dpi=dpi)


def shrunk(body: bytes, shrink: float) -> Size:
    image = opened(body, shrink=shrink)
    return Size(image.width, image.height)


def film(suffix: str, **options: Any) -> bytes:
    """Frames of 64 x 48 px, each of its own colour, with delays of 100, 200 ... ms, shown three times."""
    stills = [(pyvips.Image.black(64, 48, bands=3) + colour_of(at)).cast("uchar") for at in range(5)]
    image = pyvips.Image.arrayjoin(stills, across=1).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "page-height", 48)
    image.set_type(pyvips.GValue.array_int_type, "delay", [100 * (at + 1) for at in range(5)])
    image.set_type(pyvips.GValue.gint_type, "loop", 3)
    return pictures.encoded(image, suffix, **options)


def colour_of(frame: int) -> list[int]:
    return [frame * 40, 255 - frame * 40, 10]


DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><rect width="50" height="50" fill="red"/></svg>'
)


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
    facts = open_header(pictures.encoded(pictures.quarters(70, 40), suffix), svg=False)
    assert (facts.format, facts.stored, facts.orientation) == (name, Size(70, 40), 1)


def test_this_build_reads_all_formats_but_two() -> None:
    assert frozenset(SourceFormat) - READABLE == {SourceFormat.JXL, SourceFormat.PDF}


@pytest.mark.parametrize(("body", "name"), [(b"\xff\x0a and more", "jxl"), (b"%PDF-1.7", "pdf")])
def test_a_format_that_is_known_but_not_read_is_named(body: bytes, name: str) -> None:
    with pytest.raises(NotAnImage, match=f"{name} is not read here"):
        open_header(body, svg=True)


def test_drawings_are_read_only_where_they_are_welcome() -> None:
    assert open_header(DRAWING, svg=True) == SourceFacts(SourceFormat.SVG, Size(100, 50), 1, has_alpha=True)
    with pytest.raises(NotAnImage, match="svg is not read here"):
        open_header(DRAWING, svg=False)


def test_header_is_read_although_no_pixels_follow() -> None:
    assert open_header(promising_png(9000, 8000), svg=False) == SourceFacts(
        SourceFormat.PNG, Size(9000, 8000), 1, False, pixel_bytes=3
    )


def test_header_tells_alpha() -> None:
    assert open_header(pictures.transparent_png(), svg=False).has_alpha
    assert not open_header(pictures.png(), svg=False).has_alpha


def test_a_cmyk_picture_has_no_alpha_although_it_has_four_bands() -> None:
    assert not open_header(pictures.encoded(pictures.quarters().colourspace("cmyk"), ".jpg"), svg=False).has_alpha


@pytest.mark.parametrize("orientation", range(1, 9))
def test_header_tells_orientation_and_leaves_the_size_as_stored(orientation: int) -> None:
    facts = open_header(pictures.jpeg(70, 40, orientation), svg=False)
    assert (facts.orientation, facts.stored) == (orientation, Size(70, 40))


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_an_orientation_that_exif_does_not_know_is_upright(orientation: int) -> None:
    assert open_header(pictures.jpeg(orientation=orientation), svg=False).orientation == 1


def test_a_header_that_the_decoder_refuses_is_its_own_error() -> None:
    with pytest.raises(pyvips.Error):
        open_header(b"\xff\xd8\xff and no more", svg=False)
    with pytest.raises(NotAnImage):
        open_header(b"no picture", svg=False)


@pytest.mark.parametrize(
    ("shrink", "decoded_px"), [(0.5, 640), (1, 640), (3.2, 640), (4, 320), (8, 160), (16, 80), (640, 80)]
)
def test_jpeg_is_shrunk_while_decoding_but_twice_what_is_needed_stays(shrink: float, decoded_px: int) -> None:
    assert shrunk(pictures.jpeg(640, 320), shrink) == Size(decoded_px, decoded_px // 2)


@pytest.mark.parametrize(
    ("shrink", "decoded"), [(0.5, (640, 320)), (2, (640, 320)), (4, (320, 160)), (10, (128, 64)), (1e9, (4, 2))]
)
def test_webp_is_shrunk_to_twice_what_is_needed(shrink: float, decoded: tuple[int, int]) -> None:
    assert shrunk(pictures.encoded(pictures.quarters(640, 320), ".webp"), shrink) == Size(*decoded)


@pytest.mark.parametrize(("shrink", "drawn"), [(0.1, (1000, 500)), (1, (100, 50)), (2, (50, 25)), (1e9, (2, 1))])
def test_a_drawing_is_drawn_as_large_as_it_is_needed(shrink: float, drawn: tuple[int, int]) -> None:
    assert shrunk(DRAWING, shrink) == Size(*drawn)


def test_an_enlarged_drawing_has_sharp_edges() -> None:
    image = opened(DRAWING, shrink=0.1)
    assert pictures.near(image, 498, 250, (255, 0, 0, 255))
    assert pictures.near(image, 502, 250, (0, 0, 0, 0))


@pytest.mark.parametrize("unit", ["", "px", "mm"])
def test_a_drawing_doubles_with_the_resolution_whatever_its_unit(unit: str) -> None:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="100{unit}" height="60{unit}"/>'.encode()
    once, twice = (open_header(drawing, svg=True, dpi=dpi).stored for dpi in (72, 144))
    assert abs(twice.width_px - 2 * once.width_px) <= 1
    assert abs(twice.height_px - 2 * once.height_px) <= 1
    image = opened(drawing, dpi=144)
    assert Size(image.width, image.height) == twice


@pytest.mark.parametrize("suffix", [".png", ".tif", ".gif", ".avif"])
def test_other_formats_are_decoded_whole(suffix: str) -> None:
    assert shrunk(pictures.encoded(pictures.quarters(), suffix), 30) == Size(64, 64)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_header_tells_frames_and_the_size_of_one(suffix: str) -> None:
    facts = open_header(film(suffix), svg=False)
    assert (facts.stored, facts.pages, facts.animated) == (Size(64, 48), 5, True)
    still = open_header(pictures.encoded(pictures.quarters(), suffix), svg=False)
    assert (still.pages, still.animated) == (1, False)


def test_pages_of_a_document_are_not_an_animation() -> None:
    facts = open_header(film(".tif", page_height=48), svg=False)
    assert (facts.stored, facts.pages, facts.animated) == (Size(64, 48), 5, False)


@pytest.mark.parametrize(
    ("first_page", "pages", "frames"), [(0, 5, range(5)), (0, 99, range(5)), (1, 3, range(1, 4)), (3, 99, range(3, 5))]
)
@pytest.mark.parametrize(("suffix", "options"), [(".gif", {}), (".webp", {"lossless": True})])
def test_chosen_frames_are_stacked_with_their_own_delays(
    suffix: str, options: dict[str, Any], first_page: int, pages: int, frames: range
) -> None:
    image = opened(film(suffix, **options), first_page=first_page, pages=pages).copy_memory()
    assert (image.width, image.height, image.get("page-height")) == (64, 48 * len(frames), 48)
    assert image.get("n-pages") == len(frames)
    assert image.get("delay") == [100 * (at + 1) for at in frames]
    assert image.get("loop") == 3
    for place, frame in enumerate(frames):
        assert pictures.near(image, 30, 48 * place + 24, tuple(colour_of(frame)), tolerance=24)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".tif"])
@pytest.mark.parametrize("frame", [0, 3])
def test_one_frame_is_a_still(suffix: str, frame: int) -> None:
    body = film(suffix, **({"page_height": 48} if suffix == ".tif" else {}))
    image = opened(body, first_page=frame)
    assert (image.width, image.height) == (64, 48)
    assert pictures.near(image, 30, 24, tuple(colour_of(frame)), tolerance=24)
    assert not {"n-pages", "page-height", "delay", "loop"} & set(image.get_fields())


def test_an_animation_is_shrunk_while_decoding_too() -> None:
    image = opened(film(".webp", lossless=True), shrink=4, pages=5).copy_memory()
    assert (image.width, image.height, image.get("page-height")) == (32, 5 * 24, 24)
    assert pictures.near(image, 15, 24 * 3 + 12, tuple(colour_of(3)))


def test_a_page_behind_the_last_is_refused_and_ignored_where_there_are_none() -> None:
    with pytest.raises(pyvips.Error):
        opened(film(".gif"), first_page=5).copy_memory()
    assert shrunk(pictures.jpeg(), 1) == Size(64, 64)
    assert opened(pictures.jpeg(), first_page=5, pages=2).height == 64


def test_header_tells_the_size_of_the_page_it_is_asked_for() -> None:
    assert open_header(film(".tif", page_height=48), svg=False, page=4).stored == Size(64, 48)
    with pytest.raises(pyvips.Error):
        open_header(film(".tif", page_height=48), svg=False, page=5)


CUT_FORMATS = {
    "jpeg": pictures.jpeg(),
    "progressive jpeg": pictures.encoded(pictures.quarters(), ".jpg", interlace=True),
    "webp": pictures.encoded(pictures.quarters(), ".webp"),
    "lossless webp": pictures.encoded(pictures.quarters(), ".webp", lossless=True),
    "avif": pictures.encoded(pictures.quarters(), ".avif"),
    "tiff": pictures.encoded(pictures.quarters(), ".tif", compression="deflate"),
    "png": pictures.png()[:-12],  # the end chunk says nothing more
    "gif": pictures.encoded(pictures.quarters(), ".gif")[:-1],
    "animated webp": film(".webp"),
    "svg": DRAWING,
}


@pytest.mark.parametrize("name", CUT_FORMATS)
def test_a_source_cut_short_anywhere_is_refused(name: str) -> None:
    body = CUT_FORMATS[name]
    for length in range(0, len(body), max(1, len(body) // 60)):
        with pytest.raises((pyvips.Error, OriginError)):
            opened(body[:length], pages=9).copy_memory()


def test_an_animated_gif_cut_short_loses_frames_or_is_refused_but_shows_no_half_ones() -> None:
    body = film(".gif")
    for length in range(0, len(body), 7):
        try:
            image = opened(body[:length], pages=9).copy_memory()
        except (pyvips.Error, OriginError):
            continue
        for frame in range(image.height // 48):
            for y in (0, 24, 47):
                assert pictures.near(image, 63, 48 * frame + y, (*colour_of(frame), 255), tolerance=24)


@pytest.mark.parametrize("name", CUT_FORMATS)
@given(st.binary(max_size=200))
def test_garbage_behind_the_first_bytes_is_refused(name: str, garbage: bytes) -> None:
    with pytest.raises((pyvips.Error, UnicodeDecodeError, OriginError)):
        opened(CUT_FORMATS[name][:16] + garbage).copy_memory()


def test_an_avif_is_turned_by_its_decoder_and_not_again() -> None:
    image = pictures.quarters(70, 40).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    facts = open_header(pictures.encoded(image, ".avif"), svg=False)
    assert (facts.stored, facts.orientation) == (Size(40, 70), 1)


@given(st.floats(0.01, 10_000))
def test_the_decoder_shrinks_as_far_as_it_can_and_leaves_a_factor_of_two(shrink: float) -> None:
    by = jpeg_shrink(shrink)
    assert by in (1, 2, 4, 8)
    assert by == 1 or by * 2 <= shrink
    assert by == 8 or by * 4 > shrink


@pytest.mark.parametrize(
    "raised", [ValueError("x"), IndexError("x"), OverflowError("x"), SyntaxError("broken PNG file")]
)
def test_whatever_a_decoder_raises_is_the_picture_s_fault(raised: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(load, "sniff", fail)
    with pytest.raises(BrokenImage, match=type(raised).__name__):
        open_header(pictures.jpeg(), svg=False)
