"""The formats libvips leaves to others here: HEIC through pi-heif, BMP and ICO through Pillow.

Each is handed to the one decoder that belongs to it; Pillow never guesses. A header
costs no pixels, and pixels are refused where the decoder would have to make some up.
"""

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import pyvips

from origin.errors import BrokenImage, TooCostly
from origin.imaging import beforehand
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat
from origin.imaging.metadata import judge_length

try:
    import pi_heif

    pi_heif.libheif_version()
except ImportError:
    _HAS_HEIF = False
else:
    _HAS_HEIF = True
    # Transforms run side by side already; and nothing but the picture itself is asked for.
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False

try:
    from PIL import BmpImagePlugin, IcoImagePlugin, Image
except ImportError:
    _HAS_PILLOW = False
else:
    _HAS_PILLOW = True

_MOST_RUN_LENGTH_PIXELS = 4_000_000
"""Pillow unpacks run lengths in Python, a pixel at a time if the file wants it so."""


def heic_header(body: bytes) -> SourceFacts:
    """What the boxes of a HEIC say of its primary image; libvips reads those, whoever decodes the pixels.

    The size is the upright one and the orientation always 1: the format turns by
    boxes of its own, which the decoder obeys, and the EXIF tag is a copy to be
    ignored (ISO/IEC 23008-12 6.5.10).
    """
    image = pyvips.Image.heifload_buffer(body)
    judge_length(image)
    return SourceFacts(SourceFormat.HEIC, Size(image.width, image.height), 1, bool(image.hasalpha()))


