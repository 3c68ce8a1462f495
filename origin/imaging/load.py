"""Source bytes into a lazy picture, each format by its own loader and no other.

The generic loader would try whatever library claims the bytes; here only the one
that belongs to the sniffed format is called, told to fail on the first sign of a
truncated file and to read in one pass.
"""

from typing import Any

import pyvips

from origin.imaging.geometry import Layout, Size
from origin.imaging.inspect import SourceFacts, SourceFormat, sniff

_LOADERS = {
    SourceFormat.JPEG: "jpegload_buffer",
    SourceFormat.PNG: "pngload_buffer",
    SourceFormat.WEBP: "webpload_buffer",
    SourceFormat.AVIF: "heifload_buffer",
    SourceFormat.GIF: "gifload_buffer",
    SourceFormat.TIFF: "tiffload_buffer",
}

READABLE = frozenset(_LOADERS)
"""Formats this build reads."""

_HIGHEST_JPEG_SHRINK = 8


def open_header(body: bytes) -> SourceFacts:
    """What the header of *body* says; no pixel is decoded.

    Raises:
        NotAnImage: The bytes are of no known format.
        pyvips.Error: The loader refuses them.
    """
    source_format = sniff(body)
    image = _open(source_format, body)
    orientation = image.get("orientation") if image.get_typeof("orientation") else 1
    if not 1 <= orientation <= 8:
        orientation = 1
    return SourceFacts(source_format, Size(image.width, image.height), orientation, bool(image.hasalpha()))


def open_pixels(body: bytes, source: SourceFacts, layout: Layout, *, upright: bool) -> pyvips.Image:
    """The picture, shrunk while it is decoded as far as the layout leaves room for a clean final resize."""
    scaled = layout.scaled.turned() if upright and source.lies_sideways else layout.scaled
    shrink = min(source.stored.width_px / scaled.width_px, source.stored.height_px / scaled.height_px)
    options: dict[str, Any] = {}
    if source.format is SourceFormat.JPEG:
        options["shrink"] = jpeg_shrink(shrink)
    return _open(source.format, body, **options)


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


def _open(source_format: SourceFormat, body: bytes, **options: Any) -> pyvips.Image:
    loader = getattr(pyvips.Image, _LOADERS[source_format])
    return loader(body, access="sequential", fail_on="truncated", **options)
