"""Pictures made to hurt: small files that would become much, made here in a few milliseconds each."""

import struct
import zlib
from collections.abc import Callable
from typing import Final

import pyvips

from tests.pictures import encoded

_MIB = 1024 * 1024


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width_px: int, height_px: int, depth: int, pixels: bytes, extras: bytes = b"") -> bytes:
    """A grey PNG of compressed *pixels*, with more chunks before them."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width_px, height_px, depth, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extras + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def small_png(extras: bytes = b"") -> bytes:
    """A PNG of 64 px a side, with more chunks."""
    return png(64, 64, 8, packed_zeros(65 * 64), extras)


def packed_zeros(length: int) -> bytes:
    """So many zeros, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(min(_MIB, length - at))) for at in range(0, length, _MIB)]
    return b"".join([*parts, packer.flush()])


def wide_png() -> bytes:
    """268 megapixels in 33 kB."""
    return png(16384, 16384, 1, packed_zeros(16384 * 2049))


def ribbon_png() -> bytes:
    """As many pixels as are decoded, all in one row."""
    return png(50_000_000, 1, 8, packed_zeros(50_000_001))


def overflowing_png() -> bytes:
    """Its width times its height is 65,536 for whoever counts in 32 bits."""
    return png(65536, 65537, 8, packed_zeros(100))


def text_png(kind: bytes, length: int, times: int = 1) -> bytes:
    """A small picture that carries so much in chunks of a *kind*, compressed."""
    before = {b"zTXt": b"note\0\0", b"iCCP": b"note\0\0", b"iTXt": b"note\0\1\0\0\0"}[kind]
    return small_png(png_chunk(kind, before + packed_zeros(length)) * times)


def chunky_png(chunks: int) -> bytes:
    """A small picture with so many empty remarks."""
    return small_png(png_chunk(b"tEXt", b"a\0") * chunks)


def avif(width_px: int, height_px: int, coded_px: int = 256) -> bytes:
    """An AVIF that declares a size, with pixels for a square of *coded_px*."""
    body = encoded(pyvips.Image.black(coded_px, coded_px).copy(interpretation="b-w"), ".avif", effort=0, Q=10)
    return body.replace(struct.pack(">II", coded_px, coded_px), struct.pack(">II", width_px, height_px))


def gif(frames: int, side_px: int = 64) -> bytes:
    """So many frames of a pixel each."""
    frame = b"\x21\xf9\x04\0\x01\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return _gif_head(side_px) + frame * frames + b";"


def blank_gif(side_px: int) -> bytes:
    """One frame of so many px a side, of which one pixel is there."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, side_px, side_px, 0) + b"\x02\x02\x44\x01\0"
    return _gif_head(side_px) + frame + b";"


def crumbled_gif(blocks: int) -> bytes:
    """One frame, whose pixels come in blocks of a byte."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 8, 8, 0) + b"\x02" + b"\x01\0" * blocks + b"\0"
    return _gif_head(8) + frame + b";"


