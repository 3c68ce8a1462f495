"""How qualities of the encoders compare, and what automatic quality is worth: `python -m tests.bench.looks [FOLDER]`.

Every picture of `tests.bench.encoders`, and those of a folder besides, is written
at seven qualities with the service's own settings. Prints the qualities that
score alike, how well our dissimilarity orders pictures compared with the
reference ones, and bytes of ``autoquality:dssim`` against a fixed quality. Needs
`pip install ssimulacra2`, and for its DSSIM the command of `cargo install dssim`.
"""

import math
import multiprocessing
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, pstdev

import pyvips

from origin.imaging.content import has_fine_colour
from origin.imaging.dissimilarity import Reference
from origin.imaging.savers import SAVERS, Settings
from origin.recipe import Encoding, OutputFormat
from tests.bench.encoders import pictures
from tests.bench.scores import dssim, rank_correlation, ssimulacra2

_QUALITIES = {
    OutputFormat.JPEG: (30, 45, 60, 70, 80, 88, 94),
    OutputFormat.WEBP: (30, 45, 60, 70, 80, 88, 94),
    OutputFormat.AVIF: (30, 40, 50, 60, 70, 80, 88),
}
_JPEG_QUALITIES = (30, 40, 50, 60, 70, 75, 80, 85, 90)
_FIXED = 80


@dataclass(frozen=True, slots=True)
class Point:
    """One picture at one quality."""

    quality: float
    log_bytes: float
    log_distance: float
    score: float
    dssim: float = math.nan


Curves = dict[OutputFormat, list[list[Point]]]


def curve(folder: Path | None, picture: str, name: OutputFormat) -> list[Point]:
    """*picture* at every quality of the format *name*."""
    pyvips.concurrency_set(1)
    image = dict(pictures(folder))[picture]
    reference = Reference(image)
    settings = Settings(Encoding(), "none", fine_colour=has_fine_colour(image))
    bodies = [bytes(SAVERS[name](image, quality, settings)) for quality in _QUALITIES[name]]
    outcomes = [pyvips.Image.new_from_buffer(body, "").copy_memory() for body in bodies]
    told = dssim(image, outcomes) if shutil.which("dssim") else [math.nan] * len(bodies)
    return [
        Point(
            quality, math.log(len(body)), math.log(reference.distance(body) + 1e-9), ssimulacra2(image, outcome), other
        )
        for quality, body, outcome, other in zip(_QUALITIES[name], bodies, outcomes, told, strict=True)
    ]


def along(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """*ys* over rising *xs* at *x*, straight between the points and level beyond them.

    >>> [along([0, 10], [0, 100], x) for x in (-5, 5, 15)]
    [0, 50.0, 100]
    """
    if x <= xs[0]:
        return ys[0]
    for (left, low), (right, high) in pairwise(zip(xs, ys, strict=True)):
        if x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return ys[-1]


def read(points: Sequence[Point], by: Callable[[Point], float], at: float, told: Callable[[Point], float]) -> float:
    """*told* of the curve where *by* is *at*."""
    ordered = sorted(points, key=by)
    return along([by(point) for point in ordered], [told(point) for point in ordered], at)


def print_looks(curves: Curves) -> None:
    """Qualities of equal mean score, and the bytes there compared with JPEG's."""
    means = {
        name: [
            Point(quality, mean(one[at].log_bytes for one in of), 0.0, mean(one[at].score for one in of))
            for at, quality in enumerate(_QUALITIES[name])
        ]
        for name, of in curves.items()
    }
    print("\n| jpg | score | " + " | ".join(f"{name} | bytes" for name in curves if name != "jpg") + " |")
    for quality in _JPEG_QUALITIES:
        jpeg = means[OutputFormat.JPEG]
        score = read(jpeg, lambda one: one.quality, quality, lambda one: one.score)
        size = read(jpeg, lambda one: one.quality, quality, lambda one: one.log_bytes)
        cells = []
        for name in curves:
            if name is not OutputFormat.JPEG:
                alike = read(means[name], lambda one: one.score, score, lambda one: one.quality)
                there = read(means[name], lambda one: one.score, score, lambda one: one.log_bytes)
                cells.append(f"{alike:.0f} | {math.exp(there - size):.2f}")
        print(f"| {quality} | {score:.1f} | {' | '.join(cells)} |")


def print_correlation(curves: Curves) -> None:
    """How alike our distance and the reference scores order everything that was written."""
    points = [point for of in curves.values() for one in of for point in one]
    ours, scores = [point.log_distance for point in points], [-point.score for point in points]
    told = f"\nrank correlation over {len(points)} pictures: with SSIMULACRA2 {rank_correlation(ours, scores):.3f}"
    if not math.isnan(points[0].dssim):
        others = [point.dssim for point in points]
        told += f", with DSSIM {rank_correlation(ours, others):.3f}; those two {rank_correlation(scores, others):.3f}"
    print(told)


def print_gain(name: OutputFormat, of: list[list[Point]], fixed: float) -> None:
    """Bytes of automatic quality over those of a *fixed* one, at equal mean and at equal worst score."""
    at_fixed = [read(one, lambda point: point.quality, fixed, lambda point: point.score) for one in of]
    base = mean(read(one, lambda point: point.quality, fixed, lambda point: point.log_bytes) for one in of)
    print(f"| {name} {fixed:.0f} | | {mean(at_fixed):.1f} | {pstdev(at_fixed):.1f} | {min(at_fixed):.1f} | 1.00 |")
    targets = [0.002 * 1.02**step for step in range(200)]
    scored = [
        (target, [read(one, lambda p: p.log_distance, math.log(target), lambda p: p.score) for one in of])
        for target in targets
    ]
    alike = min(scored, key=lambda pair: abs(mean(pair[1]) - mean(at_fixed)))
    as_bad = max((pair for pair in scored if min(pair[1]) >= min(at_fixed)), default=scored[0])
    for label, (target, scores) in (("equal mean", alike), ("equal worst", as_bad)):
        size = mean(read(one, lambda p: p.log_distance, math.log(target), lambda p: p.log_bytes) for one in of)
        figures = f"{mean(scores):.1f} | {pstdev(scores):.1f} | {min(scores):.1f} | {math.exp(size - base):.2f}"
        print(f"| {label} | {target:.4f} | {figures} |")


def main(folder: Path | None = None) -> None:
    """Print all of it."""
    chosen: list[tuple[Path | None, str]] = [(None, name) for name, _ in pictures(None)]
    chosen += [(folder, name) for name, _ in pictures(folder)] if folder else []
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        waiting = {name: [pool.submit(curve, *picture, name) for picture in chosen] for name in _QUALITIES}
        curves = {name: [one.result() for one in of] for name, of in waiting.items()}
    print_looks(curves)
    print_correlation(curves)
    print("\n| | target | mean | spread | worst | bytes |")
    score = mean(read(one, lambda p: p.quality, _FIXED, lambda p: p.score) for one in curves[OutputFormat.JPEG])
    for name, of in curves.items():
        means = [Point(q, 0, 0, mean(one[at].score for one in of)) for at, q in enumerate(_QUALITIES[name])]
        print_gain(name, of, read(means, lambda p: p.score, score, lambda p: p.quality))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
