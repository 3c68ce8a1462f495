"""One function per format: finished pixels, a quality and the recipe's wishes into bytes.

Where the recipe leaves a setting open, the one written here was measured:
`docs/encoders.md` has the tables, `python -m tests.bench.encoders` makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pyvips

from origin.recipe import Encoding, OutputFormat, Subsample, WebpCompression

_ALL_COLOUR_FROM = 90
"""From this quality on nobody wants colour at half the resolution."""
_STANDARD_TABLE, _MSSSIM_TABLE = 0, 2
"""mozjpeg's table tuned for MS-SSIM is a twentieth smaller at equal score for no CPU, but dear with all the colour."""
DEPTHS = (1, 2, 4, 8)
"""Bits of a PNG's palette."""
_PROGRESSIVE_FROM_PIXELS = 1_000_000
"""Below it a picture is there at once anyway, and the second pass over the coefficients doubles the CPU."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to write.

    Args:
        encoding: What the recipe asks of the encoders.
        keep: Kinds of metadata, as libvips spells them.
        fine_colour: The picture has colour detail that subsampling would smear.
        flat: Many of its neighbouring pixels are equal.
    """

    encoding: Encoding
    keep: str
    fine_colour: bool = False
    flat: bool = False

    def lossy(self) -> "Settings":
        """The same with lossy WebP."""
        webp = replace(self.encoding.webp, compression=WebpCompression.LOSSY)
        return replace(self, encoding=replace(self.encoding, webp=webp))


def _jpeg(image: pyvips.Image, quality: int, settings: Settings) -> Any:
    asked = settings.encoding.jpeg
    whole = quality >= _ALL_COLOUR_FROM or settings.fine_colour if asked.no_subsample is None else asked.no_subsample
    table = _STANDARD_TABLE if whole else _MSSSIM_TABLE
    large = image.width * image.height >= _PROGRESSIVE_FROM_PIXELS
    return image.jpegsave_buffer(
        Q=quality,
        optimize_coding=True,
        interlace=large if asked.progressive is None else asked.progressive,
        subsample_mode="off" if whole else "on",
        trellis_quant=bool(asked.trellis_quant),
        overshoot_deringing=bool(asked.overshoot_deringing),
        optimize_scans=bool(asked.optimize_scans),
        quant_table=table if asked.quant_table is None else asked.quant_table,
        keep=settings.keep,
    )


def _png(image: pyvips.Image, quality: int, settings: Settings) -> Any:  # noqa: ARG001  PNG is lossless
    asked = settings.encoding.png
    if asked.quantize:
        # PNG knows palettes of these depths only, and libvips fills the whole of one.
        return png_of_depth(image, next(bits for bits in DEPTHS if asked.quantization_colours <= 1 << bits), settings)
    # Predicting from neighbours saves a quarter of a photograph; where equal pixels repeat it is CPU for nothing.
    rows = "none" if settings.flat else "paeth"
    return image.pngsave_buffer(compression=6, filter=rows, interlace=asked.interlaced, keep=settings.keep)


def png_of_depth(image: pyvips.Image, bits: int, settings: Settings) -> bytes:
    """*image* as a PNG with a palette of 2 ** *bits* colours, the others dithered; *bits* is 1, 2, 4 or 8."""
    asked = settings.encoding.png
    return bytes(image.pngsave_buffer(palette=True, bitdepth=bits, interlace=asked.interlaced, keep=settings.keep))


def _webp(image: pyvips.Image, quality: int, settings: Settings) -> Any:
    asked = settings.encoding.webp
    if asked.compression is WebpCompression.LOSSLESS:
        return image.webpsave_buffer(lossless=True, effort=4, keep=settings.keep)
    if asked.compression is WebpCompression.NEAR_LOSSLESS:
        return image.webpsave_buffer(near_lossless=True, Q=quality, effort=4, keep=settings.keep)
    return image.webpsave_buffer(
        Q=quality,
        effort=2,
        smart_subsample=asked.smart_subsample or settings.fine_colour,
        preset=asked.preset.value,
        keep=settings.keep,
    )


def _avif(image: pyvips.Image, quality: int, settings: Settings) -> Any:
    asked = settings.encoding.avif_subsample
    whole = quality >= _ALL_COLOUR_FROM or settings.fine_colour if asked is Subsample.AUTO else asked is Subsample.OFF
    # effort 1 is the encoder's speed 8: ten times faster than libvips' default, for a tenth more bytes.
    return image.heifsave_buffer(
        Q=quality, compression="av1", effort=1, subsample_mode="off" if whole else "on", keep=settings.keep
    )


def _gif(image: pyvips.Image, quality: int, settings: Settings) -> Any:  # noqa: ARG001  a palette has no quality
    return image.gifsave_buffer(effort=7, keep=settings.keep)


def gif_of_depth(image: pyvips.Image, bits: int, settings: Settings) -> bytes:
    """*image* as a GIF whose palette has 2 ** *bits* colours, 1 to 8."""
    return bytes(image.gifsave_buffer(effort=7, bitdepth=bits, keep=settings.keep))


def _tiff(image: pyvips.Image, quality: int, settings: Settings) -> Any:  # noqa: ARG001  deflate is lossless
    return image.tiffsave_buffer(compression="deflate", predictor="horizontal", keep=settings.keep)


def _jxl(image: pyvips.Image, quality: int, settings: Settings) -> Any:
    return image.jxlsave_buffer(Q=quality, effort=3, keep=settings.keep)


def _heic(image: pyvips.Image, quality: int, settings: Settings) -> Any:
    return image.heifsave_buffer(Q=quality, compression="hevc", keep=settings.keep)


SAVERS: dict[OutputFormat, Callable[[pyvips.Image, int, Settings], Any]] = {
    OutputFormat.JPEG: _jpeg,
    OutputFormat.PNG: _png,
    OutputFormat.WEBP: _webp,
    OutputFormat.AVIF: _avif,
    OutputFormat.GIF: _gif,
    OutputFormat.TIFF: _tiff,
    OutputFormat.JXL: _jxl,
    OutputFormat.HEIC: _heic,
}
"""By format. Which of them this build of libvips has is found out by trying."""


def works(name: OutputFormat) -> bool:
    """Whether this build writes the format: a saver may exist without the codec behind it."""
    pixels = pyvips.Image.black(16, 16, bands=3).cast("uchar").copy(interpretation="srgb")
    try:
        return bool(SAVERS[name](pixels, 50, Settings(Encoding(), "none")))
    except (pyvips.Error, AttributeError):
        return False
