"""What sources are is read from their bytes, and from nothing else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from origin.errors import NotAnImage
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat, sniff
from origin.recipe import OutputFormat
from tests import pictures

SUFFIXES = {
    SourceFormat.JPEG: ".jpg",
    SourceFormat.PNG: ".png",
    SourceFormat.WEBP: ".webp",
    SourceFormat.AVIF: ".avif",
    SourceFormat.GIF: ".gif",
    SourceFormat.TIFF: ".tif",
}


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box


@pytest.mark.parametrize("name", SourceFormat)
def test_a_picture_is_known_by_its_first_bytes(name: SourceFormat) -> None:
    assert sniff(pictures.encoded(pictures.quarters(), SUFFIXES[name])) is name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"GIF87a", SourceFormat.GIF),
        (b"MM\x00*", SourceFormat.TIFF),
        (b"II+\x00", SourceFormat.TIFF),  # BigTIFF
        (b"MM\x00+", SourceFormat.TIFF),
        (ftyp(b"avif"), SourceFormat.AVIF),
        (ftyp(b"avis"), SourceFormat.AVIF),
        (ftyp(b"mif1", b"miaf", b"avif"), SourceFormat.AVIF),
    ],
)
def test_rarer_heads_are_known_too(head: bytes, name: SourceFormat) -> None:
    assert sniff(head + b"and so on") is name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n",
        b"GIF88a....",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"<!doctype html><title>404</title>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7",
        b"BM" + bytes(60),
        b"8BPS" + bytes(60),
        b" \xff\xd8\xff\xe0",
        ftyp(b"heic", b"mif1", b"heic"),
        ftyp(b"isom", b"mp42"),
        ftyp(b"heic", b"mif1") + b"avif",  # a brand outside the box is none
    ],
)
def test_anything_else_is_not_an_image(body: bytes) -> None:
    with pytest.raises(NotAnImage):
        sniff(body)


def test_an_empty_source_is_called_empty() -> None:
    with pytest.raises(NotAnImage, match="empty"):
        sniff(b"")


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda tail: tail[:4] + b"ftyp" + tail[4:])))
@example(b"\x00\x00\x00\x00ftypavif")
@example(b"\x00\x00\x00\x01ftypavif")
def test_no_bytes_surprise_the_sniffer(body: bytes) -> None:
    try:
        assert sniff(body) in SourceFormat
    except NotAnImage:
        assert body[:3] != b"\xff\xd8\xff"


def test_only_tiff_is_not_answered_as_it_came() -> None:
    assert SourceFormat.TIFF.web is None
    assert {name.web for name in SourceFormat} - {None} == {
        OutputFormat.JPEG,
        OutputFormat.PNG,
        OutputFormat.WEBP,
        OutputFormat.AVIF,
        OutputFormat.GIF,
    }


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_last_four_orientations_lie_sideways(orientation: int) -> None:
    facts = SourceFacts(SourceFormat.JPEG, Size(3, 2), orientation, has_alpha=False)
    assert facts.lies_sideways == (orientation in (5, 6, 7, 8))
