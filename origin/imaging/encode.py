"""Finished pixels into the bytes of one format: which one, how well, and how small.

`write` settles the quality, leaves the writing itself to `savers` and the search
for a quality to `quality`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyvips

from origin.errors import CannotWrite
from origin.imaging import content, metadata, savers
from origin.imaging.dissimilarity import Reference
from origin.imaging.inspect import SourceFacts
from origin.imaging.quality import Attempt, Found, Span, best_within, cheapest_reaching
from origin.imaging.savers import Settings
from origin.recipe import (
    AutoQuality,
    AutoQualityMethod,
    Encoding,
    Metadata,
    OutputFormat,
    WebpCompression,
    WebpOptions,
)

_Save = Callable[[int], bytes]
"""A saver with everything settled but the quality."""

WRITABLE = frozenset(name for name in savers.SAVERS if savers.works(name))
"""Formats this build writes, found out by writing each once."""

_LONGEST_SIDE_PX = {
    OutputFormat.JPEG: 65_535,
    OutputFormat.WEBP: 16_383,
    OutputFormat.AVIF: 16_384,
    OutputFormat.HEIC: 16_384,
    OutputFormat.GIF: 65_535,
}
_UNLIMITED_PX = 1_000_000
_OPAQUE = frozenset({OutputFormat.JPEG})
_ANIMATED = frozenset({OutputFormat.GIF, OutputFormat.WEBP})
_LOSSY = frozenset({OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF, OutputFormat.JXL, OutputFormat.HEIC})

# Measured, see docs/encoders.md.
_ON_JPEGS_SCALE = (1, 30, 40, 50, 60, 70, 75, 80, 85, 90, 100)
_SAME_LOOK = {
    OutputFormat.WEBP: (1, 30, 36, 46, 58, 72, 78, 83, 88, 94, 100),
    OutputFormat.AVIF: (1, 37, 42, 47, 50, 56, 60, 64, 70, 81, 100),
}
"""Qualities that score like those of JPEG above them, in the mean."""

_AUTO_TARGET = 0.02
_AUTO_LEAST, _AUTO_MOST = 50, 90
"""On JPEG's scale, as the default quality is."""
_LEAST_DISTANCE = 1e-6
_LOOK_SLOPE, _LOOK_NEAR = 0.045, 0.06
_SIZE_SLOPE, _SIZE_NEAR = 0.025, 0.02
_DEPTH_SLOPE = 0.3
_LARGEST_LOOKED_AT_PIXELS = 4_000_000
"""Beyond it pixels go from the decoder to the encoder without ever lying in memory as a whole."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of an answer's bytes.

    Args:
        encoding: What the recipe says.
        metadata: What the recipe says.
        default_quality: 1 to 100 on JPEG's scale, where the recipe names none; other encoders get what looks the same.
        candidates: Formats the client reads, for ``best``.
    """

    encoding: Encoding = field(default_factory=Encoding)
    metadata: Metadata = field(default_factory=Metadata)
    default_quality: int = 80
    candidates: frozenset[OutputFormat] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """An encoded picture.

    Args:
        body: The bytes.
        format: What they are; never ``best``.
        quality: What the encoder was given; None where that means nothing.
        tries: How often was encoded to get there.
    """

    body: bytes = field(repr=False)
    format: OutputFormat
    quality: int | None
    tries: int


def longest_side_px(name: OutputFormat) -> int:
    """The longest side the format can hold; a picture beyond it has to be scaled down before."""
    if name is OutputFormat.BEST:
        return min(_LONGEST_SIDE_PX.values())
    return _LONGEST_SIDE_PX.get(name, _UNLIMITED_PX)


def keeps_alpha(name: OutputFormat) -> bool:
    """Whether transparent pixels survive in the format."""
    return name not in _OPAQUE


def animates(name: OutputFormat) -> bool:
    """Whether the format holds more than one frame."""
    return name in _ANIMATED


def chosen_format(asked: OutputFormat | None, source: SourceFacts) -> OutputFormat:
    """The format to write: what was asked or negotiated, else the source's own if browsers show it, else PNG or JPEG.

    Raises:
        CannotWrite: This build does not write what was asked for.
    """
    name = asked or source.format.web or (OutputFormat.PNG if source.has_alpha else OutputFormat.JPEG)
    if name not in WRITABLE and name is not OutputFormat.BEST:
        raise CannotWrite(f"this build does not write {name}; it writes {' '.join(sorted(WRITABLE))}")
    return name


