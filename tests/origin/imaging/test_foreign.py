"""HEIC, BMP and ICO come out as the pictures they are, and end as errors where they are none."""

import struct
from io import BytesIO
from typing import Any

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from origin.errors import BrokenImage, OriginError, TooCostly
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat
from origin.imaging.load import open_header, open_pixels
from tests import pictures
from tests.heic import ALPHA, PLAIN, TURNED


def opened(body: bytes) -> pyvips.Image:
    return open_pixels(body, open_header(body, svg=False), shrink=1, first_page=0, pages=1, dpi=0)


def bmp(mode: str = "RGB", size: Size = Size(64, 48)) -> bytes:  # noqa: B008  frozen
    return by_pillow("BMP", mode, size)


def ico(mode: str = "RGBA", largest: int = 48, **options: Any) -> bytes:
    return by_pillow("ICO", mode, Size(64, 64), sizes=[(16, 16), (largest, largest), (24, 24)], **options)


def by_pillow(kind: str, mode: str, size: Size, **options: Any) -> bytes:
    rgb = pictures.quarters(size.width_px, size.height_px)
    image = Image.frombytes("RGB", (size.width_px, size.height_px), bytes(rgb.write_to_memory()))
    if mode == "RGBA":
        image.putalpha(255)
        image.paste((0, 0, 0, 0), (size.width_px // 2, 0, size.width_px, size.height_px))
    out = BytesIO()
    (image.quantize(8) if mode == "P" else image.convert(mode)).save(out, kind, **options)
    return out.getvalue()


def test_a_heic_is_read() -> None:
    assert open_header(PLAIN, svg=False) == SourceFacts(SourceFormat.HEIC, Size(64, 48), 1, has_alpha=False)
    image = opened(PLAIN)
    for x, y, colour in [
        (5, 5, pictures.RED),
        (60, 5, pictures.GREEN),
        (5, 40, pictures.BLUE),
        (60, 40, pictures.GREY),
    ]:
        assert pictures.near(image, x, y, colour)


def test_a_heic_keeps_its_alpha() -> None:
    assert open_header(ALPHA, svg=False).has_alpha
    image = opened(ALPHA)
    assert pictures.near(image, 5, 5, (*pictures.RED, 255))
    assert image(60, 5)[3] == 0


def test_a_heic_is_turned_once_by_its_decoder_and_says_so() -> None:
    facts = open_header(TURNED, svg=False)
    assert (facts.stored, facts.orientation) == (Size(48, 64), 1)
    image = opened(TURNED)
    # Red was at the top left of what was stored; a quarter turn clockwise takes it to the top right.
    assert pictures.near(image, 43, 5, pictures.RED)
    assert pictures.near(image, 5, 5, pictures.BLUE)
    kept = pictures.decoded(pictures.encoded(image, ".jpg"))
    assert kept.get("orientation") == 1


def test_a_heic_keeps_what_is_said_about_it() -> None:
    image = opened(TURNED)
    assert "(c) Somebody" in image.get("exif-ifd0-Copyright")
    profile = image.get("icc-profile-data")
    assert profile == pyvips.Operation.call("profile_load", "p3")
    assert "(c) Somebody" in pictures.decoded(pictures.encoded(image, ".jpg")).get("exif-ifd0-Copyright")


def test_an_item_type_that_is_no_text_is_refused_before_it_brings_the_process_down() -> None:
    for broken in (TURNED.replace(b"Exif\x00", b"Ex\xfff\x00", 1), TURNED.replace(b"infe\x02", b"infe\x01", 1)):
        assert broken != TURNED
        with pytest.raises((OriginError, pyvips.Error, UnicodeDecodeError)):
            opened(broken)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bitmap_of_any_depth_is_read(mode: str) -> None:
    body = bmp(mode)
    assert open_header(body, svg=False) == SourceFacts(SourceFormat.BMP, Size(64, 48), 1, has_alpha=False)
    image = opened(body)
    assert (image.width, image.height, image.format) == (64, 48, "uchar")
    if mode in ("P", "RGB"):
        assert pictures.near(image, 5, 5, pictures.RED)
        assert pictures.near(image, 5, 40, pictures.BLUE)


@pytest.mark.parametrize(("mode", "options"), [("RGBA", {"bitmap_format": "bmp"}), ("RGBA", {})])
def test_of_an_icon_the_largest_picture_is_read_with_its_mask(mode: str, options: dict[str, Any]) -> None:
    body = ico(mode, **options)
    assert open_header(body, svg=False) == SourceFacts(SourceFormat.ICO, Size(48, 48), 1, has_alpha=True)
    image = opened(body)
    assert (image.width, image.height) == (48, 48)
    assert pictures.near(image, 5, 5, (*pictures.RED, 255))
    assert image(45, 5)[3] == 0


@pytest.mark.parametrize("mode", ["RGB", "P", "1"])
@pytest.mark.parametrize("options", [{"bitmap_format": "bmp"}, {}])
def test_icons_of_few_colours_are_opaque(mode: str, options: dict[str, Any]) -> None:
    # Of 32 px, because Pillow writes masks of other sides without filling their rows up.
    image = opened(ico(mode, 32, **options))
    assert (image.width, image.height) == (32, 32)
    assert not image.hasalpha() or image[image.bands - 1].min() == 255


def test_a_huge_size_is_told_and_not_allocated() -> None:
    bitmap = bytearray(bmp())
    bitmap[18:26] = struct.pack("<II", 30_000, 40_000)
    assert open_header(bytes(bitmap), svg=False).stored == Size(30_000, 40_000)
    icon = bytearray(ico(bitmap_format="bmp"))
    at = icon.index(struct.pack("<III", 40, 48, 96))
    icon[at + 4 : at + 12] = struct.pack("<II", 30_000, 80_000)
    assert open_header(bytes(icon), svg=False).stored == Size(30_000, 40_000)
    at = PLAIN.index(b"ispe") + 8
    heic = PLAIN[:at] + struct.pack(">II", 30_000, 20_000) + PLAIN[at + 8 :]
    heic = heic.replace(b"clap", b"free")
    assert open_header(heic, svg=False).stored == Size(30_000, 20_000)
    with pytest.raises((BrokenImage, pyvips.Error)):
        opened(heic)


def test_a_large_run_length_bitmap_is_too_costly() -> None:
    bitmap = bytearray(bmp("P"))
    bitmap[18:26] = struct.pack("<II", 3000, 3000)
    bitmap[30:34] = struct.pack("<I", 1)
    with pytest.raises(TooCostly, match="run-length"):
        opened(bytes(bitmap))


BODIES = {
    "heic": PLAIN,
    "heic with alpha": ALPHA,
    "heic with exif": TURNED,
    "bmp": bmp(),
    "grey bmp": bmp("L"),
    "ico of bmp": ico(bitmap_format="bmp"),
    "ico of png": ico(),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_source_cut_short_anywhere_is_refused(name: str) -> None:
    body = BODIES[name]
    for length in range(0, len(body), max(1, len(body) // 150)):
        with pytest.raises((OriginError, pyvips.Error)):
            opened(body[:length]).copy_memory()


@pytest.mark.parametrize("name", BODIES)
def test_a_source_cut_short_is_called_broken(name: str) -> None:
    body = BODIES[name]
    facts = open_header(body, svg=False)
    with pytest.raises((BrokenImage, pyvips.Error)):
        open_pixels(body[: len(body) * 2 // 3], facts, shrink=1, first_page=0, pages=1, dpi=0).copy_memory()


@pytest.mark.parametrize("name", BODIES)
@given(changes=st.lists(st.tuples(st.integers(12, 300), st.integers(0, 255)), min_size=1, max_size=6))
def test_damage_ends_in_a_picture_or_an_error_of_ours(name: str, changes: list[tuple[int, int]]) -> None:
    body = bytearray(BODIES[name])
    for at, value in changes:
        body[at] = value
    try:
        facts = open_header(bytes(body), svg=False)
        if facts.stored.width_px * facts.stored.height_px < 1_000_000:
            open_pixels(bytes(body), facts, shrink=1, first_page=0, pages=1, dpi=0).copy_memory()
    except (OriginError, pyvips.Error, UnicodeDecodeError):
        pass


@pytest.mark.parametrize("head", [PLAIN[:24], bmp()[:28], ico()[:22]])
@given(st.binary(max_size=200))
def test_garbage_behind_the_first_bytes_is_refused(head: bytes, garbage: bytes) -> None:
    with pytest.raises((OriginError, pyvips.Error, UnicodeDecodeError)):
        opened(head + garbage)
