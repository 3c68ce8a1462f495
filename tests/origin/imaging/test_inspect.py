"""What sources are is read from their bytes, and from nothing else."""

import time

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
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
BITMAP = b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(8) + b"\x01\0"
ICON = b"\0\0\x01\0\x01\0" + bytes(8) + b"\x40\0\0\0\x16\0\0\0"


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box


@pytest.mark.parametrize("name", SUFFIXES)
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
        (ftyp(b"mif1", b"miaf", b"heic", b"avif"), SourceFormat.HEIC),
        (ftyp(b"mif1"), SourceFormat.HEIC),
        (ftyp(b"heic", b"mif1", b"heic"), SourceFormat.HEIC),
        (ftyp(b"heix"), SourceFormat.HEIC),
        (ftyp(b"hevc", b"msf1"), SourceFormat.HEIC),
        (ftyp(b"heic", b"mif1") + b"avif", SourceFormat.HEIC),  # a brand outside the box is none
        (ftyp(b"avif", b"heic"), SourceFormat.AVIF),
        (b"\xff\x0a", SourceFormat.JXL),
        (b"\0\0\0\x0cJXL \r\n\x87\n", SourceFormat.JXL),
        (b"%PDF-1.7", SourceFormat.PDF),
        (BITMAP, SourceFormat.BMP),
        (b"BM" + bytes(12) + b"\x0c\0\0\0" + bytes(4) + b"\x01\0", SourceFormat.BMP),
        (ICON, SourceFormat.ICO),
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
        b"<!doctype html><svg></svg>",
        b"<html><body><svg xmlns='http://www.w3.org/2000/svg'/></body></html>",
        b"<!-- <svg> --><p>",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><svg/></html>',
        b"<!DOCTYPE html [<!ENTITY a '<svg>'>]><html>",
        b"<svgfoo>",
        b"<SVG>",
        b"text <svg/>",
        b"<!--" + b" " * 9000 + b"--><svg/>",
        b"%!PS <svg/>",
        b"\n%PDF-1.7",
        b"BM" + bytes(60),
        b"8BPS" + bytes(60),
        b" \xff\xd8\xff\xe0",
        BITMAP[:-2] + b"\x02\0",
        ICON.replace(b"\x01\0\x01\0", b"\x02\0\x01\0"),  # a cursor
        ICON.replace(b"\x16", b"\x10"),
        b"\0\0\x01\0\0\0" + bytes(60),
        ftyp(b"isom", b"mp42"),
        ftyp(b"isom", b"mp42") + b"avif",
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


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\n  ",
        '<?xml version="1.0"?>\n',
        "<!-- a licence, with <b>tags</b> and > in it -->",
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
        '<?xml version="1.0"?><!-- made by hand --><!DOCTYPE svg [ <!ENTITY a "<b>"> ]>\n<!-- and more -->',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
def test_a_drawing_is_known_by_its_first_element(before: str, encoding: str) -> None:
    if before != "\n  " or encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert sniff((before + SVG).encode(encoding)) is SourceFormat.SVG


@pytest.mark.parametrize(
    "root", ["<svg>", "<svg/>", "<svg\twidth='3'>", "<s:svg xmlns:s='http://www.w3.org/2000/svg'>"]
)
def test_the_first_element_may_be_written_in_many_ways(root: str) -> None:
    assert sniff(root.encode()) is SourceFormat.SVG


@pytest.mark.parametrize("piece", [b"<!--", b"<!---->", b"<!DOCTYPE svg [", b"<!DOCTYPE svg [] ]", b"<a:", b" ", b"<?"])
def test_sniffing_costs_no_more_for_a_body_made_to_cost(piece: bytes) -> None:
    started_s = time.process_time()
    with pytest.raises(NotAnImage):
        sniff(piece * 500_000)
    assert time.process_time() - started_s < 0.5


def test_only_what_browsers_show_and_has_pixels_is_answered_as_it_came() -> None:
    assert {name.web for name in SourceFormat} - {None} == {
        OutputFormat.JPEG,
        OutputFormat.PNG,
        OutputFormat.WEBP,
        OutputFormat.AVIF,
        OutputFormat.GIF,
    }
    assert SourceFormat.SVG.web is SourceFormat.TIFF.web is SourceFormat.HEIC.web is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_last_four_orientations_lie_sideways(orientation: int) -> None:
    facts = SourceFacts(SourceFormat.JPEG, Size(3, 2), orientation, has_alpha=False)
    assert facts.lies_sideways == (orientation in (5, 6, 7, 8))
