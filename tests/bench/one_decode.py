"""What sharing a decode between the widths of a `srcset` would save: `python -m tests.bench.one_decode [FORMAT ...]`.

CPU time of six widths of one photograph, written as each FORMAT (jpg and webp):

- each by itself, as the service does it, shrunk while it is decoded where the format can;
- all from one decode that stays in memory, shrunk as far as the largest width allows;
- as a cascade from that decode: each from the smallest picture made so far that is
  at least twice as wide.

Ratios to the first, medians of interleaved rounds, one thread; of the first,
milliseconds to know the scale. Beside them what it costs when the others never
come: the smallest width alone from a decode for all, over by itself; and what the
decode holds in memory.
"""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pyvips

from origin.development import SAMPLES
from origin.imaging import encode, load
from origin.imaging.geometry import lay_out
from origin.imaging.inspect import SourceFacts
from origin.imaging.job import Job
from origin.imaging.libvips import prepare_libvips
from origin.imaging.limits import Limits
from origin.imaging.pipeline import transform
from origin.imaging.steps import STEPS, Plan, scale
from origin.imaging.turning import Turn
from origin.recipe import OutputFormat, Recipe, Resize

_WIDTHS_PX = (200, 400, 600, 800, 1200, 1600)
_ROUNDS = 7
_MIB = 1024 * 1024


def sources() -> dict[str, bytes]:
    """One photograph in the formats the web has, and once as a camera of 24 megapixels would give it."""
    photo = pyvips.Image.new_from_file(str(SAMPLES / "valley.jpg")).copy_memory()
    large = photo.resize(6000 / photo.width, vscale=4000 / photo.height).copy_memory()
    shapes: dict[str, tuple[pyvips.Image, str, dict[str, Any]]] = {
        "JPEG": (photo, ".jpg", {"Q": 90}),
        "JPEG, progressive": (photo, ".jpg", {"Q": 90, "interlace": True}),
        "JPEG, 24 MP": (large, ".jpg", {"Q": 90}),
        "PNG": (photo, ".png", {}),
        "WebP": (photo, ".webp", {"Q": 85}),
        "AVIF": (photo, ".avif", {"Q": 60, "effort": 2}),
    }
    return {name: image.write_to_buffer(suffix, **options) for name, (image, suffix, options) in shapes.items()}


def one_by_one(body: bytes, name: OutputFormat) -> None:
    """As the service does it."""
    for width_px in _WIDTHS_PX:
        transform(body, Job(_recipe(width_px, name), Limits(50_000_000, 8192)))


def smallest_by_itself(body: bytes, name: OutputFormat) -> None:
    """One width as the service does it."""
    transform(body, Job(_recipe(_WIDTHS_PX[0], name), Limits(50_000_000, 8192)))


def smallest_from_one_decode(body: bytes, name: OutputFormat) -> None:
    """One width from pixels that would do for all."""
    facts, pixels = _decoded(body)
    _finish(pixels, _plan(facts, _recipe(_WIDTHS_PX[0], name), name))


def from_one_decode(body: bytes, name: OutputFormat) -> None:
    """Every width from the same pixels."""
    facts, pixels = _decoded(body)
    for width_px in _WIDTHS_PX:
        _finish(pixels, _plan(facts, _recipe(width_px, name), name))


def as_a_cascade(body: bytes, name: OutputFormat) -> None:
    """Every width from what has been made already, as far as that is large enough to be scaled cleanly."""
    facts, pixels = _decoded(body)
    made = [pixels]
    for width_px in reversed(_WIDTHS_PX):
        plan = _plan(facts, _recipe(width_px, name), name)
        nearest = min((image for image in made if image.width >= 2 * width_px), key=_width, default=pixels)
        made.append(scale(nearest, plan).copy_memory())
        _finish(made[-1], plan)


def _recipe(width_px: int, name: OutputFormat) -> Recipe:
    return Recipe(resize=Resize(width_px=width_px), format=name)


def _plan(facts: SourceFacts, recipe: Recipe, name: OutputFormat) -> Plan:
    return Plan(facts, facts.stored, Turn(), lay_out(facts.stored, recipe), recipe, name, None)


def _decoded(body: bytes) -> tuple[SourceFacts, pyvips.Image]:
    facts = load.open_header(body, svg=False)
    shrink = max(1.0, facts.stored.width_px / max(_WIDTHS_PX))
    return facts, load.open_pixels(body, facts, shrink=shrink, first_page=0, pages=1, dpi=0).copy_memory()


def _finish(image: pyvips.Image, plan: Plan) -> None:
    for step in STEPS:
        image = step(image, plan)
    encode.write(image, plan.format, encode.Order())


def _width(image: pyvips.Image) -> int:
    return int(image.width)


ARMS: tuple[Callable[[bytes, OutputFormat], None], ...] = (
    one_by_one,
    from_one_decode,
    as_a_cascade,
    smallest_by_itself,
    smallest_from_one_decode,
)


def measure(body: bytes, name: OutputFormat) -> list[list[float]]:
    """CPU seconds of each arm, by round."""
    rounds = []
    for number in range(_ROUNDS):
        taken_s = dict.fromkeys(ARMS, 0.0)
        for arm in ARMS[number % len(ARMS) :] + ARMS[: number % len(ARMS)]:
            started_s = time.process_time()
            arm(body, name)
            taken_s[arm] = time.process_time() - started_s
        rounds.append(list(taken_s.values()))
    return rounds


def main(names: list[str]) -> None:
    """Print a row per source and format."""
    prepare_libvips()
    print("| source | written as | each by itself | one decode | cascade | 200 px alone | held |")
    print("|---|---|---|---|---|---|---|")
    for label, body in sources().items():
        _, pixels = _decoded(body)
        held_mib = pixels.width * pixels.height * pixels.bands / _MIB
        for name in names:
            rounds = measure(body, OutputFormat(name))
            each_ms = median(taken[0] for taken in rounds) * 1000
            pairs = ((1, 0), (2, 0), (4, 3))
            ratios = " | ".join(f"{median(taken[at] / taken[by] for taken in rounds):.2f}" for at, by in pairs)
            print(f"| {label} | {name} | {each_ms:.0f} ms | {ratios} | {held_mib:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["jpg", "webp"])
