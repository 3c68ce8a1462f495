"""Source bytes into a picture, each format by its own loader and no other.

The generic loader would try whatever library claims the bytes; here only the one
that belongs to the sniffed format is called, told to fail on the first sign of a
truncated file and to read in one pass. What libvips leaves to others is in `foreign`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pyvips

from origin.errors import BrokenImage, NotAnImage, OriginError
from origin.imaging import beforehand, foreign, tiff
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat, sniff
from origin.imaging.metadata import judge_length
from origin.imaging.recent import Recent
from origin.imaging.svg import sanitised

P = ParamSpec("P")
T = TypeVar("T")

_LOADERS = {
    SourceFormat.JPEG: "jpegload_buffer",
    SourceFormat.PNG: "pngload_buffer",
    SourceFormat.WEBP: "webpload_buffer",
    SourceFormat.AVIF: "heifload_buffer",
    SourceFormat.GIF: "gifload_buffer",
    SourceFormat.TIFF: "tiffload_buffer",
    SourceFormat.SVG: "svgload_buffer",
    SourceFormat.JXL: "jxlload_buffer",
}
"""PDF is not among them, whatever this build can do: its readers are large, and nobody asked for it."""

READABLE = frozenset(foreign.PIXELS) | {
    name for name, loader in _LOADERS.items() if pyvips.type_find("VipsOperation", loader)
}
"""Formats this build reads."""

_DRAWN = frozenset({SourceFormat.SVG})
"""Formats without pixels of their own: as large as they are asked to be."""
_PAGED = frozenset({SourceFormat.GIF, SourceFormat.WEBP, SourceFormat.TIFF, SourceFormat.AVIF, SourceFormat.JXL})
_ANIMATED = frozenset({SourceFormat.GIF, SourceFormat.WEBP})

DOTS_PER_INCH = 72.0
"""At which a drawing's own size is taken where nobody asks otherwise: one px of the drawing is one of the picture."""

_DEAR = frozenset({SourceFormat.PNG, SourceFormat.AVIF, SourceFormat.HEIC})
"""Formats whose decoding takes longer than all the rest, and as long for a small result as for a large one."""

_recent = Recent(most_bytes=32 * 1024 * 1024)

_HIGHEST_JPEG_SHRINK = 8


