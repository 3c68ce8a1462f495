"""How alike two pictures look, by reference implementations: for measurements, never for the service.

SSIMULACRA2 is the Python one of PyPI (`pip install ssimulacra2`): 100 is
identical, 90 visually lossless, 70 high quality, 50 medium, 30 low. DSSIM is
the command of crates.io (`cargo install dssim`): 0 is identical.
"""

import io
import math
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import pyvips


def ssimulacra2(reference: pyvips.Image, distorted: pyvips.Image) -> float:
    """The SSIMULACRA2 score of *distorted*; alpha is laid on mid grey first."""
    # Not a dependency of the service or of its tests, only of whoever measures.
    from ssimulacra2 import compute_ssimulacra2  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return float(compute_ssimulacra2(io.BytesIO(_png(reference)), io.BytesIO(_png(distorted))))


def in_linear_light(image: pyvips.Image, width_px: int, height_px: int) -> pyvips.Image:
    """*image* scaled down in linear light, in floats, from all its pixels: what the others are compared with."""
    linear = image.colourspace("scrgb")
    small = linear.reduce(image.width / width_px, image.height / height_px, kernel="lanczos3")
    return small.colourspace("srgb").cast("uchar")


def dssim(reference: pyvips.Image, distorted: Sequence[pyvips.Image], command: str = "dssim") -> list[float]:
    """The DSSIM of each of *distorted*, by the reference *command*."""
    with tempfile.TemporaryDirectory() as folder:
        names = [Path(folder, f"{number}.png") for number in range(len(distorted) + 1)]
        for name, image in zip(names, [reference, *distorted], strict=True):
            name.write_bytes(_png(image))
        answer = subprocess.run([command, *names], capture_output=True, text=True, check=True).stdout
    return [float(line.split()[0]) for line in answer.splitlines()]


def bytes_at(score: float, curve: Sequence[tuple[float, int]]) -> float:
    """The bytes at *score* on a *curve* of (score, bytes), between its points and, if need be, beyond its ends.

    Bytes grow about exponentially with the score, so the logarithm is interpolated.

    >>> round(bytes_at(50, [(40, 1000), (60, 4000)]))
    2000
    """
    points = sorted(curve)
    above = next((at for at, (have, _) in enumerate(points) if have >= score), len(points) - 1)
    (low, few), (high, many) = points[max(0, above - 1)], points[max(1, above)]
    share = (score - low) / (high - low) if high > low else 0.0
    return math.exp(math.log(few) + share * (math.log(many) - math.log(few)))


def at_equal_score(trial: Sequence[tuple[float, int]], baseline: Sequence[tuple[float, int]]) -> float:
    """Bytes of *trial* over those of *baseline* at equal score: 0.9 is a tenth saved.

    The mean of three scores well inside what both curves reach; NaN where they have no score in common.
    """
    least = max(min(trial)[0], min(baseline)[0])
    most = min(max(trial)[0], max(baseline)[0])
    if most - least < 3:
        return math.nan
    scores = [least + (most - least) * share for share in (0.25, 0.5, 0.75)]
    return mean(bytes_at(score, trial) / bytes_at(score, baseline) for score in scores)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's: 1 when both order alike.

    >>> rank_correlation([1, 2, 3], [10, 20, 90])
    1.0
    """
    ranks = [_ranks(one), _ranks(other)]
    middle = (len(one) - 1) / 2
    spread = sum((rank - middle) ** 2 for rank in ranks[0])
    return float(sum((a - middle) * (b - middle) for a, b in zip(*ranks, strict=True)) / spread)


def _ranks(values: Sequence[float]) -> list[int]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    for rank, at in enumerate(order):
        ranks[at] = rank
    return ranks


def _png(image: pyvips.Image) -> bytes:
    if image.hasalpha():
        image = image.flatten(background=[128, 128, 128])
    return bytes(image.pngsave_buffer(compression=1, keep="none"))
