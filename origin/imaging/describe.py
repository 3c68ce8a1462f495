"""What there is to know about a source image without looking at it: the answer of ``/info``."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pyvips

from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat
from origin.imaging.labels import Exif, exif, profile_name
from origin.imaging.palette import Shade, average, palette
from origin.imaging.placeholders import blurhash, thumbhash
from origin.recipe import Colour

THUMBNAIL_PX = 100
"""Longest side of the picture from which colours and placeholders are made, whatever the source."""


@dataclass(frozen=True, slots=True)
class Animation:
    """How a source moves.

    Args:
        frames: At least two.
        loops: How often it plays; 0 is for ever.
        duration_ms: Of all frames once, as stored. Browsers stretch frames below 20 ms.
    """

    frames: int
    loops: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Description:
    """A source image in facts.

    Args:
        format: Told from the first bytes.
        shown: Size in px as a viewer shows it, so after the EXIF orientation.
        orientation: EXIF orientation, 1 to 8, as stored.
        pages: Pages of a document, frames of an animation, else 1.
        animation: None for a still.
        has_alpha: Whether it has an alpha channel, used or not.
        source_bytes: Length of the file.
        colour_space: ``rgb``, ``grey``, ``cmyk`` or ``lab``; anything else by libvips' name for it.
        bit_depth: Bits of each channel as stored.
        icc_profile: The name of the embedded profile, if it has one that names itself.
        average: None when nothing of the picture can be seen, as with `dominant`.
        dominant: Up to six colours, the largest first.
        blurhash: As it looks on white.
        thumbhash: In base64, with transparency.
        exif: The harmless part of it.
    """

    format: SourceFormat
    shown: Size
    orientation: int
    pages: int
    animation: Animation | None
    has_alpha: bool
    source_bytes: int
    colour_space: str
    bit_depth: int
    icc_profile: str | None
    average: Colour | None
    dominant: tuple[Shade, ...]
    blurhash: str
    thumbhash: str
    exif: Exif

    def as_json(self) -> dict[str, object]:
        """For ``json.dumps``; every key is always there but those of ``exif``, which has only what the file tells.

        Keys and types, with colours as ``#rrggbb``::

            format str, mime_type str, width int, height int, bytes int, orientation int, pages int,
            animation null | {frames int, loops int, duration_ms int},
            has_alpha bool, colour_space str, bit_depth int, icc_profile null | str,
            average_colour null | str, dominant_colours [{colour str, share float}], palette [str],
            blurhash str, thumbhash str,
            exif {camera_make camera_model lens artist copyright software taken_at: str,
                  exposure_s f_number focal_length_mm: float, iso: int}
        """
        return {
            "format": self.format.value,
            "mime_type": _MEDIA_TYPES.get(self.format.value, f"image/{self.format.value}"),
            "width": self.shown.width_px,
            "height": self.shown.height_px,
            "bytes": self.source_bytes,
            "orientation": self.orientation,
            "pages": self.pages,
            "animation": asdict(self.animation) if self.animation else None,
            "has_alpha": self.has_alpha,
            "colour_space": self.colour_space,
            "bit_depth": self.bit_depth,
            "icc_profile": self.icc_profile,
            "average_colour": _hex(self.average) if self.average else None,
            "dominant_colours": [
                {"colour": _hex(shade.colour), "share": round(shade.share, 4)} for shade in self.dominant
            ],
            "palette": [_hex(shade.colour) for shade in self.dominant],
            "blurhash": self.blurhash,
            "thumbhash": self.thumbhash,
            "exif": {name: value for name, value in asdict(self.exif).items() if value is not None},
        }


_MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "svg": "image/svg+xml",
    "ico": "image/vnd.microsoft.icon",
    "pdf": "application/pdf",
}


def _hex(colour: Colour) -> str:
    return f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}"


def describe(body: bytes, facts: SourceFacts, image: pyvips.Image) -> Description:
    """The description of the source *body*.

    Args:
        body: The whole file.
        facts: What its header says.
        image: Its first page, not yet turned upright. It may be shrunk while loading, but not below
            `THUMBNAIL_PX`; it may be sequential, and is read once.

    Raises:
        pyvips.Error: The pixels cannot be decoded.
    """
    thumbnail = small(image, facts)
    return Description(
        format=facts.format,
        shown=facts.stored.turned() if facts.lies_sideways else facts.stored,
        orientation=facts.orientation,
        pages=facts.pages,
        animation=_animation(body, facts) if facts.animated else None,
        has_alpha=facts.has_alpha,
        source_bytes=len(body),
        colour_space=_COLOUR_SPACES.get(image.interpretation, image.interpretation),
        bit_depth=_field(image, "bits-per-sample", _BITS.get(image.format, 8)),
        icc_profile=profile_name(image),
        average=average(thumbnail),
        dominant=palette(thumbnail),
        blurhash=blurhash(thumbnail),
        thumbhash=thumbhash(thumbnail),
        exif=exif(image),
    )


_COLOUR_SPACES = {
    "srgb": "rgb",
    "rgb": "rgb",
    "rgb16": "rgb",
    "scrgb": "rgb",
    "b-w": "grey",
    "grey16": "grey",
}
_BITS = {"ushort": 16, "short": 16, "uint": 32, "int": 32, "float": 32, "double": 64}


def small(image: pyvips.Image, facts: SourceFacts) -> pyvips.Image:
    """*image* upright in sRGB with alpha, 8 bit, in memory, at most `THUMBNAIL_PX` long and never enlarged."""
    shrunk = image.thumbnail_image(
        THUMBNAIL_PX, height=THUMBNAIL_PX, size="down", no_rotate=True, output_profile="srgb", intent="relative"
    )
    if shrunk.interpretation != "srgb" or shrunk.format != "uchar":
        shrunk = shrunk.colourspace("srgb").cast("uchar")
    if not shrunk.hasalpha():
        shrunk = shrunk.addalpha()
    # Turning reads pixels in another order than the decoder delivers them.
    shrunk = shrunk.copy_memory()
    return shrunk.autorot().copy_memory() if facts.orientation > 1 else shrunk


def _animation(body: bytes, facts: SourceFacts) -> Animation:
    # Read again, because *image* as a single page is a still and knows nothing of the others. No pixel is decoded.
    header = _MOVING[facts.format](body)
    delays = _field(header, "delay", [])[: facts.pages]
    return Animation(facts.pages, max(0, _field(header, "loop", 0)), sum(max(0, delay) for delay in delays))


_MOVING: dict[SourceFormat, Callable[[bytes], pyvips.Image]] = {
    SourceFormat.GIF: pyvips.Image.gifload_buffer,
    SourceFormat.WEBP: pyvips.Image.webpload_buffer,
}


def _field(image: pyvips.Image, name: str, missing: Any) -> Any:
    return image.get(name) if image.get_typeof(name) else missing
