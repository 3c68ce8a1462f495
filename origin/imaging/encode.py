"""Finished pixels into the bytes of one format."""

from collections.abc import Callable
from typing import Any

import pyvips

from origin.errors import CannotWrite
from origin.imaging.inspect import SourceFacts
from origin.recipe import OutputFormat

_AVIF_QUALITY_OFFSET = 25
"""AV1 reaches the look of a JPEG at a much lower number; where the URL names none, it starts this much lower."""


def _jpeg(image: pyvips.Image, quality: int) -> Any:
    return image.jpegsave_buffer(Q=quality, optimize_coding=True, keep="none")


def _png(image: pyvips.Image, quality: int) -> Any:  # noqa: ARG001  PNG is lossless
    return image.pngsave_buffer(compression=6, keep="none")


def _webp(image: pyvips.Image, quality: int) -> Any:
    return image.webpsave_buffer(Q=quality, effort=4, keep="none")


def _avif(image: pyvips.Image, quality: int) -> Any:
    # effort 1 is the encoder's speed 8: ten times faster than its default, for a tenth more bytes.
    return image.heifsave_buffer(Q=quality, compression="av1", effort=1, keep="none")


def _gif(image: pyvips.Image, quality: int) -> Any:  # noqa: ARG001  a palette has no quality
    return image.gifsave_buffer(effort=7, keep="none")


def _tiff(image: pyvips.Image, quality: int) -> Any:
    return image.tiffsave_buffer(compression="deflate", predictor="horizontal", Q=quality, keep="none")


_WRITERS: dict[OutputFormat, Callable[[pyvips.Image, int], Any]] = {
    OutputFormat.JPEG: _jpeg,
    OutputFormat.PNG: _png,
    OutputFormat.WEBP: _webp,
    OutputFormat.AVIF: _avif,
    OutputFormat.GIF: _gif,
    OutputFormat.TIFF: _tiff,
}

WRITABLE = frozenset(_WRITERS)
"""Formats this build writes."""

_OPAQUE = (OutputFormat.JPEG,)


def keeps_alpha(name: OutputFormat) -> bool:
    """Whether transparent pixels survive in the format."""
    return name not in _OPAQUE


def chosen_format(asked: OutputFormat | None, source: SourceFacts) -> OutputFormat:
    """The format to write: what was asked or negotiated, else the source's own if browsers show it, else PNG or JPEG.

    Raises:
        CannotWrite: This build does not write what was asked for.
    """
    name = asked or source.format.web or (OutputFormat.PNG if source.has_alpha else OutputFormat.JPEG)
    if name not in _WRITERS:
        raise CannotWrite(f"this build does not write {name}; it writes {' '.join(sorted(_WRITERS))}")
    return name


def chosen_quality(name: OutputFormat, asked: int | None, default: int) -> int:
    """The encoder's quality, 1 to 100: what the URL asked, else the service's default on the format's own scale."""
    if asked is not None:
        return asked
    return max(1, default - _AVIF_QUALITY_OFFSET) if name is OutputFormat.AVIF else default


def encode(image: pyvips.Image, name: OutputFormat, quality: int) -> bytes:
    """*image* in the format *name*. Lazy pixels are computed here, so this is where most decoders fail."""
    return bytes(_WRITERS[name](image, quality))
