"""How long a picture will take, told from what is known before anything is decoded.

A first guess from the length of the source, its first bytes and the recipe; and
how much longer than guessed pictures of its kind took lately, which is learnt
while the service runs. `python -m tests.bench.expectation` says how well it predicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from origin.errors import NotAnImage
from origin.imaging.inspect import SourceFormat, sniff
from origin.imaging.job import Job
from origin.recipe import AutoQualityMethod, Encoding, OutputFormat, Recipe

_ANY_S: Final = 0.005
"""Whatever it is: a header to read, a job to hand over."""

# Measured, see docs/overload.md. Faster and slower machines have the same ratios, about; `Pace` finds out the rest.
_DECODE_S_PER_MB: Final[Mapping[SourceFormat | None, float]] = {
    SourceFormat.JPEG: 0.022,
    SourceFormat.PNG: 0.008,
    SourceFormat.WEBP: 0.25,
    SourceFormat.AVIF: 0.8,
    SourceFormat.HEIC: 0.8,
}
_ENCODE_S_PER_MPX: Final[Mapping[OutputFormat, float]] = {
    OutputFormat.JPEG: 0.025,
    OutputFormat.WEBP: 0.06,
    OutputFormat.PNG: 0.1,
    OutputFormat.AVIF: 0.3,
    OutputFormat.HEIC: 0.3,
    OutputFormat.GIF: 0.5,
}
_OTHER_S: Final = 0.02
_PX_PER_BYTE: Final[Mapping[SourceFormat | None, float]] = {
    SourceFormat.JPEG: 2.9,
    SourceFormat.PNG: 0.6,
    SourceFormat.WEBP: 4.0,
    SourceFormat.AVIF: 5.0,
    SourceFormat.HEIC: 5.0,
}
"""Of photographs: what a source may have at the most decides where the recipe names no size, or a larger one."""

_TRIES: Final = 4
"""Encodes that a search for a quality takes."""
_MOST_S: Final = 20.0
"""A guess is a guess: no single one may keep everybody else out for longer than a picture may take."""
_REMEMBERED: Final = 16
"""Pictures, about, that tell how long the next one of their kind takes."""
_FAR_OFF: Final = 8.0
"""A picture that took longer than that many times the usual was a freak, and tells little about the others."""
_LEAST: Final = 0.001
"""Of a guess: nothing takes no time at all."""


class Kind(NamedTuple):
    """Pictures whose first guesses are wrong in the same way, whatever their size.

    A tuple of plain texts, because it is looked up by a dozen times for each picture.
    """

    source: str
    """The format of the source; empty if that is unknown."""
    result: str
    """The format that is written, or another word for what has none."""


@dataclass(frozen=True, slots=True)
class Work:
    """One picture to be made: what kind it is, and the first guess of how long it takes."""

    kind: Kind
    guess_s: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How long pictures took lately, of what was guessed.

    Args:
        factor: A mean, and no median: pictures are waited for one after the other, so slow ones count in full.
        seen: How many pictures are in it; the more, the less the next one changes it.
    """

    factor: float = 1.0
    seen: int = 0

    def after(self, guess_s: float, taken_s: float) -> "Pace":
        """This, once a picture has taken *taken_s*.

        >>> Pace().after(0.5, 2.0).after(0.5, 1.0)
        Pace(factor=3.0, seen=2)
        """
        ratio = taken_s / guess_s
        if self.seen:
            ratio = min(ratio, self.factor * _FAR_OFF)
        seen = min(self.seen + 1, _REMEMBERED)
        return Pace(max(_LEAST, self.factor + (ratio - self.factor) / seen), seen)


def work_of(body: bytes, job: Job) -> Work:
    """What making *job* of the source *body* is likely to be. Looks at the first bytes alone and takes microseconds."""
    source = _told(body)
    read = source.value if source else ""
    if job.info or job.recipe.raw:
        return Work(Kind(read, "info" if job.info else "raw"), _ANY_S)
    result = job.recipe.format or _own(source)
    source_px = min(len(body) * _PX_PER_BYTE.get(source, 1.0), job.limits.source_pixels)
    result_px = min(_asked_px(job.recipe) or source_px, job.limits.result_side_px**2)
    if not job.recipe.resize.enlarge:
        result_px = min(result_px, source_px)
    encode_s = result_px / 1e6 * _encode_s_per_mpx(result, job) * _tries(job.recipe.encoding)
    decode_s = len(body) / 1e6 * _DECODE_S_PER_MB.get(source, _OTHER_S)
    return Work(Kind(read, result.value), min(_MOST_S, _ANY_S + decode_s + encode_s))


def _told(body: bytes) -> SourceFormat | None:
    try:
        return sniff(body)
    except NotAnImage:
        return None


def _own(source: SourceFormat | None) -> OutputFormat:
    """Close enough: what has transparency becomes PNG where this says JPEG."""
    return (source.web if source else None) or OutputFormat.JPEG


def _asked_px(recipe: Recipe) -> float:
    """Pixels of the box; 0 if none is named. A side that is not is taken to be as long as the other one."""
    box = recipe.resize
    width_px, height_px = box.width_px or box.height_px, box.height_px or box.width_px
    return width_px * height_px * box.zoom_x * box.zoom_y * recipe.dpr**2


def _encode_s_per_mpx(result: OutputFormat, job: Job) -> float:
    formats = job.candidates if result is OutputFormat.BEST else {result}
    return sum(_ENCODE_S_PER_MPX.get(one, _OTHER_S) for one in formats)


def _tries(encoding: Encoding) -> int:
    searches = encoding.max_bytes > 0 or encoding.autoquality.method is not AutoQualityMethod.NONE
    return _TRIES if searches else 1