def heic_pixels(body: bytes) -> pyvips.Image:
    """The primary image, 8 bits deep, with its profile, EXIF and XMP. The GIL is free while it is decoded."""
    _judge_item_names(body)
    promised = heic_header(body).stored
    with _refusals():
        heif = pi_heif.open_heif(body)
        # A copy: what the decoder lends is gone with it. Limits were held to the promise, so that binds.
        pixels = bytes(heif.data) if Size(*heif.size) == promised else b""
        if Size(*heif.size) != promised:
            raise BrokenImage("the picture has other sides than its header says")
    image = _in_memory(pixels, promised, len(pixels) // (promised.width_px * promised.height_px))
    if heif.premultiplied_alpha:
        image = image.unpremultiply().cast("uchar")
    return _described(image, heif.info)


def bmp_header(body: bytes) -> SourceFacts:
    """What a bitmap's header says, up to 4 thousand million px a side: limits are for the caller."""
    with _refusals():
        bitmap = BmpImagePlugin.BmpImageFile(BytesIO(body))
        return SourceFacts(SourceFormat.BMP, Size(*bitmap.size), 1, bitmap.mode == "RGBA")


def bmp_pixels(body: bytes) -> pyvips.Image:
    """The bitmap, top row first."""
    with _refusals():
        return _from_pillow(_affordable(BmpImagePlugin.BmpImageFile(BytesIO(body))))


def ico_header(body: bytes) -> SourceFacts:
    """What is said of the largest picture in an icon by that picture itself; the directory is not believed."""
    frame = _largest(body)
    if frame.startswith(_PNG):
        image = _png(frame)
        return SourceFacts(SourceFormat.ICO, Size(image.width, image.height), 1, bool(image.hasalpha()))
    with _refusals():
        width, height = BmpImagePlugin.DibImageFile(BytesIO(frame)).size
        # The mask lies below the picture and counts as half of the height.
        if height < 2:
            raise BrokenImage("the icon has no height")
        return SourceFacts(SourceFormat.ICO, Size(width, height // 2), 1, has_alpha=True)


def ico_pixels(body: bytes) -> pyvips.Image:
    """The largest picture in an icon, its mask as alpha."""
    frame = _largest(body)
    if frame.startswith(_PNG):
        return _png(frame)
    with _refusals():
        _affordable(BmpImagePlugin.DibImageFile(BytesIO(frame)))
        # An icon of that one picture, for the code that knows about masks.
        bits = int.from_bytes(frame[14:16], "little")
        alone = struct.pack("<3H4B2H2I", 0, 1, 1, 0, 0, 0, 0, 1, bits, len(frame), 22)
        return _from_pillow(IcoImagePlugin.IcoFile(BytesIO(alone + frame)).frame(0))


HEADERS: dict[SourceFormat, Callable[[bytes], SourceFacts]] = {}
"""Readers of headers for the formats that this build reads without libvips."""

PIXELS: dict[SourceFormat, Callable[[bytes], pyvips.Image]] = {}
"""The same for pixels; the pictures are in memory, not lazy."""

if _HAS_HEIF:
    HEADERS[SourceFormat.HEIC], PIXELS[SourceFormat.HEIC] = heic_header, heic_pixels
if _HAS_PILLOW:
    HEADERS[SourceFormat.BMP], PIXELS[SourceFormat.BMP] = bmp_header, bmp_pixels
    HEADERS[SourceFormat.ICO], PIXELS[SourceFormat.ICO] = ico_header, ico_pixels


def _judge_item_names(body: bytes) -> None:
    """Refuse a HEIC whose item types and names are no text: pi-heif 1.4 takes the process down over one."""
    at = 0
    while at + 8 <= len(body):
        length = int.from_bytes(body[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(body[at + 8 : at + 16], "big")
        end = at + length if length >= 8 else len(body)
        if body[at + 4 : at + 8] == b"meta":
            for name in _ITEM.finditer(body, at, end):
                _judge_item_name(body, name.start(), end)
        at = end


_ITEM = re.compile(rb"infe")


def _judge_item_name(body: bytes, start: int, limit: int) -> None:
    """One ItemInfoEntry (ISO/IEC 14496-12 8.11.6) that begins, behind its length, at *start*."""
    end = start - 4 + int.from_bytes(body[start - 4 : start], "big")
    texts = start + {2: 12, 3: 14}.get(body[start + 4], len(body))
    try:
        body[texts:end].decode()
    except UnicodeDecodeError:
        end = 0
    if not texts + 4 <= end <= limit:
        raise BrokenImage("an item of the HEIC has no readable type")


_PNG = b"\x89PNG\r\n\x1a\n"


def _largest(body: bytes) -> bytes:
    """The bytes of the picture with the most pixels, and of those the deepest, going by the directory."""
    count = int.from_bytes(body[4:6], "little")
    if not count or len(body) < 6 + 16 * count:
        raise BrokenImage("the icon is cut short")
    best = max(struct.iter_unpack("<4B2H2I", body[6 : 6 + 16 * count]), key=_worth)
    length, start = best[6:]
    if start + length > len(body):
        raise BrokenImage("the icon is cut short")
    return body[start : start + length]


def _worth(entry: tuple[int, ...]) -> tuple[int, int]:
    """Pixels and bits per pixel of an entry; a side of 0 means 256."""
    return (entry[0] or 256) * (entry[1] or 256), entry[5]


def _png(frame: bytes) -> pyvips.Image:
    beforehand.judge(SourceFormat.PNG, frame)
    return pyvips.Image.pngload_buffer(frame, access="sequential", fail_on="truncated")


def _affordable(bitmap: "BmpImagePlugin.BmpImageFile") -> "BmpImagePlugin.BmpImageFile":
    compressed = bitmap.info.get("compression") in (1, 2)
    if compressed and bitmap.width * bitmap.height > _MOST_RUN_LENGTH_PIXELS:
        raise TooCostly(
            f"a run-length bitmap of {bitmap.width} x {bitmap.height} px is above the 4 megapixels read here"
        )
    return bitmap


def _from_pillow(image: "Image.Image") -> pyvips.Image:
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGB")
    # Decoding happens here, and Pillow refuses a file that ends early.
    return _in_memory(image.tobytes(), Size(*image.size), len(image.getbands()))


def _in_memory(pixels: bytes, size: Size, bands: int) -> pyvips.Image:
    image = pyvips.Image.new_from_memory(pixels, size.width_px, size.height_px, bands, "uchar")
    return image.copy(interpretation="srgb" if bands > 2 else "b-w")


def _described(image: pyvips.Image, info: dict[str, object]) -> pyvips.Image:
    """With what a HEIC says about the picture, under the names libvips uses; it takes EXIF apart by itself."""
    image = image.copy()
    for name, key in (("icc-profile-data", "icc_profile"), ("xmp-data", "xmp"), ("exif-data", "exif")):
        blob = info.get(key)
        if isinstance(blob, bytes):
            image.set_type(pyvips.GValue.blob_type, name, blob)
    # Turning was done by the decoder; the tag, if left as it was, would have it done again.
    image.set_type(pyvips.GValue.gint_type, "orientation", 1)
    return image


@contextmanager
def _refusals() -> Iterator[None]:
    """Whatever these decoders raise about a file is one thing here."""
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise BrokenImage(f"the decoder refuses it: {error}"[:200]) from None
