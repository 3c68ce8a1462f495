"""One variant from source bytes: open, judge, lay out, carry out the steps, encode.

`transform` is a pure function over bytes and frozen values, all picklable, so it
runs in a native thread or in a child process alike. It never runs on the event
loop: one call may take a second.
"""

import hashlib
import json
import time
from dataclasses import replace

import pyvips

from origin.errors import BadRecipe, BrokenImage, CannotWrite, NotAnImage, TooCostly
from origin.imaging import describe, encode, load, svg, watermark
from origin.imaging.container import is_bare
from origin.imaging.geometry import Area, Size, lay_out
from origin.imaging.inspect import SourceFacts, SourceFormat, sniff
from origin.imaging.job import Job, Rendered
from origin.imaging.media import UNKNOWN_MEDIA_TYPE, media_type_of
from origin.imaging.steps import STEPS, Plan, crop, smart_area
from origin.imaging.trimming import trimmed_area
from origin.imaging.turning import Turn, turn_of
from origin.recipe import Encoding, OutputFormat, Recipe

_INFO_SIDE_PX = 256
"""Colours and hashes come from a picture about this large."""


def transform(body: bytes, job: Job) -> Rendered:
    """The variant of the source *body* that *job* describes.

    Raises:
        NotAnImage: The bytes are no picture.
        BrokenImage: A decoder refuses them.
        TooCostly: The source or the result is beyond the limits.
        CannotWrite: The format is not written by this build.
    """
    started_s = time.perf_counter()
    limits = job.limits.tightened(job.recipe.tighter)
    limits.judge_bytes(len(body))
    try:
        made, media_type, suffix = (
            _untouched(body, svg=job.svg) if job.recipe.raw else _made(body, replace(job, limits=limits))
        )
    except (pyvips.Error, UnicodeDecodeError) as error:
        # Odd metadata in a valid file makes pyvips raise UnicodeDecodeError.
        if any(sign in str(error) for sign in _SHORT_OF_MEMORY):
            raise TooCostly("the picture needs more memory than there is for one") from None
        raise BrokenImage(_reason(error)) from None
    # Here and not in the caller: a large answer takes a tenth of a second, which no event loop has. And not of the
    # source, which would say the same: it is twenty times as long.
    digest = hashlib.blake2b(made, digest_size=6).hexdigest()
    return Rendered(made, media_type, suffix, digest, time.perf_counter() - started_s)


def _untouched(body: bytes, *, svg: bool) -> tuple[bytes, str, str]:
    try:
        own = sniff(body)
    except NotAnImage:
        return body, UNKNOWN_MEDIA_TYPE, ""
    if own is SourceFormat.SVG and not svg:
        # Untouched it has all its scripts, and off means that no answer is a document.
        raise NotAnImage(f"{own} is not read here")
    return body, media_type_of(own), own.value


def _made(body: bytes, job: Job) -> tuple[bytes, str, str]:
    source = _header(body, job)
    if job.info:
        return _described(body, source), "application/json", "json"
    own = source.format.value
    wanted = job.recipe.format
    if wanted is OutputFormat.SVG:
        if source.format is not SourceFormat.SVG:
            raise CannotWrite("only an SVG source can be answered as SVG")
        return svg.sanitised(body), wanted.media_type, own
    if own in job.recipe.skip_processing and (wanted is None or wanted.value == own):
        return (svg.sanitised(body) if own == "svg" else body), OutputFormat(own).media_type, own
    written = _written(body, source, job)
    return written.body, written.format.media_type, written.format.value


def _header(body: bytes, job: Job) -> SourceFacts:
    first, dpi = job.recipe.pages.first, job.recipe.pages.dpi
    source = load.open_header(body, svg=job.svg, dpi=dpi)
    if first >= source.pages:
        raise BadRecipe(f"page:{first}", f"the source has pages 0 to {source.pages - 1}")
    if first:
        source = load.open_header(body, svg=job.svg, page=first, dpi=dpi)
    if source.format is not SourceFormat.SVG:
        job.limits.judge_source(source.stored, source.pages, source.pixel_bytes)
    return source


def _described(body: bytes, source: SourceFacts) -> bytes:
    shrink = max(1.0, min(source.stored.width_px, source.stored.height_px) / _INFO_SIDE_PX)
    image = load.open_pixels(body, source, shrink=shrink, first_page=0, pages=1, dpi=0)
    return json.dumps(describe.describe(body, source, image).as_json()).encode() + b"\n"


