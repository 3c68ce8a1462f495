"""The market's tablecloth."""

import numpy as np

from tests.samples.arrays import Array, column, f32, mix, smoothstep
from tests.samples.noise import fbm, gradient_noise
from tests.samples.vectors import unit


def cloth_colour(p: Array) -> Array:
    """Colour the tablecloth: cream linen with broad teal and fine red stripes, woven thread by thread."""
    along = p[0] * 0.86 + p[2] * 0.50
    stripe = np.mod(along, 1.15) / 1.15
    teal = smoothstep(0.008, -0.008, np.abs(stripe - 0.30) - 0.150)
    fine = smoothstep(0.004, -0.004, np.abs(np.abs(stripe - 0.30) - 0.195) - 0.012)
    red = smoothstep(0.005, -0.005, np.abs(stripe - 0.80) - 0.045)
    colour = mix(column((0.76, 0.68, 0.54)), column((0.030, 0.20, 0.22)), np.maximum(teal, fine))
    colour = mix(colour, column((0.52, 0.045, 0.035)), red)
    across = p[0] * -0.50 + p[2] * 0.86
    weave = np.sin(along * 150) * np.sin(across * 150)
    return f32(colour * (1.0 + 0.13 * weave + 0.10 * gradient_noise(along * 60, across * 9, 80)))


def cloth_normal(p: Array) -> Array:
    """Return the cloth's normals: a few long soft folds and a slightly crumpled surface."""
    step = 0.02

    def lift(x: Array, z: Array) -> Array:
        fold = 0.10 * fbm(x * 0.45 + 3.0, z * 0.28, 3, 83) + 0.012 * fbm(x * 2.3, z * 2.3, 3, 84)
        return f32(fold)

    base = lift(p[0], p[2])
    dx, dz = (lift(p[0] + step, p[2]) - base) / step, (lift(p[0], p[2] + step) - base) / step
    return unit(np.stack([-1.6 * dx, np.ones_like(dx), -1.6 * dz]))
