"""Whether a GIF ends where its blocks say; libvips lets an animation pass that stops inside a later frame."""

from origin.errors import BrokenImage, TooCostly
from origin.imaging.limits import MOST_PAGES

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C

_MOST_BLOCKS = 1_000_000
"""Blocks hold up to 255 bytes, and encoders fill them; following more takes longer than decoding would."""


def judge(body: bytes) -> None:
    """Follow the blocks of *body*, by their lengths alone (GIF89a, section 15 and on).

    A missing trailer behind whole frames is common and harmless. What stands
    behind the trailer, or where a block should begin, is the decoder's business.

    Raises:
        BrokenImage: The bytes end inside a block.
        TooCostly: There are more than `MOST_PAGES` frames, or very many blocks.
    """
    at, frames, left = 13 + _table_bytes(body, 10), 0, _MOST_BLOCKS
    while at < len(body):
        if body[at] == _EXTENSION:
            at, left = _behind_data(body, at + 2, left)
        elif body[at] == _IMAGE:
            frames += 1
            at, left = _behind_data(body, at + 11 + _table_bytes(body, at + 9), left)
        else:
            return
        if frames > MOST_PAGES or left <= 0:
            raise TooCostly(f"the GIF has more than {MOST_PAGES} frames or {_MOST_BLOCKS} blocks")
    if at > len(body):
        raise BrokenImage("the GIF ends inside a frame")


def _table_bytes(body: bytes, at: int) -> int:
    """Bytes of the colour table that the flags at *at* announce."""
    flags = body[at] if at < len(body) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_data(body: bytes, at: int, left: int) -> tuple[int, int]:
    """Where the sub-blocks that begin at *at* end; behind the end of *body* if they do not.

    Also how many blocks may still be followed of *left*; where there are none left it stops halfway.
    """
    while at < len(body) and body[at] and left > 0:
        at += 1 + body[at]
        left -= 1
    return at + 1, left - 1