def _written(body: bytes, source: SourceFacts, job: Job) -> encode.Written:
    recipe = job.recipe
    name = encode.chosen_format(recipe.format, source)
    first, pages = _pages(source, recipe, job, name)
    # Pages of a document are one tall picture, frames of an animation are pictures of their own.
    stacked, frames = (1, pages) if source.animated else (pages, 1)
    whole = Size(source.stored.width_px, source.stored.height_px * stacked)
    seen_by = turn_of(
        source.orientation if recipe.auto_rotate else 1,
        recipe.rotate // 90,
        flip_horizontal=recipe.flip_horizontal,
        flip_vertical=recipe.flip_vertical,
    )
    image: pyvips.Image | None = None
    if recipe.trim.threshold is not None and frames == 1:
        image = _opened(body, source, 1.0, first, pages, recipe).copy_memory()
        area = trimmed_area(image, recipe.trim, seen_by)
        image, whole = _cropped(image, area), area.size
    longest = min(side for side in (recipe.tighter.result_side_px, encode.longest_side_px(name)) if side)
    drawn = source.format is SourceFormat.SVG
    layout = lay_out(seen_by.seen(whole), recipe, longest, vector=drawn)
    job.limits.judge_layout(layout, frames)
    mark = watermark.picture(recipe.watermark, job.watermark)
    plan = Plan(source, whole, seen_by, layout, recipe, name, mark)
    image = image or _opened(body, source, _shrink(plan), first, pages, recipe)
    order = encode.Order(recipe.encoding, recipe.metadata, job.default_quality, job.candidates)
    limit = recipe.encoding.max_bytes
    passes = _untouched_by(plan) and pages == source.pages and _plain(image) and is_bare(body, source.format)
    if passes and len(body) <= limit:
        return encode.Written(body, name, None, 0)
    written = encode.write(_steps(image, plan, frames), name, order)
    if passes and not limit and len(written.body) > len(body):
        return encode.Written(body, name, None, written.tries)
    return written


def _opened(body: bytes, source: SourceFacts, shrink: float, first: int, pages: int, recipe: Recipe) -> pyvips.Image:
    image = load.open_pixels(body, source, shrink=shrink, first_page=first, pages=pages, dpi=recipe.pages.dpi)
    if pages == 1 or source.animated:
        return image
    image = image.copy()
    for field in ("page-height", "n-pages"):
        image.remove(field)
    return image


def _untouched_by(plan: Plan) -> bool:
    """Whether the recipe leaves every pixel, and how it is encoded, as it is."""
    same = Recipe(
        resize=plan.recipe.resize, gravity=plan.recipe.gravity, dpr=plan.recipe.dpr,
        auto_rotate=plan.recipe.auto_rotate, format=plan.recipe.format, metadata=plan.recipe.metadata,
        encoding=Encoding(max_bytes=plan.recipe.encoding.max_bytes),
        cachebuster=plan.recipe.cachebuster, tighter=plan.recipe.tighter,
    )  # fmt: skip
    return (
        plan.recipe == same
        and plan.format == plan.source.format.value
        and plan.turn == Turn()
        and plan.layout.result == plan.whole == plan.layout.scaled
        and not plan.layout.placements
    )


def _plain(image: pyvips.Image) -> bool:
    """Whether the source's own bytes could be the answer: nothing in them has to be dropped or converted."""
    private = ("exif", "xmp", "iptc", "icc", "orientation", "photoshop")
    return image.interpretation in ("srgb", "b-w") and not any(
        field.startswith(private) for field in image.get_fields()
    )


def _pages(source: SourceFacts, recipe: Recipe, job: Job, name: OutputFormat) -> tuple[int, int]:
    """The first page or frame that is used, and how many."""
    first = recipe.pages.first
    left = source.pages - first
    if source.animated:
        moving = recipe.pages.animate and (name is OutputFormat.BEST or encode.animates(name))
        wanted = min(left, recipe.pages.count or left) if moving else 1
    else:
        wanted = min(left, recipe.pages.count or 1)
    return first, job.limits.frames_of(source.stored, wanted)


def _shrink(plan: Plan) -> float:
    part, scaled = plan.layout.part.size, plan.layout.scaled
    return min(part.width_px / scaled.width_px, part.height_px / scaled.height_px)


def _steps(image: pyvips.Image, plan: Plan, pages: int) -> pyvips.Image:
    if pages == 1:
        return _one_frame(image, plan)[0]
    # Frames are taken from the strip again and again, not in one pass.
    strip = image.copy_memory()
    height = strip.height // pages
    frames: list[pyvips.Image] = []
    for number in range(pages):
        frame, plan = _one_frame(strip.crop(0, number * height, strip.width, height), plan)
        frames.append(frame)
    joined = pyvips.Image.arrayjoin(frames, across=1).copy()
    joined.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    for name in ("delay", "loop"):
        if strip.get_typeof(name):
            joined.set_type(strip.get_typeof(name), name, strip.get(name))
    return joined


def _one_frame(image: pyvips.Image, plan: Plan) -> tuple[pyvips.Image, Plan]:
    """The finished frame, and the plan for the next one: what is interesting in the first holds for all."""
    for step in STEPS:
        if step is crop and plan.layout.kept_smart:
            image = image.copy_memory()  # looked at and then cut, which is twice
            area = smart_area(image, plan.layout.kept.size)
            plan = replace(plan, layout=replace(plan.layout, kept=area, kept_smart=False))
        image = step(image, plan)
    return image, plan


def _cropped(image: pyvips.Image, area: Area) -> pyvips.Image:
    return image.crop(area.left_px, area.top_px, area.size.width_px, area.size.height_px)


_SHORT_OF_MEMORY = ("out of memory", "av1_create_context_and_bufferpool")
"""What libvips says when an allocation fails, and libaom when its own does."""
_NOISE = ("unable to call", "unable to copy", "source: bad seek", "vips2", "vips__")
"""How lines begin that name our own call or the encoder rather than what is wrong with the picture."""


def _reason(error: Exception) -> str:
    """What the decoder said is wrong, in one line."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_NOISE)]
    return (told[0] if told else "the decoder refuses it")[:200]
