"""One variant from source bytes: judge, lay out, carry out the steps, encode.

`transform` is a pure function over bytes and frozen values, all picklable, so it
runs in a native thread or in a child process alike. It never runs on the event
loop: one call may take a second.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pyvips

from origin.errors import BrokenImage
from origin.imaging import encode
from origin.imaging.geometry import Layout, lay_out
from origin.imaging.inspect import SourceFacts
from origin.imaging.limits import Limits
from origin.imaging.load import open_header, open_pixels
from origin.recipe import WHITE, Colour, OutputFormat, Recipe


@dataclass(frozen=True, slots=True)
class Job:
    """What to make of some source bytes.

    Args:
        recipe: What the URL asks for, its format negotiated; None is the source's own.
        default_quality: Where the recipe names none.
        limits: What it may cost.
    """

    recipe: Recipe
    default_quality: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished variant, a short digest of the source it was made from, and how long it took."""

    body: bytes
    format: OutputFormat
    width_px: int
    height_px: int
    source_digest: str
    transform_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the steps may look at, decided before the first pixel."""

    source: SourceFacts
    layout: Layout
    recipe: Recipe
    format: OutputFormat


def transform(body: bytes, job: Job) -> Rendered:
    """The variant of the source *body* that *job* describes.

    Raises:
        NotAnImage: The bytes are no picture.
        BrokenImage: A decoder refuses them.
        TooCostly: The source or the result is beyond the limits.
        CannotWrite: The format is not written by this build.
    """
    started_s = time.perf_counter()
    try:
        plan = _plan(body, job)
        image = open_pixels(body, plan.source, plan.layout, upright=job.recipe.auto_rotate)
        for step in STEPS:
            image = step(image, plan)
        quality = encode.chosen_quality(plan.format, job.recipe.quality, job.default_quality)
        encoded = encode.encode(image, plan.format, quality)
    except (pyvips.Error, UnicodeDecodeError) as error:
        # Odd metadata in a valid file makes pyvips raise UnicodeDecodeError.
        raise BrokenImage(_reason(error)) from None
    # Here and not in the caller: a large source takes a tenth of a second, which no event loop has.
    digest = hashlib.blake2b(body, digest_size=6).hexdigest()
    return Rendered(encoded, plan.format, image.width, image.height, digest, time.perf_counter() - started_s)


def _plan(body: bytes, job: Job) -> Plan:
    facts = open_header(body)
    job.limits.judge_source(facts.stored)
    turned = job.recipe.auto_rotate and facts.lies_sideways
    layout = lay_out(facts.stored.turned() if turned else facts.stored, job.recipe)
    job.limits.judge_layout(layout)
    return Plan(facts, layout, job.recipe, encode.chosen_format(job.recipe.format, facts))


def _scale(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    scaled = plan.layout.scaled
    if plan.recipe.auto_rotate and plan.source.lies_sideways:
        scaled = scaled.turned()
    if (image.width, image.height) == (scaled.width_px, scaled.height_px):
        return image
    x, y = scaled.width_px / image.width, scaled.height_px / image.height
    if not image.hasalpha():
        return image.resize(x, vscale=y)
    # Colours under transparent pixels must not bleed into visible ones.
    band_format = image.format
    return image.premultiply().resize(x, vscale=y).unpremultiply().cast(band_format)


def _upright(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    if plan.source.orientation == 1:
        return image
    if not plan.recipe.auto_rotate:
        # Left alone means left alone: some encoders would pass the tag on, and the viewer would turn the picture.
        image = image.copy()
        image.remove("orientation")
        return image
    # Turning reads pixels in another order than the decoder delivers them; the scaled picture is small.
    return image.copy_memory().autorot()


def _crop(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    kept = plan.layout.kept
    size = kept.size
    if (image.width, image.height) == (size.width_px, size.height_px):
        return image
    if plan.layout.smart:
        return image.copy_memory().smartcrop(size.width_px, size.height_px, interesting="attention")
    return image.crop(kept.left_px, kept.top_px, size.width_px, size.height_px)


def _to_srgb(image: pyvips.Image, plan: Plan) -> pyvips.Image:  # noqa: ARG001  every step takes the plan
    if image.get_typeof("icc-profile-data"):
        # A damaged profile says nothing about colours; then the numbers are taken as they stand.
        with suppress(pyvips.Error):
            image = image.icc_transform("srgb", embedded=True, intent="relative", depth=8)
    if image.interpretation != "srgb" or image.format != "uchar":
        image = image.colourspace("srgb").cast("uchar")
    return image


def _extend(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    layout = plan.layout
    if (image.width, image.height) == (layout.canvas.width_px, layout.canvas.height_px):
        return image
    if not image.hasalpha():
        image = image.addalpha()
    return image.embed(
        layout.left_px, layout.top_px, layout.canvas.width_px, layout.canvas.height_px, background=[0, 0, 0, 0]
    )


def _flatten(image: pyvips.Image, plan: Plan) -> pyvips.Image:
    if not image.hasalpha() or (plan.recipe.background is None and encode.keeps_alpha(plan.format)):
        return image
    return image.flatten(background=_bands(plan.recipe.background or WHITE))


STEPS: tuple[Callable[[pyvips.Image, Plan], pyvips.Image], ...] = (
    _scale,
    _upright,
    _crop,
    _to_srgb,
    _extend,
    _flatten,
)
"""What happens to the pixels, in this order whatever the order of the options in the URL."""


def _bands(colour: Colour) -> list[int]:
    return [colour.red, colour.green, colour.blue]


_NOISE = ("unable to call", "source: bad seek", "vips2", "vips__")
"""How lines begin that name our own call or the encoder rather than what is wrong with the picture."""


def _reason(error: Exception) -> str:
    """What the decoder said is wrong, in one line."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_NOISE)]
    return (told[0] if told else "the decoder refuses it")[:200]