def same_look(name: OutputFormat, jpeg_quality: int) -> int:
    """The quality at which the format's encoder scores like JPEG's at *jpeg_quality*, in the mean of the sample set.

    >>> same_look(OutputFormat.JPEG, 80), same_look(OutputFormat.WEBP, 80) > 80, same_look(OutputFormat.AVIF, 80) < 80
    (80, True, True)
    """
    scale = _SAME_LOOK.get(name, _ON_JPEGS_SCALE)
    upper = next(at for at in range(1, len(scale)) if jpeg_quality <= _ON_JPEGS_SCALE[at])
    share = (jpeg_quality - _ON_JPEGS_SCALE[upper - 1]) / (_ON_JPEGS_SCALE[upper] - _ON_JPEGS_SCALE[upper - 1])
    return round(scale[upper - 1] + share * (scale[upper] - scale[upper - 1]))


def chosen_quality(name: OutputFormat, encoding: Encoding, default: int) -> int:
    """The encoder's quality, 1 to 100: asked for this format, for any, or what looks like the service's *default*."""
    return dict(encoding.format_quality).get(name) or encoding.quality or same_look(name, default)


def write(image: pyvips.Image, name: OutputFormat, order: Order) -> Written:
    """*image* as *order* says. Lazy pixels are computed here, once, so this is where most decoders fail.

    Args:
        image: sRGB or grey of 8 bits, or what a kept profile says. An animation is its frames below each other
            and has ``page-height``, ``delay`` and ``loop``.
        name: The format, or ``best`` for the smallest among the candidates at equal look.
        order: Everything else.
    """
    image, keep = metadata.kept(image, order.metadata)
    if name is OutputFormat.BEST:
        return _best(image.copy_memory(), keep, order)
    return _single(image, name, keep, order)


def _single(image: pyvips.Image, name: OutputFormat, keep: str, order: Order) -> Written:
    encoding = order.encoding
    lossy = name in _LOSSY and not (name is OutputFormat.WEBP and encoding.webp.compression is WebpCompression.LOSSLESS)
    looks = image.width * image.height <= _LARGEST_LOOKED_AT_PIXELS
    if looks or _searches(encoding):
        # More than one pass over the pixels.
        image = image.copy_memory()
    settings = Settings(
        encoding,
        keep,
        fine_colour=looks and lossy and content.has_fine_colour(image),
        flat=looks and name is OutputFormat.PNG and content.is_flat(image),
    )
    start = chosen_quality(name, encoding, order.default_quality)
    save = _saver(image, name, settings)
    if not lossy:
        return _fitted(Written(save(start), name, None, 1), image, settings)
    found = _searched(save, image, name, start, encoding)
    return Written(found.attempt.body, name, found.attempt.quality, found.tries)


def _saver(image: pyvips.Image, name: OutputFormat, settings: Settings) -> _Save:
    return lambda quality: bytes(savers.SAVERS[name](image, quality, settings))


def _searches(encoding: Encoding) -> bool:
    return encoding.autoquality.method is not AutoQualityMethod.NONE or encoding.max_bytes > 0


def _searched(save: _Save, image: pyvips.Image, name: OutputFormat, start: int, encoding: Encoding) -> Found:
    auto, most = encoding.autoquality, start
    found = None
    if auto.method is not AutoQualityMethod.NONE:
        least = auto.least or same_look(name, _AUTO_LEAST)
        span = Span(least, max(least, auto.most or same_look(name, _AUTO_MOST)))
        if auto.method is AutoQualityMethod.SIZE:
            found = _within(save, auto.target or math.inf, span, start)
        else:
            found = _alike(save, image, _AUTO_TARGET if auto.target is None else auto.target, span, start)
        most = found.attempt.quality - 1
    if found and (not encoding.max_bytes or len(found.attempt.body) <= encoding.max_bytes or most < 1):
        return found
    within = _within(save, encoding.max_bytes or math.inf, Span(1, most), most)
    return Found(within.attempt, within.tries + (found.tries if found else 0))


def _alike(save: _Save, image: pyvips.Image, target: float, span: Span, start: int) -> Found:
    """The cheapest quality whose dissimilarity is *target* at the most."""
    reference = Reference(image)

    def look(quality: int) -> Attempt:
        body = save(quality)
        # Distances fall about exponentially; one too small to measure counts as the smallest measured.
        return Attempt(quality, -math.log(max(reference.distance(body), _LEAST_DISTANCE)), body)

    goal = -math.log(max(target, _LEAST_DISTANCE))
    return cheapest_reaching(look, goal, span, start, slope=_LOOK_SLOPE, near=_LOOK_NEAR)