def _gif_head(side_px: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", side_px, side_px, 0x80, 0, 0) + bytes(6)


def webp(frames: int) -> bytes:
    """An animation of so many frames, all the same."""
    strip = pyvips.Image.black(8, 16, bands=3).draw_rect([90, 0, 0], 0, 8, 8, 8, fill=True)
    strip = strip.cast("uchar").copy(interpretation="srgb")
    strip.set_type(pyvips.GValue.gint_type, "page-height", 8)
    two = encoded(strip, ".webp")
    start = two.index(b"ANMF")
    length = int.from_bytes(two[start + 4 : start + 8], "little")
    frame = two[start : start + 8 + length + (length & 1)]
    return _riff(two[12:start] + frame * frames)


def talkative_webp(length: int) -> bytes:
    """A still with so much XMP."""
    still = encoded(pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb"), ".webp")
    return _riff(still[12:] + b"XMP " + struct.pack("<I", length) + bytes(length))


def _riff(content: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content


def jpeg(told_bytes: int, marker: int = 0xE1) -> bytes:
    """A small picture behind so many bytes of segments."""
    body = encoded(pyvips.Image.black(8, 8).copy(interpretation="b-w"), ".jpg")
    segment = bytes([0xFF, marker]) + struct.pack(">H", 65535) + bytes(65533)
    return body[:2] + segment * (told_bytes // len(segment)) + body[2:]


def tiff(pages: int, pieces: int = 1, *, length: int = 64, big: bool = False, order: str = "<") -> bytes:
    """So many pages of 8 px a side, each of which says that its pixels lie in so many *pieces* of a *length*."""
    number = "Q" if big else "I"

    def entry(tag: int, length: int, value: int) -> bytes:
        # A number shorter than its field stands at the left, whichever end comes first.
        return struct.pack(f"{order}HH{number}I", tag, 4, length, value) + bytes(4 if big else 0)

    count = struct.Struct(order + ("Q" if big else "H"))
    offset = struct.Struct(order + number)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 43 if big else 42)
    head += struct.pack(f"{order}HH", 8, 0) if big else b""
    start = len(head) + offset.size
    size = count.size + 8 * len(entry(0, 0, 0)) + offset.size
    fields = ((256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (278, 8))
    parts = [head, offset.pack(start)]
    for page in range(pages):
        entries = [entry(tag, 1, value) for tag, value in fields]
        for tag, value in ((273, 8), (279, length)):
            entries.append(entry(tag, pieces, value))
        ordered = sorted(entries, key=lambda one: struct.unpack_from(f"{order}H", one))
        after = start + (page + 1) * size if page + 1 < pages else 0
        parts += [count.pack(8), *ordered, offset.pack(after)]
    return b"".join([*parts, bytes(64)])


def svg() -> bytes:
    """Ten million px a side in some hundred bytes."""
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="10000000" height="10000000"><rect width="9" height="9"/></svg>'
    )


def multiplying_svg() -> bytes:
    """A drawing of 2 kB that asks for a hundred thousand million squares."""
    levels = "".join(f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 10 + "</g>" for level in range(1, 12))
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="500" height="500"><defs><rect id="l0" width="9" height="9"/>'
    return f'{head}{levels}</defs><use href="#l11"/></svg>'.encode()


REFUSED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "289 megapixels in an AVIF": (lambda: avif(17_000, 17_000), "too-costly"),
    "an AVIF of more pixels than it declares": (lambda: avif(64, 64, coded_px=4096), "broken-image"),
    "268 megapixels in a PNG": (wide_png, "too-costly"),
    "all pixels in one row": (ribbon_png, "too-costly"),
    "a size that overflows": (overflowing_png, "too-costly"),
    "half a gigabyte of compressed text": (lambda: text_png(b"zTXt", 512 * _MIB), "too-costly"),
    "two gigabytes of it in parts": (lambda: text_png(b"zTXt", 40 * _MIB, times=50), "too-costly"),
    "half a gigabyte of profile": (lambda: text_png(b"iCCP", 512 * _MIB), "too-costly"),
    "half a million remarks": (lambda: chunky_png(500_000), "too-costly"),
    "1,024 frames in a GIF": (lambda: gif(1024), "too-costly"),
    "a GIF in crumbs": (lambda: crumbled_gif(5_000_000), "too-costly"),
    "100,000 frames in a WebP": (lambda: webp(100_000), "too-costly"),
    "100,000 pages in a TIFF": (lambda: tiff(100_000), "too-costly"),
    "millions of strips": (lambda: tiff(1, 2_000_000) + bytes(8_000_000), "too-costly"),
    "10 million px a side in an SVG": (svg, "too-costly"),
    "uses that multiply in an SVG": (multiplying_svg, "too-costly"),
}
"""What is refused whatever is asked of it, and the slug of the refusal."""

ENDURED: Final[dict[str, Callable[[], bytes]]] = {
    "49 megapixels in a GIF of 35 bytes": lambda: blank_gif(7000),
    "49 megapixels in an AVIF": lambda: avif(7000, 7000, coded_px=7000),
}
"""What is within the limits, and takes as much memory as a picture may."""
