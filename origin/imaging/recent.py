"""The pixels decoded last, for the next width of the same picture.

A page asks for a ``srcset`` at once, and so a child gets several widths of one
source in a row. Where decoding costs the same whatever the width and most of the
whole, the second need not decode again (figures in docs/performance.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyvips

_SAMPLE_BYTES = {"uchar": 1, "char": 1, "ushort": 2, "short": 2}


@dataclass(frozen=True, slots=True)
class _Kept:
    body: bytes = field(repr=False)
    page: int
    image: pyvips.Image


class Recent:
    """Keeps one decoded picture, if it is of moderate size.

    Threads may share one: pictures in memory are only read.

    Args:
        most_bytes: Of pixels, and again of source, that are kept between two pictures.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: _Kept | None = None

    def pixels(self, body: bytes, page: int, decode: Callable[[], pyvips.Image]) -> pyvips.Image:
        """Page *page* of *body*, by *decode* unless it was the last that was asked for."""
        kept = self._kept
        # Compared whole: a digest would take longer, and somebody might find two sources with one.
        if kept is not None and kept.page == page and kept.body == body:
            return kept.image.copy()
        image = decode()
        if len(body) > self._most_bytes or _bytes_of(image) > self._most_bytes:
            return image
        image = image.copy_memory()
        self._kept = _Kept(body, page, image)
        return image.copy()  # of what is known about it, not of its pixels: whoever changes that changes their own


def _bytes_of(image: pyvips.Image) -> int:
    return int(image.width * image.height * image.bands * _SAMPLE_BYTES.get(image.format, 8))
