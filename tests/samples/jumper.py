"""The portrait's ribbed roll-neck jumper."""

import math

import numpy as np

from tests.samples.arrays import Array, column, f32
from tests.samples.noise import fbm
from tests.samples.solids import blend_in, ellipsoid


def jumper_distance(p: Array) -> Array:
    """Shape the shoulders in the jumper, and its roll neck."""
    body = ellipsoid(p, (0.02, -2.66, -0.36), (1.70, 1.10, 0.86))
    ring = np.hypot(p[0] - 0.02, (p[2] + 0.32) * 1.02) - 0.43
    above = np.maximum(np.abs(p[1] + 1.50 - 0.10 * p[2]) - 0.09, 0.0)
    roll = np.hypot(ring, above) - 0.115
    ribs = np.cos(np.arctan2(p[0], p[2] + 0.32) * 44)
    return blend_in(f32(body), f32(roll - 0.008 * ribs), 0.10)


def knit(p: Array) -> tuple[Array, Array]:
    """Return the jumper's colour and the relief of its stitches, in rows of little vees."""
    angle = np.arctan2(p[0], p[2] + 0.9)
    u, v = angle * 34, p[1] * 30
    vee = np.abs(np.mod(u, 1.0) - 0.5)
    stitch = np.cos(math.tau * (v + vee * 1.3)) * np.sqrt(np.maximum(np.sin(math.pi * np.mod(u * 2, 1.0)), 0.0))
    wool = fbm(u * 2.2, v * 2.2, 3, 65)
    colour = column((0.050, 0.130, 0.150)) * (1.0 + 0.30 * stitch + 0.30 * wool)
    return f32(colour), f32(stitch)
