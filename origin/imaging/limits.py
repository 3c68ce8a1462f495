"""What a picture may cost, judged from numbers before a pixel is decoded."""

from dataclasses import dataclass, replace

from origin.errors import TooCostly
from origin.imaging.geometry import Layout, Size
from origin.recipe import Tighter


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

    def judge_source(self, declared: Size) -> None:
        """Raises TooCostly for a source of more pixels than are decoded."""
        if declared.pixels > self.source_pixels:
            raise TooCostly(
                f"the source has {declared.width_px} x {declared.height_px} px; "
                f"at most {self.source_pixels} pixels are decoded"
            )

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
