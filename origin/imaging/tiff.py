"""Whether the pixels that a TIFF names lie inside it; libvips shows missing uncompressed ones as black."""

import io

from PIL import TiffImagePlugin

from origin.errors import BrokenImage

_STRIPS, _TILES = (273, 279), (324, 325)
"""Tags of offsets and of lengths (TIFF 6.0, sections 4 and 15)."""


def judge_end(body: bytes, page: int) -> None:
    """Follow the directory of *page*, which alone says where its pixels are.

    What cannot be read here is the decoder's business.

    Raises:
        BrokenImage: A strip or a tile ends behind the end of *body*.
    """
    try:
        directory = _directory(body, page)
        spans = [
            (int(offset), int(length))
            for offsets, lengths in (_STRIPS, _TILES)
            for offset, length in zip(directory.get(offsets, ()), directory.get(lengths, ()), strict=False)
        ]
    except Exception:  # noqa: BLE001  Pillow raises what it likes for a broken directory
        return
    if any(offset + length > len(body) for offset, length in spans):
        raise BrokenImage("the TIFF ends before its pixels do")


def _directory(body: bytes, page: int) -> TiffImagePlugin.ImageFileDirectory_v2:
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(body))
    image.seek(page)
    return image.tag_v2