def _at_the_door(opening: Callable[P, T]) -> Callable[P, T]:
    """Make whatever a decoder raises over strangers' bytes a fault of the bytes, be it an error of its own."""

    @wraps(opening)
    def opened(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return opening(*args, **kwargs)
        except (OriginError, pyvips.Error, UnicodeDecodeError, MemoryError):
            raise
        except Exception as error:
            raise BrokenImage(f"the decoder failed with {type(error).__name__}") from error

    return opened


@_at_the_door
def open_header(body: bytes, *, svg: bool, page: int = 0, dpi: float = 0.0) -> SourceFacts:
    """What the header of *body* says; no pixel is decoded.

    Args:
        body: The whole source.
        svg: Whether drawings are welcome.
        page: The page whose size counts, from 0; only TIFF and AVIF have pages of different sizes.
        dpi: Resolution at which the size of a drawing is meant; 0: `DOTS_PER_INCH`.

    Raises:
        NotAnImage: The bytes are of no known format, or of one that is not read.
        BrokenImage, TooCostly: They are refused before a decoder sees them.
        pyvips.Error, UnicodeDecodeError: The loader refuses them.
    """
    source_format = sniff(body)
    if source_format not in READABLE or (source_format is SourceFormat.SVG and not svg):
        raise NotAnImage(f"{source_format} is not read here")
    if source_format in foreign.HEADERS:
        return foreign.HEADERS[source_format](body)
    beforehand.judge(source_format, body)
    image = _open(source_format, body, _page(source_format, page, 1) | _scale(source_format, 1.0, dpi))
    judge_length(image)
    pages = _number(image, "n-pages", 1)
    orientation = _number(image, "orientation", 1)
    return SourceFacts(
        source_format,
        Size(image.width, image.height),
        orientation if 1 <= orientation <= 8 else 1,
        bool(image.hasalpha()),
        pages,
        animated=pages > 1 and source_format in _ANIMATED,
        pixel_bytes=_pixel_bytes(image),
    )


@_at_the_door
def open_pixels(
    body: bytes, facts: SourceFacts, *, shrink: float, first_page: int, pages: int, dpi: float
) -> pyvips.Image:
    """The picture, shrunk while it is decoded as far as that leaves room for a clean final resize.

    Several pages are stacked, with ``page-height``, ``n-pages``, ``delay`` (of those
    frames) and ``loop``; a single one carries none of these and is a still.

    Args:
        body: The whole source.
        facts: What `open_header` said of it.
        shrink: By how much the caller will scale down at least, 1 and above. Below 1 a
            drawing is drawn larger; other formats do not get larger here.
        first_page: From 0. Formats that have no pages take no notice of it.
        pages: How many from there; fewer if there are fewer.
        dpi: The same as was given to `open_header`.

    Raises:
        BrokenImage: The picture is another than its header says, or ends early.
        pyvips.Error: The decoder refuses it, now or when its pixels are read.
    """
    if facts.format in _DEAR and pages == 1:
        return _recent.pixels(body, first_page, lambda: _decoded(body, facts, shrink, first_page, 1, dpi))
    return _decoded(body, facts, shrink, first_page, pages, dpi)


def _decoded(body: bytes, facts: SourceFacts, shrink: float, first_page: int, pages: int, dpi: float) -> pyvips.Image:
    if facts.format in foreign.PIXELS:
        return _as_promised(foreign.PIXELS[facts.format](body), facts, 1)
    count = max(1, min(pages, facts.pages - first_page))
    if facts.format is SourceFormat.TIFF:
        for page in range(first_page, first_page + count):
            tiff.judge_end(body, page)
    # No side of a result is below a pixel, whatever was asked.
    shrink = min(shrink, facts.stored.width_px, facts.stored.height_px)
    image = _open(facts.format, body, _page(facts.format, first_page, count) | _scale(facts.format, shrink, dpi))
    return _told_pages(_as_promised(image, facts, count), first_page, count)


def jpeg_shrink(shrink: float) -> int:
    """By how much a JPEG decoder may shrink: 1, 2, 4 or 8.

    A factor of two is left to the final resize: the decoder's box filter is
    sharper than it is clean.

    >>> [jpeg_shrink(by) for by in (0.5, 3.9, 4, 8, 40)]
    [1, 1, 2, 4, 8]
    """
    by = 1
    while by < _HIGHEST_JPEG_SHRINK and by * 4 <= shrink:
        by *= 2
    return by


def _scale(source_format: SourceFormat, shrink: float, dpi: float) -> dict[str, float]:
    """The loader's way to say it. AVIF's embedded thumbnails and TIFF's pyramids are somebody else's resize."""
    if source_format is SourceFormat.JPEG:
        return {"shrink": jpeg_shrink(shrink)}
    if source_format is SourceFormat.WEBP:
        return {"scale": min(1.0, 2.0 / shrink)}
    if source_format in _DRAWN:
        # Not the loader's own dpi: it would count twice for lengths in mm and the like.
        return {"scale": (dpi or DOTS_PER_INCH) / DOTS_PER_INCH / shrink}
    return {}


def _as_promised(image: pyvips.Image, facts: SourceFacts, pages: int) -> pyvips.Image:
    """*image*, unless it is larger than its header said: limits were held to that. A drawing has no size of its own."""
    promised = Size(facts.stored.width_px, facts.stored.height_px * pages)
    if facts.format not in _DRAWN and (image.width > promised.width_px or image.height > promised.height_px):
        raise BrokenImage(f"the picture has {image.width} x {image.height} px, which is more than its header says")
    return image


def _page(source_format: SourceFormat, first: int, count: int) -> dict[str, int]:
    # Left out where it can be: then AVIF gives its primary image, wherever that lies.
    if source_format not in _PAGED or (first == 0 and count == 1):
        return {}
    return {"page": first, "n": count}


def _told_pages(image: pyvips.Image, first: int, count: int) -> pyvips.Image:
    delays = image.get("delay") if image.get_typeof("delay") else []
    image = image.copy()
    if count > 1:
        image.set_type(pyvips.GValue.gint_type, "n-pages", count)
        if delays:
            image.set_type(pyvips.GValue.array_int_type, "delay", delays[first : first + count])
        return image
    for name in ("n-pages", "page-height", "delay", "loop", "gif-delay", "gif-loop"):
        if image.get_typeof(name):
            image.remove(name)
    return image


def _number(image: pyvips.Image, name: str, default: int) -> int:
    return int(image.get(name)) if image.get_typeof(name) else default


_SAMPLE_BYTES = {"uchar": 1, "char": 1, "ushort": 2, "short": 2, "double": 8, "complex": 8, "dpcomplex": 16}


def _pixel_bytes(image: pyvips.Image) -> int:
    return int(image.bands) * _SAMPLE_BYTES.get(image.format, 4)


def _open(source_format: SourceFormat, body: bytes, options: dict[str, Any]) -> pyvips.Image:
    if source_format is SourceFormat.SVG:
        body = sanitised(body)
    loader = getattr(pyvips.Image, _LOADERS[source_format])
    # libtiff calls missing and undecodable pixels errors of its own, and libvips would show them as black.
    fail_on = "error" if source_format is SourceFormat.TIFF else "truncated"
    return loader(body, access="sequential", fail_on=fail_on, **options)
