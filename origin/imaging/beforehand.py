"""What is looked at before any decoder looks: over some headers one would take seconds, or hundreds of megabytes."""

from collections.abc import Callable

from origin.imaging import gif, jpeg, png, tiff, webp
from origin.imaging.inspect import SourceFormat

_JUDGES: dict[SourceFormat, Callable[[bytes], None]] = {
    SourceFormat.JPEG: jpeg.judge,
    SourceFormat.PNG: png.judge,
    SourceFormat.WEBP: webp.judge,
    SourceFormat.GIF: gif.judge,
    SourceFormat.TIFF: tiff.judge,
}


def judge(source_format: SourceFormat, body: bytes) -> None:
    """Raises TooCostly for a *body* that would cost its decoder too much, BrokenImage for one that is cut short."""
    if source_format in _JUDGES:
        _JUDGES[source_format](body)
