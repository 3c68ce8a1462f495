"""How many frames a WebP has, counted here: its decoder goes back to the first one for each that it looks for."""

from origin.errors import TooCostly
from origin.imaging.limits import MOST_METADATA_BYTES, MOST_PAGES

_TOLD = frozenset({b"ICCP", b"EXIF", b"XMP "})


def judge(body: bytes) -> None:
    """Follow the chunks of *body* (RFC 9649, section 2).

    What cannot be read here is the decoder's business.

    Raises:
        TooCostly: There are more than `MOST_PAGES` frames or `MOST_METADATA_BYTES` of profile, EXIF and XMP.
    """
    at, frames, told_bytes = 12, 0, 0
    while at + 8 <= len(body):
        kind, length = body[at : at + 4], int.from_bytes(body[at + 4 : at + 8], "little")
        frames += kind == b"ANMF"
        told_bytes += length if kind in _TOLD else 0
        if frames > MOST_PAGES or told_bytes > MOST_METADATA_BYTES:
            raise TooCostly(f"the WebP has more than {MOST_PAGES} frames or {MOST_METADATA_BYTES} bytes beside them")
        at += 8 + length + (length & 1)
