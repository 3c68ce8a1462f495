"""The portrait's hair, swept back into a bun."""

import math

import numpy as np

from tests.samples.arrays import Array, column, f32, mix, smoothstep
from tests.samples.head import either_side
from tests.samples.noise import gradient_noise
from tests.samples.solids import blend_in, carve, ellipsoid
from tests.samples.vectors import turned


def hair_distance(q: Array) -> Array:
    """Shape the hair: a cap swept back from the brow, and a bun on top."""
    cap = ellipsoid(q, (0.0, 0.29, -0.15), (0.872, 0.905, 0.972))
    brow = ellipsoid(q, (0.0, -0.20, 0.88), (0.74, 0.86, 0.64))
    cap = carve(cap, brow, 0.07)
    ear = ellipsoid(either_side(q), (0.94, -0.16, 0.22), (0.40, 0.42, 0.46))
    cap = carve(cap, ear, 0.08)
    cap = np.maximum(cap, -(q[1] + 0.62) + 0.20 * q[2])
    strands = hair_strands(q)
    bun = ellipsoid(q, (0.0, 1.22, -0.52), (0.46, 0.40, 0.46))
    coil = np.sin(4.0 * np.arctan2(q[2] + 0.52, q[0]) + 9.0 * (q[1] - 1.22))
    settled = smoothstep(0.0, 0.22, np.minimum(brow, ear))
    return blend_in(f32(cap - 0.011 * strands * settled), f32(bun - 0.022 * coil - 0.008 * strands), 0.06)


def hair_angle(q: Array) -> Array:
    """Return the angle of points round the axis that runs to the bun, which every strand of hair follows."""
    r = turned(q - column((0.0, 0.3, -0.2)), -24.0, 0)
    return f32(np.arctan2(r[0], r[2]))


def hair_strands(q: Array) -> Array:
    """Return the relief of locks of hair, -1 to 1."""
    angle = hair_angle(q)
    return f32(0.6 * np.sin(angle * 23 + 1.3 * np.sin(angle * 7)) + 0.4 * np.sin(angle * 61 + 2.0 * q[1]))


def hair_colour(q: Array) -> tuple[Array, Array]:
    """Return the hair's colour and the relief of single hairs."""
    angle = hair_angle(q)
    hairs = gradient_noise(angle * 75, q[1] * 1.6 + q[2] * 1.2, 70)
    hairs = hairs + 0.7 * gradient_noise(angle * 190, q[1] * 2.5, 71)
    return mix(column((0.030, 0.013, 0.007)), column((0.15, 0.062, 0.025)), smoothstep(-0.6, 0.8, hairs)), hairs


def loose_hairs_svg() -> str:
    """Draw a few stray hairs, finer than a pixel, over the finished picture."""
    rng = np.random.default_rng(81)
    lines = []
    for _ in range(70):
        turn, sweep = float(rng.uniform(3.3, 6.0)), float(rng.uniform(0.12, 0.40))
        reach = 318 + float(rng.normal(0, 5))
        lift, fall = float(rng.uniform(4, 30)), float(rng.uniform(-6, 16))
        points = ((turn, reach), (turn + sweep / 2, reach + lift), (turn + sweep, reach + fall))
        (x0, y0), (x1, y1), (x2, y2) = ((586 + r * math.cos(a), 562 + r * math.sin(a)) for a, r in points)
        width = float(rng.uniform(0.5, 1.2))
        lines.append(f'<path d="M{x0:.1f},{y0:.1f}Q{x1:.1f},{y1:.1f} {x2:.1f},{y2:.1f}" stroke-width="{width:.2f}"/>')
    return f'<g fill="none" stroke="#c08a5c" stroke-opacity="0.35" stroke-linecap="round">{"".join(lines)}</g>'