def _within(save: _Save, limit_bytes: float, span: Span, start: int) -> Found:
    def size(quality: int) -> Attempt:
        body = save(quality)
        return Attempt(quality, math.log(len(body)), body)

    return best_within(size, math.log(limit_bytes), span, start, slope=_SIZE_SLOPE, near=_SIZE_NEAR)


def _fitted(written: Written, image: pyvips.Image, settings: Settings) -> Written:
    """What has no quality but a limit in bytes: with fewer colours, lossy, or as it is."""
    limit_bytes = settings.encoding.max_bytes
    if not limit_bytes or len(written.body) <= limit_bytes or written.format is OutputFormat.TIFF:
        return written
    if written.format is OutputFormat.WEBP:
        found = _within(_saver(image, OutputFormat.WEBP, settings.lossy()), limit_bytes, Span(1, 100), 80)
        return Written(found.attempt.body, written.format, found.attempt.quality, found.tries + 1)
    png = written.format is OutputFormat.PNG
    depths = savers.DEPTHS if png else range(1, 9)

    def with_fewer_colours(step: int) -> Attempt:
        body = (savers.png_of_depth if png else savers.gif_of_depth)(image, depths[step], settings)
        return Attempt(step, math.log(len(body)), body)

    steps = Span(0, len(depths) - 1)
    found = best_within(with_fewer_colours, math.log(limit_bytes), steps, steps.most, slope=_DEPTH_SLOPE, near=0.0)
    return Written(found.attempt.body, written.format, None, found.tries + 1)


def _best(image: pyvips.Image, keep: str, order: Order) -> Written:
    """The smallest at equal look; what the recipe searches for is then searched in the smallest lossy one."""
    if image.hasalpha() and image[image.bands - 1].min() == 255:
        image = image.extract_band(0, n=image.bands - 1)
    # A quality of the recipe's counts on JPEG's scale here: one number for all encoders would not be one look.
    fair = replace(
        order,
        encoding=replace(order.encoding, quality=None),
        default_quality=order.encoding.quality or order.default_quality,
    )
    once = replace(fair, encoding=replace(fair.encoding, autoquality=AutoQuality(), max_bytes=0))
    flat = content.is_flat(image)
    tried = [_single(image, name, keep, once) for name in _entrants(image, order.candidates, flat=flat)]
    if flat:
        tried += _without_loss(image, keep, once, order.candidates)
    smallest = min(tried, key=_size)
    tries = sum(one.tries for one in tried)
    if _searches(order.encoding):
        lossy = min((one for one in tried if one.quality is not None), key=_size, default=smallest)
        searched = _single(image, lossy.format, keep, fair)
        tries += searched.tries
        smallest = min((one for one in (smallest, searched) if one.quality is None or one is searched), key=_size)
    return replace(smallest, tries=tries)


def _size(written: Written) -> int:
    return len(written.body)


def _entrants(image: pyvips.Image, candidates: frozenset[OutputFormat], *, flat: bool) -> list[OutputFormat]:
    """The formats worth trying: what the client reads, and one that everybody does."""
    moving, alpha = bool(image.get_typeof("page-height")), bool(image.hasalpha())
    safe = OutputFormat.GIF if moving else OutputFormat.PNG if alpha or flat else OutputFormat.JPEG
    names = {name for name in candidates & WRITABLE if name in _LOSSY} | {safe}
    if not alpha and not moving:
        names.add(OutputFormat.JPEG)
    return sorted(name for name in names if (keeps_alpha(name) or not alpha) and (animates(name) or not moving))


def _without_loss(image: pyvips.Image, keep: str, order: Order, candidates: frozenset[OutputFormat]) -> list[Written]:
    """A drawing has few colours: a palette that changes nothing, and lossless WebP."""
    if image.get_typeof("page-height"):
        return []
    settings = Settings(order.encoding, keep)
    tried = []
    body = savers.png_of_depth(image, 8, settings)
    if (pyvips.Image.new_from_buffer(body, "").colourspace(image.interpretation) - image).abs().max() == 0:
        tried.append(Written(body, OutputFormat.PNG, None, 1))
    if OutputFormat.WEBP in candidates & WRITABLE:
        webp = WebpOptions(compression=WebpCompression.LOSSLESS)
        tried.append(
            _single(image, OutputFormat.WEBP, keep, replace(order, encoding=replace(order.encoding, webp=webp)))
        )
    return tried
