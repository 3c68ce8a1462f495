"""Turning and mirroring, as one of the eight symmetries of a rectangle.

A picture is stored one way and seen another: its EXIF orientation, then the
recipe's turn, then its flips. Sizes and areas are meant as seen, but cutting and
scaling are cheaper before the pixels are turned, so areas are mapped back.
"""

from dataclasses import dataclass, replace

from origin.imaging.geometry import Area, Size


@dataclass(frozen=True, slots=True)
class Turn:
    """From stored to seen: mirrored left to right first if *mirrored*, then turned clockwise by *quarters* (0 to 3)."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def sideways(self) -> bool:
        """Whether width and height change places."""
        return self.quarters % 2 == 1

    def seen(self, stored: Size) -> Size:
        """The size as seen."""
        return stored.turned() if self.sideways else stored

    def stored(self, seen: Area, whole: Size) -> Area:
        """Where *seen*, an area of a picture that is seen in the size *whole*, lies in the picture as stored.

        >>> Turn(quarters=1).stored(Area(0, 0, Size(10, 20)), Size(30, 40))
        Area(left_px=0, top_px=20, size=Size(width_px=20, height_px=10))
        """
        left, top, size = seen.left_px, seen.top_px, seen.size
        right, bottom = whole.width_px - left - size.width_px, whole.height_px - top - size.height_px
        left, top = ((left, top), (top, right), (right, bottom), (bottom, left))[self.quarters]
        size, whole = (size.turned(), whole.turned()) if self.sideways else (size, whole)
        if self.mirrored:
            left = whole.width_px - left - size.width_px
        return Area(left, top, size)

    def then(self, quarters: int, *, flip_horizontal: bool, flip_vertical: bool) -> "Turn":
        """This turn, followed by a turn clockwise and by flips."""
        turn = replace(self, quarters=(self.quarters + quarters) % 4)
        if flip_horizontal:
            turn = Turn(-turn.quarters % 4, not turn.mirrored)
        if flip_vertical:
            turn = Turn((2 - turn.quarters) % 4, not turn.mirrored)
        return turn


_BY_ORIENTATION = {
    1: Turn(0),
    2: Turn(0, mirrored=True),
    3: Turn(2),
    4: Turn(2, mirrored=True),
    5: Turn(3, mirrored=True),
    6: Turn(1),
    7: Turn(1, mirrored=True),
    8: Turn(3),
}


def turn_of(orientation: int, quarters: int = 0, *, flip_horizontal: bool = False, flip_vertical: bool = False) -> Turn:
    """The turn of an EXIF *orientation* (1 to 8, TIFF tag 274), followed by a turn clockwise and by flips."""
    return _BY_ORIENTATION[orientation].then(quarters, flip_horizontal=flip_horizontal, flip_vertical=flip_vertical)
