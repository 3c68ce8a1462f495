"""What would cost a decoder too much is refused before it looks, and nothing else is."""

import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import BrokenImage, NotAnImage, OriginError, TooCostly
from origin.imaging import beforehand, gif, tiff
from origin.imaging.inspect import SourceFormat, sniff
from origin.imaging.limits import MOST_METADATA_BYTES, MOST_PAGES
from origin.imaging.load import READABLE, open_header, open_pixels
from tests import bombs, pictures

MIB = 1024 * 1024


def judge(body: bytes) -> None:
    beforehand.judge(sniff(body), body)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".tif", ".avif"])
def test_usual_pictures_pass(suffix: str) -> None:
    judge(pictures.encoded(pictures.quarters(), suffix))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_text_of_a_png_counts_as_long_as_it_is_unpacked(kind: bytes) -> None:
    judge(bombs.text_png(kind, MIB))
    judge(bombs.text_png(kind, 5 * MIB, times=3))
    for length, times in ((MOST_METADATA_BYTES + 1, 1), (5 * MIB, 4), (256 * MIB, 1)):
        with pytest.raises(TooCostly, match="bytes of text"):
            judge(bombs.text_png(kind, length, times))


def test_a_png_may_have_many_chunks_but_not_endless_ones() -> None:
    judge(bombs.chunky_png(60_000))
    with pytest.raises(TooCostly, match="chunks"):
        judge(bombs.chunky_png(70_000))


@pytest.mark.parametrize("data", [b"", b"note", b"note\0", b"note\0\0garbage", b"note\0\1", b"\0\0"])
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP", b"tEXt"])
def test_text_that_cannot_be_unpacked_is_left_to_the_decoder(kind: bytes, data: bytes) -> None:
    judge(bombs.small_png(bombs.png_chunk(kind, data)))


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xED, 0xFE])
def test_a_jpeg_may_not_carry_more_than_a_picture(marker: int) -> None:
    judge(bombs.jpeg(MOST_METADATA_BYTES - MIB, marker))
    with pytest.raises(TooCostly):
        judge(bombs.jpeg(MOST_METADATA_BYTES + MIB, marker))


def test_a_webp_may_not_carry_more_than_a_picture() -> None:
    judge(bombs.talkative_webp(MOST_METADATA_BYTES - MIB))
    with pytest.raises(TooCostly):
        judge(bombs.talkative_webp(MOST_METADATA_BYTES + 1))


@pytest.mark.parametrize("make", [bombs.gif, bombs.webp, bombs.tiff])
def test_pages_and_frames_are_counted(make: Callable[[int], bytes]) -> None:
    for count in (2, MOST_PAGES):
        body = make(count)
        judge(body)
        assert open_header(body, svg=False).pages == count
    with pytest.raises(TooCostly, match=f"more than {MOST_PAGES}"):
        judge(make(MOST_PAGES + 1))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_every_kind_of_tiff_is_followed(order: str, big: bool) -> None:
    body = bombs.tiff(3, big=big, order=order)
    assert open_header(body, svg=False).pages == 3
    for page in range(3):
        tiff.judge_end(body, page)
    with pytest.raises(BrokenImage):
        tiff.judge_end(bombs.tiff(1, big=big, order=order, length=10_000), 0)
    with pytest.raises(TooCostly, match="pieces"):
        tiff.judge_end(bombs.tiff(1, 1_000_000, big=big, order=order), 0)
    with pytest.raises(TooCostly):
        tiff.judge(bombs.tiff(MOST_PAGES + 1, big=big, order=order))


def test_a_circle_of_directories_is_too_much() -> None:
    body = bytearray(bombs.tiff(1))
    body[-68:-64] = struct.pack("<I", 8)
    with pytest.raises(TooCostly):
        tiff.judge(bytes(body))


def test_a_gif_in_crumbs_is_too_much() -> None:
    gif.judge(bombs.crumbled_gif(900_000))
    with pytest.raises(TooCostly):
        gif.judge(bombs.crumbled_gif(1_100_000))


@pytest.mark.parametrize("source_format", [SourceFormat.PNG, SourceFormat.GIF, SourceFormat.WEBP, SourceFormat.TIFF])
@given(st.binary(max_size=400))
def test_garbage_is_judged_or_left_to_the_decoder(source_format: SourceFormat, garbage: bytes) -> None:
    marks = {
        SourceFormat.PNG: b"\x89PNG\r\n\x1a\n",
        SourceFormat.GIF: b"GIF89a",
        SourceFormat.WEBP: b"RIFF\0\0\0\0WEBP",
        SourceFormat.TIFF: b"II+\0" if len(garbage) % 2 else b"MM\0*",
    }
    body = marks[source_format] + garbage
    with suppress(BrokenImage, TooCostly):
        beforehand.judge(source_format, body)
    with suppress(BrokenImage, TooCostly):
        tiff.judge_end(body, 2)


def test_bombs_inside_an_icon_or_a_drawing_are_bombs() -> None:
    frame = bombs.text_png(b"zTXt", MOST_METADATA_BYTES + 1)
    icon = struct.pack("<3H4B2H2I", 0, 1, 1, 64, 64, 0, 0, 1, 32, len(frame), 22) + frame
    with pytest.raises(TooCostly):
        open_header(icon, svg=False)


def test_a_picture_larger_than_its_header_said_is_broken() -> None:
    facts = open_header(pictures.png(64, 64), svg=False)
    with pytest.raises(BrokenImage, match="65 x 64"):
        open_pixels(pictures.png(65, 64), facts, shrink=1, first_page=0, pages=1, dpi=0)


def test_an_avif_whose_pixels_are_more_than_it_declares_is_broken() -> None:
    body = bombs.avif(64, 64, coded_px=2048)
    facts = open_header(body, svg=False)
    with pytest.raises((pyvips.Error, OriginError)):
        open_pixels(body, facts, shrink=1, first_page=0, pages=1, dpi=0).copy_memory()


def test_metadata_that_only_the_decoder_finds_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("origin.imaging.metadata.MOST_METADATA_BYTES", 100)
    image = pictures.quarters().copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", bytes(200))
    with pytest.raises(TooCostly, match="bytes beside"):
        open_header(pictures.encoded(image, ".avif"), svg=False)


def test_documents_are_not_read_whatever_this_build_can_do() -> None:
    assert SourceFormat.PDF not in READABLE


def test_a_format_without_a_decoder_is_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("origin.imaging.load.READABLE", READABLE - {SourceFormat.HEIC})
    with pytest.raises(NotAnImage, match="heic"):
        open_header(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(100), svg=False)
