"""The options of the language: one row each.

From these rows come the parser and the speller in `grammar`, the tables in the
documents, and what ``GET /`` says. An option is a list of fields, each a place in
the recipe and a kind of argument; options that set several things at once are
rows made of the same fields.
"""

from dataclasses import dataclass
from typing import Final

from origin.kinds import (
    COLOUR,
    ENCODED,
    FILE_NAME,
    FLAG,
    FORMAT,
    FORMAT_QUALITY,
    FORMATS,
    GRAVITY,
    HEX_COLOUR,
    MARK_PLACE,
    PADDING,
    POSITIVE,
    QUARTERS,
    STEADY_GRAVITY,
    TEXT,
    Kind,
    choice,
    number,
    share,
)
from origin.recipe import AutoQualityMethod, ResizingType, Subsample, UnsharpMode, WebpCompression, WebpPreset


@dataclass(frozen=True, slots=True)
class Field:
    """One value that an option sets.

    Args:
        name: What the argument is called in documents and messages.
        places: Where it goes, such as ``recipe.resize.width_px``; a kind with several values has several.
        kind: How it is read and written.
    """

    name: str
    places: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the language.

    Args:
        name: Its long name.
        aliases: Its short ones.
        fields: What it sets, in the order of its arguments.
        meaning: One sentence for documents.
        spelled: Whether a recipe is written with it; False for those that others cover.
    """

    name: str
    aliases: tuple[str, ...]
    fields: tuple[Field, ...]
    meaning: str
    spelled: bool = True

    @property
    def most_arguments(self) -> int:
        """How many arguments it takes at the most."""
        return sum(field.kind.takes for field in self.fields)


def _field(name: str, place: str, kind: Kind) -> Field:
    return Field(name, (f"recipe.{place}",), kind)


def _single(name: str, aliases: str, place: str, kind: Kind, meaning: str) -> Option:
    """An option that sets one thing; its argument is called like itself."""
    return Option(name, tuple(aliases.split()), (_field(name, place, kind),), meaning)


_PX = number(0, says="px")
_TYPE = _field("type", "resize.type", choice(ResizingType))
_WIDTH = _field("width", "resize.width_px", _PX)
_HEIGHT = _field("height", "resize.height_px", _PX)
_ENLARGE = _field("enlarge", "resize.enlarge", FLAG)
_EXTEND = (
    _field("extend", "resize.extend.enabled", FLAG),
    _field("gravity", "resize.extend.gravity", STEADY_GRAVITY),
)
_EXTEND_RATIO = (
    _field("extend", "resize.extend_aspect_ratio.enabled", FLAG),
    _field("gravity", "resize.extend_aspect_ratio.gravity", STEADY_GRAVITY),
)
_SIZE = (_WIDTH, _HEIGHT, _ENLARGE, *_EXTEND)
_ZOOM = Field("zoom", ("recipe.resize.zoom_x", "recipe.resize.zoom_y"), Kind(
    lambda texts: (POSITIVE.read(texts[:1]), POSITIVE.read(texts[-1:])),
    lambda factors: [*POSITIVE.write(factors[0]), *POSITIVE.write(factors[1])],
    "factor, or x:y",
    takes=2,
))  # fmt: skip
_FLIP = (_field("horizontal", "flip_horizontal", FLAG), _field("vertical", "flip_vertical", FLAG))
_INTENSITY = share(0, 1, "0 to 1")

OPTIONS: Final = (
    Option("resize", ("rs",), (_TYPE, *_SIZE), "type, size, enlarge and extend at once", spelled=False),
    Option("size", ("s",), _SIZE, "size, enlarge and extend at once", spelled=False),
    Option("resizing_type", ("rt",), (_TYPE,), "how the picture meets its box"),
    Option("width", ("w",), (_WIDTH,), "width of the box; 0 derives it from the height"),
    Option("height", ("h",), (_HEIGHT,), "height of the box; 0 derives it from the width"),
    _single("min-width", "mw", "resize.min_width_px", _PX, "scales up to this width at least, whatever the box says"),
    _single("min-height", "mh", "resize.min_height_px", _PX, "scales up to this height at least"),
    Option("zoom", ("z",), (_ZOOM,), "multiplies the box"),
    _single(
        "dpr", "", "dpr", POSITIVE, "device pixel ratio; multiplies box, padding and offsets, never enlarges unasked"
    ),
    Option("enlarge", ("el",), (_ENLARGE,), "allow upscaling"),
    Option("extend", ("ex",), _EXTEND, "pad the result out to the box"),
    Option("extend_aspect_ratio", ("extend_ar", "exar"), _EXTEND_RATIO, "pad the result out to the ratio of the box"),
    _single("gravity", "g", "gravity", GRAVITY, "what a crop keeps; offsets of 1 and above are px, below 1 a share"),
    Option(
        "crop",
        ("c",),
        (
            _field("width", "crop.width", share(0, says="px, or a share below 1; 0 is all")),
            _field("height", "crop.height", share(0, says="px, or a share below 1; 0 is all")),
            _field("gravity", "crop.gravity", GRAVITY),
        ),
        "use only a part of the upright source",
    ),
    Option(
        "trim",
        ("t",),
        (
            _field("threshold", "trim.threshold", share(0, says="0 and above")),
            _field("colour", "trim.colour", HEX_COLOUR),
            _field("equal_hor", "trim.equal_horizontal", FLAG),
            _field("equal_ver", "trim.equal_vertical", FLAG),
        ),
        "cut off a border of one colour; no colour is that of the top left pixel",
    ),
    _single("padding", "pd", "padding", PADDING, "room around the result, which grows by it"),
    _single("auto_rotate", "ar", "auto_rotate", FLAG, "turn the picture upright by EXIF; on by default"),
    _single("rotate", "rot", "rotate", QUARTERS, "turn clockwise, after EXIF"),
    Option("flip", ("fl",), _FLIP, "mirror, after turning"),
    _single("background", "bg", "background", COLOUR, "colour under transparent pixels"),
    _single("blur", "bl", "effects.blur", share(0, says="sigma in px"), "Gaussian blur"),
    _single("sharpen", "sh", "effects.sharpen", share(0, says="sigma in px"), "sharpen"),
    _single("pixelate", "pix", "effects.pixelate_px", _PX, "squares of one colour"),
    Option(
        "unsharp_masking",
        ("ush",),
        (
            _field("mode", "effects.unsharp.mode", choice(UnsharpMode)),
            _field("weight", "effects.unsharp.weight", POSITIVE),
            _field("divider", "effects.unsharp.divider", POSITIVE),
        ),
        "unsharp mask, always or after scaling down",
    ),
    _single("brightness", "br", "effects.brightness", number(-255, 255), "add to every channel"),
    _single("contrast", "co", "effects.contrast", share(0, says="0 and above; 1 changes nothing"), "around mid grey"),
    _single("saturation", "sa", "effects.saturation", share(0, says="0 and above; 1 changes nothing"), "0 is grey"),
    Option(
        "monochrome",
        ("mc",),
        (
            _field("intensity", "effects.monochrome.intensity", _INTENSITY),
            _field("colour", "effects.monochrome.colour", HEX_COLOUR),
        ),
        "shades of one colour",
    ),
    Option(
        "duotone",
        ("dt",),
        (
            _field("intensity", "effects.duotone.intensity", _INTENSITY),
            _field("dark", "effects.duotone.dark", HEX_COLOUR),
            _field("light", "effects.duotone.light", HEX_COLOUR),
        ),
        "from one colour in the shadows to another in the lights",
    ),
    Option(
        "watermark",
        ("wm",),
        (
            _field("opacity", "watermark.opacity", share(0, 1, "0 to 1")),
            Field("position", ("recipe.watermark.gravity", "recipe.watermark.tiled"), MARK_PLACE),
            _field("scale", "watermark.scale", share(0, says="share of the result; 0 keeps its size")),
        ),
        "the configured watermark over the result",
    ),
    _single("watermark_text", "wmt", "watermark.text", ENCODED, "a text instead of the configured watermark"),
    _single("watermark_url", "wmu", "watermark.url", ENCODED, "another picture instead of the configured watermark"),
    _single("strip_metadata", "sm", "metadata.strip", FLAG, "drop metadata; on by default"),
    _single("keep_copyright", "kcr", "metadata.keep_copyright", FLAG, "but keep copyright and artist; on by default"),
    _single(
        "strip_color_profile",
        "scp",
        "metadata.strip_colour_profile",
        FLAG,
        "convert to sRGB and drop the profile; on by default",
    ),
    _single("quality", "q", "encoding.quality", number(1, 100), "quality of the encoder"),
    _single("format_quality", "fq", "encoding.format_quality", FORMAT_QUALITY, "quality by format, before quality"),
    Option(
        "autoquality",
        ("aq",),
        (
            _field("method", "encoding.autoquality.method", choice(AutoQualityMethod)),
            _field("target", "encoding.autoquality.target", POSITIVE),
            _field("min", "encoding.autoquality.least", number(1, 100)),
            _field("max", "encoding.autoquality.most", number(1, 100)),
        ),
        "the cheapest quality that reaches the target",
    ),
    _single("max_bytes", "mb", "encoding.max_bytes", number(0, says="bytes"), "lower the quality until it fits"),
    Option(
        "jpeg_options",
        ("jpgo",),
        (
            _field("progressive", "encoding.jpeg.progressive", FLAG),
            _field("no_subsample", "encoding.jpeg.no_subsample", FLAG),
            _field("trellis_quant", "encoding.jpeg.trellis_quant", FLAG),
            _field("overshoot_deringing", "encoding.jpeg.overshoot_deringing", FLAG),
            _field("optimize_scans", "encoding.jpeg.optimize_scans", FLAG),
            _field("quant_table", "encoding.jpeg.quant_table", number(0, 8)),
        ),
        "of the JPEG encoder",
    ),
    Option(
        "png_options",
        ("pngo",),
        (
            _field("interlaced", "encoding.png.interlaced", FLAG),
            _field("quantize", "encoding.png.quantize", FLAG),
            _field("quantization_colors", "encoding.png.quantization_colours", number(2, 256)),
        ),
        "of the PNG encoder",
    ),
    Option(
        "webp_options",
        ("webpo",),
        (
            _field("compression", "encoding.webp.compression", choice(WebpCompression)),
            _field("smart_subsample", "encoding.webp.smart_subsample", FLAG),
            _field("preset", "encoding.webp.preset", choice(WebpPreset)),
        ),
        "of the WebP encoder",
    ),
    Option(
        "avif_options",
        ("avifo",),
        (_field("subsample", "encoding.avif_subsample", choice(Subsample)),),
        "of the AVIF encoder",
    ),
    _single("format", "f ext", "format", FORMAT, "format of the answer; best tries and keeps the smallest"),
    _single("page", "pg", "pages.first", number(0, 10**6), "first page or frame, from 0"),
    _single("pages", "pgs", "pages.count", number(0, 10**6), "how many pages or frames; 0: all frames, one page"),
    Option(
        "disable_animation",
        ("da",),
        (
            _field(
                "disable_animation",
                "pages.animate",
                Kind(lambda texts: not FLAG.read(texts), lambda value: FLAG.write(not value), FLAG.says),
            ),
        ),
        "the first frame as a still",
    ),
    _single("dpi", "", "pages.dpi", share(0, 10_000, "0 and above"), "resolution of vector sources and of the result"),
    _single("skip_processing", "skp", "skip_processing", FORMATS, "pass sources of these formats through as they are"),
    _single(
        "raw",
        "",
        "raw",
        FLAG,
        "the source untouched, whatever it is but an SVG where those are off; what is no picture is a download",
    ),
    _single("cachebuster", "cb", "cachebuster", TEXT, "part of the cache key, nothing else"),
    Option(
        "expires",
        ("exp",),
        (Field("time", ("delivery.expires_at_s",), number(0, 10**12, "unix seconds")),),
        "afterwards the URL answers 410",
    ),
    Option(
        "filename",
        ("fn",),
        (Field("filename", ("delivery.filename",), FILE_NAME),),
        "name in Content-Disposition",
    ),
    Option(
        "return_attachment",
        ("att",),
        (Field("attachment", ("delivery.attachment",), FLAG),),
        "offer the picture as a download",
    ),
    Option(
        "fallback_image_url",
        ("fiu",),
        (Field("url", ("fallback",), ENCODED),),
        "used when the source fails",
    ),
    _single(
        "max_src_resolution", "msr", "tighter.source_megapixels", share(0, says="megapixels"), "tightens our own limit"
    ),
    _single("max_src_file_size", "msfs", "tighter.source_bytes", number(0, says="bytes"), "tightens our own limit"),
    _single("max_animation_frames", "maf", "tighter.frames", number(0, says="frames"), "tightens our own limit"),
    _single(
        "max_result_dimension", "mrd", "tighter.result_side_px", _PX, "a larger result is scaled down to this side"
    ),
)

PRESET: Final = Option("preset", ("pr",), (), "named lists of options from the settings, expanded where they stand")

BY_NAME: Final = {name: option for option in (*OPTIONS, PRESET) for name in (option.name, *option.aliases)}
