"""What a file says of itself is shown as far as it is harmless, and whatever it says breaks nothing."""

import struct
import time

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from origin.imaging.labels import LONGEST_TEXT, Exif, exif, plain_text, profile_name
from tests import pictures

CAMERA = {
    "exif-ifd0-Make": "FUJIFILM",
    "exif-ifd0-Model": "X-T5",
    "exif-ifd2-LensModel": "XF35mmF1.4 R",
    "exif-ifd2-ExposureTime": "1/200",
    "exif-ifd2-FNumber": "28/10",
    "exif-ifd2-ISOSpeedRatings": "640",
    "exif-ifd2-FocalLength": "35/1",
    "exif-ifd2-DateTimeOriginal": "2024:05:01 12:30:00",
    "exif-ifd0-Artist": "Anna Muster",
    "exif-ifd0-Copyright": "(c) 2024 Anna Muster",
    "exif-ifd0-Software": "darktable 4.8",
}
PRIVATE = {
    "exif-ifd3-GPSLatitude": "47/1 22/1 30/1",
    "exif-ifd3-GPSLongitude": "8/1 32/1 30/1",
    "exif-ifd3-GPSAreaInformation": "private place",
    "exif-ifd2-BodySerialNumber": "private body",
    "exif-ifd2-LensSerialNumber": "private lens",
    "exif-ifd2-CameraOwnerName": "private owner",
    "exif-ifd2-MakerNote": "private note",
    "exif-ifd2-UserComment": "private comment",
    "exif-ifd2-ImageUniqueID": "private number",
}


def photographed(fields: dict[str, str], suffix: str = ".jpg") -> bytes:
    image = pictures.quarters().copy()
    for name, value in fields.items():
        image.set_type(pyvips.GValue.gstr_type, name, value)
    return pictures.encoded(image, suffix)


def told(fields: dict[str, str], suffix: str = ".jpg") -> Exif:
    return exif(pyvips.Image.new_from_buffer(photographed(fields, suffix), ""))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_a_camera_is_told(suffix: str) -> None:
    assert told(CAMERA, suffix) == Exif(
        camera_make="FUJIFILM",
        camera_model="X-T5",
        lens="XF35mmF1.4 R",
        exposure_s=0.005,
        f_number=2.8,
        iso=640,
        focal_length_mm=35.0,
        taken_at="2024-05-01T12:30:00",
        artist="Anna Muster",
        copyright="(c) 2024 Anna Muster",
        software="darktable 4.8",
    )


def test_where_and_with_which_camera_of_whom_is_not_told() -> None:
    body = photographed(PRIVATE | CAMERA)
    assert b"private body" in body
    assert b"private owner" in body
    assert "private" not in repr(told(PRIVATE | CAMERA))
    assert told(PRIVATE | CAMERA) == told(CAMERA)


def test_a_picture_without_exif_tells_nothing() -> None:
    assert exif(pyvips.Image.new_from_buffer(pictures.png(), "")) == Exif()


def test_long_texts_are_cut() -> None:
    assert told({"exif-ifd0-Make": "word " * 1000}).camera_make == ("word " * 40).strip()
    assert told({"exif-ifd0-Copyright": "c" * 5000}).copyright == "c" * LONGEST_TEXT


def patched(old: bytes, new: bytes) -> pyvips.Image:
    """A picture whose camera is named *new*, which libvips itself would not write."""
    fields = {"exif-ifd0-Make": old.decode(), "exif-ifd0-Copyright": old.decode(), "exif-ifd0-Model": "X-T5"}
    body = photographed(fields)
    assert old in body
    assert len(old) == len(new)
    return pyvips.Image.new_from_buffer(body.replace(old, new), "")


@pytest.mark.parametrize(
    "text",
    [
        "Nikon (Tokyo)",
        "(c) A (B) C",
        "(c) Jo, ASCII, 3",
        "a (b, ASCII, 3 components, 3 bytes)",
        "a (a, ASCII, 1 components, 1 bytes)",
        "(",
        "x ( (x (",
        f"long ({'x' * 150}) (y)",
    ],
)
def test_brackets_belong_to_the_text(text: str) -> None:
    said = exif(patched(b"Q" * len(text), text.encode()))
    assert (said.camera_make, said.copyright) == (text, text)


def test_a_field_of_brackets_only_is_read_at_once() -> None:
    text = " (" * 10_000
    started_s = time.process_time()
    assert exif(patched(b"Q" * len(text), text.encode())).camera_make
    assert time.process_time() - started_s < 1


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (b"AB\x07D\nF\x1bH", "AB D F H"),
        (b"AB\x00DEFGH", "AB"),
        ("Müllers".encode(), "Müllers"),
        (b"        ", None),
        (b"\x00\x00\x00\x00\x00\x00\x00\x00", None),
        ("A\u202eBCDE".encode(), "A BCDE"),
    ],
)
def test_control_characters_do_not_pass(odd: bytes, told: str | None) -> None:
    assert exif(patched(b"ABCDEFGH", odd)).camera_make == told


