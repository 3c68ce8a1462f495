"""The near bank of the valley's lake: grass, flowers, and the conifers that frame the view."""

import numpy as np

from tests.samples.arrays import Array, f32
from tests.samples.conifers import conifer
from tests.samples.noise import fbm
from tests.samples.svg import Strokes, stroke_paths


def bank_height(x: Array) -> Array:
    """Return how far down the picture, in pixels, the near bank's edge lies."""
    return f32(1262 - 0.00011 * (x - 1120) ** 2 + 10 * np.sin(x / 97) + 26 * fbm(x / 330, x * 0 + 3.3, 5, 500))


def grass(rng: np.random.Generator, rows: int, blades: int) -> str:
    """Draw the near bank: rows of bent grass, back to front, with a scatter of flowers."""
    parts = []
    inks = ["#1d2412", "#2a3216", "#3b4119", "#545520", "#77702a", "#9d8a3a", "#c7a950"]
    for row in range(rows):
        near = row / (rows - 1)
        strokes: Strokes = {}
        xs = rng.uniform(-20, 2020, blades)
        tops = bank_height(f32(xs)) + near**1.2 * 240
        for x, y in zip(xs, tops, strict=True):
            tall, lean = float(rng.uniform(9, 26) * (0.6 + 1.5 * near)), float(rng.normal(3, 7) * (0.5 + near))
            tone = int(np.clip(rng.normal(2.8 - 0.5 * near, 1.4), 0, 6))
            line = f"M{x:.1f},{y + 14:.1f}q{lean * 0.2:.1f},{-tall * 0.7:.1f} {lean:.1f},{-tall - 8:.1f}"
            strokes.setdefault((inks[tone], round(0.9 + 1.1 * near, 1)), []).append(line)
        parts.append(stroke_paths(dict(sorted(strokes.items()))))
        parts.append(flowers(rng, near, int(10 + 8 * near)))
    return "".join(parts)


def flowers(rng: np.random.Generator, near: float, count: int) -> str:
    """Scatter small meadow flowers in drifts."""
    dots = []
    for _ in range(count):
        x = float(rng.choice([420, 980, 1250, 1500, 640]) + rng.normal(0, 110))
        y = float(bank_height(f32([x]))[0] + near**1.2 * 240 - rng.uniform(2, 22) * (0.6 + near))
        ink = str(rng.choice(["#e9dfd2", "#d98fb4", "#e6b84a", "#b9a2e0"]))
        size = f'rx="{1.3 + 2.0 * near:.1f}" ry="{0.9 + 1.4 * near:.1f}"'
        dots.append(f'<ellipse cx="{x:.1f}" cy="{y:.1f}" {size} fill="{ink}"/>')
    return "".join(dots)


def bank_svg() -> str:
    """Draw everything close to the camera: the bank, conifers framing the lake, and grass."""
    xs = np.arange(-10, 2011, 5, dtype=np.float32)
    edge = "L".join(f"{x:.0f},{y + 10:.1f}" for x, y in zip(xs, bank_height(xs), strict=True))
    parts = [
        '<linearGradient id="soil" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#2f3417"/>'
        '<stop offset="1" stop-color="#12160c"/></linearGradient>',
    ]
    for seed, (x, tall) in enumerate(((1742, 300), (1640, 210), (332, 330), (1850, 430), (236, 470), (1560, 120))):
        parts.append(conifer(700 + seed, x, float(bank_height(f32([x]))[0]) + 18, tall, 1.0 - 0.0004 * tall))
    parts.append(f'<path d="M-10,1400L{edge}L2010,1400Z" fill="url(#soil)"/>')
    parts.append(conifer(720, 1935, 1290, 640, 0.78))
    parts.append(conifer(721, 96, 1300, 900, 0.74))
    parts.append(grass(np.random.default_rng(77), 18, 900))
    return "".join(parts)
