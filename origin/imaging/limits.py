"""What a picture may cost, judged from numbers before a pixel is decoded."""

from dataclasses import dataclass, replace
from typing import Final

from origin.errors import TooCostly
from origin.imaging.geometry import Layout, Size
from origin.recipe import Tighter

MOST_SIDE_PX: Final = 65_535
"""Of a source: what a JPEG can declare. A longer row alone may take a decoder hundreds of megabytes."""

MOST_PAGES: Final = 1000
"""Or frames that a source may have. Decoders look at all of them, although few are used."""

MOST_METADATA_BYTES: Final = 16 * 1024 * 1024
"""Profiles, EXIF, XMP and text together, unpacked: as much as the largest profile that fits into a JPEG."""

_PIXEL_BYTES: Final = 8
"""What a source of the most pixels may take for each: red, green, blue and alpha of 16 bits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a source or a result may be.

    Args:
        source_pixels: Width times height that a source may declare, and all frames of an animation together.
        result_side_px: Longest side of a result.
        frames: Frames of an animation that are used; the rest is left out.
        source_bytes: Length of a source; None: whatever was fetched.
    """

    source_pixels: int
    result_side_px: int
    frames: int = 64
    source_bytes: int | None = None

    def tightened(self, by: Tighter) -> "Limits":
        """These limits, or those of one URL where they are tighter."""
        pixels = round(by.source_megapixels * 1_000_000)
        return replace(
            self,
            source_pixels=min(self.source_pixels, pixels) if pixels else self.source_pixels,
            frames=min(self.frames, by.frames) if by.frames else self.frames,
            source_bytes=by.source_bytes or self.source_bytes,
        )

    def judge_bytes(self, length: int) -> None:
        """Raises TooCostly for a source that is longer than this URL allows."""
        if self.source_bytes is not None and length > self.source_bytes:
            raise TooCostly(f"the source has {length} bytes; the URL allows {self.source_bytes}")

    def judge_source(self, declared: Size, pages: int = 1, pixel_bytes: int = 4) -> None:
        """Raises TooCostly for a source of more than is decoded.

        Args:
            declared: Size of one page or frame.
            pages: How many there are.
            pixel_bytes: What one pixel takes in memory.
        """
        said = f"the source has {declared.width_px} x {declared.height_px} px"
        if declared.pixels > self.source_pixels:
            raise TooCostly(f"{said}; at most {self.source_pixels} pixels are decoded")
        if max(declared.width_px, declared.height_px) > MOST_SIDE_PX:
            raise TooCostly(f"{said}; at most {MOST_SIDE_PX} px a side are decoded")
        if declared.pixels * pixel_bytes > self.source_pixels * _PIXEL_BYTES:
            raise TooCostly(f"{said} of {pixel_bytes} bytes each; that is too deep for so many")
        if pages > MOST_PAGES:
            raise TooCostly(f"the source has {pages} pages or frames; at most {MOST_PAGES} are read")

    def frames_of(self, page: Size, wanted: int) -> int:
        """How many of *wanted* frames of the size *page* are used: an animation beyond the limits ends early."""
        return max(1, min(wanted, self.frames, self.source_pixels // max(1, page.pixels)))

    def judge_layout(self, layout: Layout, frames: int = 1) -> None:
        """Raises TooCostly for a result with a side beyond the limit, or one that is scaled too far up on the way."""
        longest = max(layout.result.width_px, layout.result.height_px)
        if longest > self.result_side_px:
            raise TooCostly(f"the result would be {longest} px long; at most {self.result_side_px} are made")
        if layout.scaled.pixels * frames > max(self.source_pixels, self.result_side_px**2):
            raise TooCostly(
                f"the picture would be scaled to {layout.scaled.width_px} x {layout.scaled.height_px} px on the way"
            )
