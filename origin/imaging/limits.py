"""What a picture may cost, judged from numbers before a pixel is decoded."""

from dataclasses import dataclass

from origin.errors import TooCostly
from origin.imaging.geometry import Layout, Size


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a source or a result may be.

    Args:
        source_pixels: Width times height that a source may declare.
        result_side_px: Longest side of a result.
    """

    source_pixels: int
    result_side_px: int

    def judge_source(self, declared: Size) -> None:
        """Raises TooCostly for a source of more pixels than are decoded."""
        if declared.pixels > self.source_pixels:
            raise TooCostly(
                f"the source has {declared.width_px} x {declared.height_px} px; "
                f"at most {self.source_pixels} pixels are decoded"
            )

    def judge_layout(self, layout: Layout) -> None:
        """Raises TooCostly for a result with a side beyond the limit, or one that is scaled too far up on the way."""
        longest = max(layout.canvas.width_px, layout.canvas.height_px)
        if longest > self.result_side_px:
            raise TooCostly(f"the result would be {longest} px long; at most {self.result_side_px} are made")
        if layout.scaled.pixels > max(self.source_pixels, self.result_side_px**2):
            raise TooCostly(
                f"the picture would be scaled to {layout.scaled.width_px} x {layout.scaled.height_px} px on the way"
            )
