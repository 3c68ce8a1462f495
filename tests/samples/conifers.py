"""Conifers near the camera, drawn needle by needle."""

import math

import numpy as np

from tests.samples.arrays import f32
from tests.samples.svg import Strokes, stroke_paths, svg_colour


def branch(rng: np.random.Generator, x: float, y: float, reach: float, droop: float) -> list[str]:
    """Draw one conifer branch: a drooping twig with needles hanging off both sides."""
    lines = []
    count = max(6, int(abs(reach) / 1.7))
    for step in range(count):
        t = (step + float(rng.random())) / count
        bx, by = x + reach * t, y + droop * (t**0.8) * abs(reach) - 0.10 * abs(reach) * t**3
        length = (
            min(2.5 + 0.085 * abs(reach), 1.2 + 0.3 * abs(reach)) * (1.15 - 0.75 * t) * float(rng.uniform(0.6, 1.25))
        )
        lean = math.copysign(0.9, reach) * float(rng.uniform(0.2, 1.5))
        lines.append(f"M{bx:.1f},{by:.1f}l{lean * length:.1f},{length * float(rng.uniform(-0.25, 0.9)):.1f}")
    return lines


def conifer(seed: int, x: float, base: float, tall: float, dark: float) -> str:
    """Draw one conifer, dark at the heart and caught by the sun along its left side."""
    rng = np.random.default_rng(seed)
    strokes: Strokes = {}
    tiers = int(34 + tall / 14)
    greens = [(9, 17, 12), (16, 29, 17), (30, 47, 23), (66, 78, 31), (122, 116, 48)]
    inks = [svg_colour(f32(green) / 255 * dark) for green in greens]
    foot = tall / 150
    trunk = f'<path d="M{x - foot:.1f},{base:.1f}L{x},{base - tall:.1f}L{x + foot:.1f},{base:.1f}Z" fill="{inks[0]}"/>'
    for layer in range(4):
        for tier in range(tiers):
            t = ((tier + float(rng.random())) / tiers) ** 0.9
            y = base - tall * (1.0 - 0.93 * t)
            for side in (-1.0, 1.0):
                root = x + float(rng.normal(0, 0.012)) * tall * t
                reach = side * tall * (0.004 + 0.21 * t**0.88) * float(rng.uniform(0.5, 1.12)) * (1.0 - 0.23 * layer)
                tone = min(
                    4, max(layer - 1, 0) + (1 if side < 0 else 0) + int(rng.random() < (0.30 if side < 0 else 0.08))
                )
                droop = float(rng.uniform(0.14, 0.34)) + 0.30 * t
                width = round(max(0.8, tall / 620), 1)
                strokes.setdefault((inks[tone], width), []).extend(branch(rng, root, y, reach, droop))
    return trunk + stroke_paths(dict(sorted(strokes.items(), key=lambda item: inks.index(item[0][0]))))
