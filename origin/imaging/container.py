"""Whether a file holds its picture and nothing else, so that its own bytes may be an answer.

By an allow-list of what it may consist of: a place where a camera, a phone or an
editor could have put something about a person is not on it.
"""

import re

from origin.imaging.inspect import SourceFormat

_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"pHYs", b"IDAT", b"IEND"})
_JPEG_SEGMENTS = frozenset({0xE0, 0xDB, 0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDD})
"""JFIF, tables, frames of the usual kinds, scans, restart intervals."""
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END = 0xD9


def is_bare(body: bytes, name: SourceFormat) -> bool:
    """Whether *body* is a PNG or a JPEG of pixels alone, from its first byte to its last."""
    if name is SourceFormat.PNG:
        return _is_bare_png(body)
    return name is SourceFormat.JPEG and _is_bare_jpeg(body)


def _is_bare_png(body: bytes) -> bool:
    at = 8
    while at + 12 <= len(body):
        kind = body[at + 4 : at + 8]
        at += 12 + int.from_bytes(body[at : at + 4], "big")
        if kind not in _PNG_CHUNKS:
            return False
        if kind == b"IEND":
            return at == len(body)
    return False


def _is_bare_jpeg(body: bytes) -> bool:
    at = 2
    while (found := _NEXT_MARKER.match(body, at)) is not None:
        kind = body[found.start() + 1]
        if kind == _END:
            return found.end() == len(body)
        if kind not in _JPEG_SEGMENTS:
            return False
        at = found.end() + int.from_bytes(body[found.end() : found.end() + 2], "big")
        if kind == 0xDA:  # what follows a scan's header has no length; it goes on to the next marker
            scan = _NEXT_MARKER.search(body, at)
            if scan is None:
                return False
            at = scan.start()
    return False
