"""What of a source's metadata is in the answer, format by format, read back from the bytes."""

from typing import Any

import pytest
import pyvips

from origin.imaging.encode import WRITABLE, Order, write
from origin.recipe import Encoding, Metadata, OutputFormat, PngOptions
from tests import pictures

EXIF = [OutputFormat.JPEG, OutputFormat.PNG, OutputFormat.WEBP, OutputFormat.AVIF]
SECRETS = (b"Secretcam", b"secret words", b"2020:01:02", b"THUMBNAIL")


def source() -> pyvips.Image:
    """A JPEG source with everything a camera writes, and a copyright of letters beyond ASCII."""
    image = pictures.quarters().copy()

    def note(name: str, text: str, kind: str = "ASCII") -> None:
        image.set_type(pyvips.GValue.gstr_type, name, f"{text} ({text}, {kind}, {len(text)} components)")

    note("exif-ifd0-Copyright", "(c) XXXXXX")
    note("exif-ifd0-Artist", "A. Painter")
    note("exif-ifd0-Model", "Secretcam")
    note("exif-ifd2-UserComment", "secret words", "Undefined")
    note("exif-ifd3-GPSDateStamp", "2020:01:02")
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.set_type(pyvips.GValue.blob_type, "jpeg-thumbnail-data", b"\xff\xd8\xff\xdbTHUMBNAIL\xff\xd9")
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta>secret words</x:xmpmeta>")
    body = pictures.encoded(image, ".jpg", Q=95, profile="p3", keep="all").replace(
        b"XXXXXX", "M\u00fcller".encode("latin-1")[:6]
    )
    return pyvips.Image.new_from_buffer(body, "").copy_memory()


def written(name: OutputFormat, metadata: Metadata, **encoding: Any) -> bytes:
    return write(source(), name, Order(Encoding(quality=80, **encoding), metadata)).body


def fields(body: bytes) -> set[str]:
    return set(pyvips.Image.new_from_buffer(body, "").get_fields())


@pytest.mark.parametrize("name", EXIF)
def test_copyright_and_artist_survive_stripping_letter_for_letter(name: OutputFormat) -> None:
    body = written(name, Metadata())
    assert b"(c) M\xfcller" in body
    assert b"A. Painter" in body


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_nothing_else_survives_stripping(name: OutputFormat) -> None:
    body = written(name, Metadata())
    assert [secret for secret in SECRETS if secret in body] == []
    assert not fields(body) & {"xmp-data", "icc-profile-data", "iptc-data", "exif-ifd3-GPSDateStamp"}


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_without_copyright_nothing_survives_at_all(name: OutputFormat) -> None:
    body = written(name, Metadata(keep_copyright=False))
    assert b"Painter" not in body
    assert not [field for field in fields(body) if field.startswith("exif")]


@pytest.mark.parametrize("name", EXIF)
def test_a_picture_without_copyright_gets_no_exif(name: OutputFormat) -> None:
    body = write(pictures.quarters(), name, Order()).body
    assert "exif-data" not in fields(body)


@pytest.mark.parametrize("name", EXIF)
def test_unstripped_exif_and_xmp_arrive_but_not_the_thumbnail_of_another_picture(name: OutputFormat) -> None:
    body = written(name, Metadata(strip=False))
    assert {"exif-ifd0-Model", "exif-ifd3-GPSDateStamp", "xmp-data"} <= fields(body)
    assert b"THUMBNAIL" not in body


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_no_answer_is_turned_once_more_by_the_viewer(name: OutputFormat, strip: bool) -> None:
    image = pyvips.Image.new_from_buffer(written(name, Metadata(strip=strip)), "")
    assert (image.get("orientation") if image.get_typeof("orientation") else 1) in (0, 1)
    assert (image.autorot().width, image.autorot().height) == (64, 64)
    assert pictures.near(image.autorot(), 8, 8, pictures.RED, 40)


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("name", sorted(WRITABLE - {OutputFormat.GIF}))
def test_a_colour_profile_is_kept_only_when_it_is_asked_for(name: OutputFormat, strip: bool) -> None:
    assert "icc-profile-data" in fields(written(name, Metadata(strip=strip, strip_colour_profile=False)))
    assert "icc-profile-data" not in fields(written(name, Metadata(strip=strip)))


def test_a_palette_drops_metadata_as_well() -> None:
    body = written(OutputFormat.PNG, Metadata(keep_copyright=False), png=PngOptions(quantize=True))
    assert [secret for secret in SECRETS if secret in body] == []


def test_the_picture_that_came_in_keeps_its_own_header() -> None:
    image = source()
    write(image, OutputFormat.JPEG, Order())
    assert image.get("orientation") == 6