@pytest.mark.parametrize("odd", [b"\xff\xfeCDEFGH", b"M\xfcller\xdf\xe9", b"ABCDEFG\xc3"])
def test_what_is_not_utf8_is_replaced_and_costs_no_other_field(odd: bytes) -> None:
    said = exif(patched(b"ABCDEFGH", odd))
    assert said.camera_make == odd.decode(errors="replace")
    assert said.camera_model == "X-T5"


class Undecodable:
    """An image of which a header field is no text, as pyvips reports it."""

    def get_typeof(self, name: str) -> int:
        return 1

    def get(self, name: str) -> str:
        return b"\xff".decode()


def test_a_field_that_cannot_be_decoded_is_left_out() -> None:
    assert exif(Undecodable()) == Exif()


@pytest.mark.parametrize(
    ("spelled", "seconds"),
    [("1/200", 0.005), ("30/1", 30.0), ("1/3", 0.333333), ("0/1", None), ("1/0", None), ("0/0", None)],
)
def test_exposures_are_seconds(spelled: str, seconds: float | None) -> None:
    assert told({"exif-ifd2-ExposureTime": spelled}).exposure_s == seconds


@pytest.mark.parametrize(
    ("spelled", "offset", "moment"),
    [
        ("2024:05:01 12:30:00", "+02:00", "2024-05-01T12:30:00+02:00"),
        ("2024:05:01 12:30:00", "now", "2024-05-01T12:30:00"),
        ("2024:13:01 12:30:00", "+02:00", None),
        ("    :  :     :  :  ", "", None),
        ("0000:00:00 00:00:00", "", None),
        ("yesterday", "", None),
    ],
)
def test_moments_are_iso_8601_or_not_told(spelled: str, offset: str, moment: str | None) -> None:
    fields = {"exif-ifd2-DateTimeOriginal": spelled, "exif-ifd2-OffsetTimeOriginal": offset}
    assert told(fields).taken_at == moment


@given(st.binary(min_size=8, max_size=8))
def test_whatever_a_field_holds_comes_out_as_one_printable_line(odd: bytes) -> None:
    make = exif(patched(b"ABCDEFGH", odd)).camera_make
    assert make is None or (make.isprintable() and make == make.strip() and 0 < len(make) <= 8)


@given(st.text())
def test_plain_text_is_printable_short_and_already_plain(text: str) -> None:
    plain = plain_text(text)
    assert plain is None or (plain.isprintable() and len(plain) <= LONGEST_TEXT and plain_text(plain) == plain)


def with_profile(profile: bytes) -> pyvips.Image:
    image = pictures.quarters().copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def icc(*tags: tuple[bytes, bytes]) -> bytes:
    """As much of a colour profile as names it."""
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for signature, content in tags:
        table += struct.pack(">4sII", signature, start + len(data), len(content))
        data += content
    return bytes(128) + struct.pack(">I", len(tags)) + table + data


def described(text: str) -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text.encode("ascii") + b"\0"


def localised(*texts: str) -> bytes:
    records, strings, start = b"", b"", 16 + 12 * len(texts)
    for text in texts:
        encoded = text.encode("utf-16-be")
        records += b"enUS" + struct.pack(">II", len(encoded), start + len(strings))
        strings += encoded
    return b"mluc" + bytes(4) + struct.pack(">II", len(texts), 12) + records + strings


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (icc((b"desc", described("Adobe RGB (1998)"))), "Adobe RGB (1998)"),
        (icc((b"wtpt", bytes(20)), (b"desc", localised("Display P3", "Anzeige P3"))), "Display P3"),
        (icc((b"desc", localised("カメラ\n"))), "カメラ"),
        (icc((b"desc", localised())), None),
        (icc((b"desc", b"")), None),
        (icc((b"desc", b"mluc")), None),
        (icc((b"desc", b"data" + bytes(20))), None),
        (icc((b"wtpt", bytes(20))), None),
        (icc((b"desc", described("x" * 900))), "x" * LONGEST_TEXT),
        (bytes(128) + b"\xff\xff\xff\xff", None),
        (b"short", None),
    ],
)
def test_a_profile_is_called_what_it_calls_itself(profile: bytes, name: str | None) -> None:
    assert profile_name(with_profile(profile)) == name


def test_a_real_profile_has_a_name_and_a_picture_without_one_has_none() -> None:
    body = pictures.encoded(pictures.quarters().icc_transform("p3", input_profile="srgb"), ".jpg")
    assert profile_name(pyvips.Image.new_from_buffer(body, ""))
    assert profile_name(pictures.quarters()) is None


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_damaged_profile_breaks_nothing(table: bytes, data: bytes) -> None:
    name = profile_name(with_profile(bytes(128) + table + b"desc" + data))
    assert name is None or name.isprintable()
