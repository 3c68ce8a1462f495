"""How much a JPEG carries before its pixels; the decoder would join it all and hold it twice."""

from origin.errors import TooCostly
from origin.imaging.limits import MOST_METADATA_BYTES

_START_OF_SCAN = 0xDA
_COMMENT = 0xFE
_APPLICATION = range(0xE0, 0xF0)


def judge(body: bytes) -> None:
    """Follow the segments of *body* up to the first scan (ITU T.81, annex B).

    What cannot be read here is the decoder's business.

    Raises:
        TooCostly: Profiles, EXIF, XMP and comments are longer than `MOST_METADATA_BYTES`.
    """
    at, told_bytes = 2, 0
    while at + 4 <= len(body) and body[at] == 0xFF and body[at + 1] != _START_OF_SCAN:
        length = int.from_bytes(body[at + 2 : at + 4], "big")
        if body[at + 1] in _APPLICATION or body[at + 1] == _COMMENT:
            told_bytes += length
        if told_bytes > MOST_METADATA_BYTES:
            raise TooCostly(f"the JPEG carries more than {MOST_METADATA_BYTES} bytes beside its picture")
        at += 2 + length
