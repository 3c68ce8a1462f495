"""Whether a GIF ends where its blocks say; libvips lets an animation pass that stops inside a later frame."""

from origin.errors import BrokenImage

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C


def judge_end(body: bytes) -> None:
    """Follow the blocks of *body*, by their lengths alone (GIF89a, section 15 and on).

    A missing trailer behind whole frames is common and harmless. What stands
    behind the trailer, or where a block should begin, is the decoder's business.

    Raises:
        BrokenImage: The bytes end inside a block.
    """
    at = 13 + _table_bytes(body, 10)
    while at < len(body):
        if body[at] == _EXTENSION:
            at = _behind_data(body, at + 2)
        elif body[at] == _IMAGE:
            at = _behind_data(body, at + 11 + _table_bytes(body, at + 9))
        else:
            return
    if at > len(body):
        raise BrokenImage("the GIF ends inside a frame")


def _table_bytes(body: bytes, at: int) -> int:
    """Bytes of the colour table that the flags at *at* announce."""
    flags = body[at] if at < len(body) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_data(body: bytes, at: int) -> int:
    """Where the sub-blocks that begin at *at* end; behind the end of *body* if they do not."""
    while at < len(body) and body[at]:
        at += 1 + body[at]
    return at + 1
