"""What a file says about itself in words: the harmless part of its EXIF, and the name of its colour profile.

Only fields named here leave the house. Where a picture was taken, with which
serial number and by whose camera is nobody's business who holds a URL of it.
"""

import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import pyvips

LONGEST_TEXT = 200
"""Characters of a text; a field may hold megabytes."""


@dataclass(frozen=True, slots=True)
class Exif:
    """What the camera and its owner wrote, as far as it may be shown (Exif 2.32 section 4.6). None: not told."""

    camera_make: str | None = None
    camera_model: str | None = None
    lens: str | None = None
    exposure_s: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    taken_at: str | None = None
    """ISO 8601; with an offset from UTC only if the camera knew it."""
    artist: str | None = None
    copyright: str | None = None
    software: str | None = None


def exif(image: pyvips.Image) -> Exif:
    """The harmless part of the EXIF of *image*; a field that makes no sense counts as not told."""
    iso = _number(_told(image, "exif-ifd2-ISOSpeedRatings"))
    return Exif(
        camera_make=plain_text(_told(image, "exif-ifd0-Make")),
        camera_model=plain_text(_told(image, "exif-ifd0-Model")),
        lens=plain_text(_told(image, "exif-ifd2-LensModel")),
        exposure_s=_number(_told(image, "exif-ifd2-ExposureTime")),
        f_number=_number(_told(image, "exif-ifd2-FNumber")),
        iso=round(iso) if iso else None,
        focal_length_mm=_number(_told(image, "exif-ifd2-FocalLength")),
        taken_at=_moment(_told(image, "exif-ifd2-DateTimeOriginal"), _told(image, "exif-ifd2-OffsetTimeOriginal")),
        artist=plain_text(_told(image, "exif-ifd0-Artist")),
        copyright=plain_text(_told(image, "exif-ifd0-Copyright")),
        software=plain_text(_told(image, "exif-ifd0-Software")),
    )


_WRITTEN_OUT = re.compile(r" \((?P<readable>.*), [^,]+, \d+ components, \d+ bytes\)", re.DOTALL)
_LONGEST_WRITTEN_OUT = 400
"""Of which the readable value is at most 255."""


def _told(image: pyvips.Image, field: str) -> str:
    """The value of one EXIF field as libvips spells it; empty when it is missing or no text.

    libvips writes ``value (readable value, type, n components, n bytes)``, and all
    of it may hold brackets. The readable value of a text begins like the text.
    """
    if not image.get_typeof(field):
        return ""
    try:
        spelled = str(image.get(field))
    except UnicodeDecodeError:
        return ""
    # Only near the end, or a field of brackets only would take minutes.
    start = max(0, len(spelled) - _LONGEST_WRITTEN_OUT)
    for bracket in reversed([found.start() for found in re.finditer(r" \(", spelled[start:])]):
        value, rest = spelled[: start + bracket], spelled[start + bracket :]
        written_out = _WRITTEN_OUT.fullmatch(rest)
        if written_out and written_out["readable"].startswith(value[:LONGEST_TEXT].rstrip()):
            return value
    return spelled.partition(" (")[0]


def plain_text(text: str) -> str | None:
    """*text* on one line, without control characters, at most `LONGEST_TEXT` long; None when nothing is left.

    >>> plain_text(" Anna\\x00\\n Muster\\u202e ")
    'Anna Muster'
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_TEXT])
    return " ".join(printable.split())[:LONGEST_TEXT].rstrip() or None


def _number(told: str) -> float | None:
    """A fraction, or the first of several whole numbers, if above zero; six digits are more than a lens knows."""
    found = re.match(r"(\d{1,10})(?:/(\d{1,10}))?(?=\s|$)", told)
    if not found:
        return None
    above, below = int(found[1]), int(found[2] or 1)
    return float(f"{above / below:.6g}") if above and below else None


def _moment(told: str, offset: str) -> str | None:
    """EXIF writes ``2024:05:01 12:30:00``, and blanks for what the camera did not know."""
    with suppress(ValueError):
        taken = datetime.strptime(told.strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007  local time
        return taken + offset if re.fullmatch(r"[+-][0-9]{2}:[0-9]{2}", offset) else taken
    return None


def profile_name(image: pyvips.Image) -> str | None:
    """What the ICC profile of *image* calls itself; None without a profile or when it does not say."""
    if not image.get_typeof("icc-profile-data"):
        return None
    profile = bytes(image.get("icc-profile-data"))
    with suppress(struct.error):
        for at in range(min(struct.unpack_from(">I", profile, 128)[0], 100)):
            signature, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * at)
            if signature == b"desc":
                return plain_text(_described(profile[start : start + size]))
    return None


def _described(tag: bytes) -> str:
    """The text of a description: ICC.1:2001-04 section 6.5.17, or ICC.1:2022 section 10.15, first language."""
    if tag[:4] == b"desc":
        (length,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + length].decode("ascii", "replace")
    if tag[:4] == b"mluc":
        length, start = struct.unpack_from(">II", tag, 20)
        return tag[start : start + length].decode("utf-16-be", "replace")
    return ""
