"""The valley's water: a mirror tipped by ripples."""

import numpy as np

from tests.samples.arrays import Array, Mask, f32, mix, smoothstep
from tests.samples.noise import fbm

EYE_HEIGHT = 0.085  # of the camera above the water, in kilometres


def ripple(across: Array, depth: Array) -> Array:
    """Return how far small waves tip the water, flatter where wind leaves it calm."""
    u, v = across * depth * 55.0, depth * 55.0
    wave = fbm(u * 0.35, v * 1.6, 4, 400, 0.6)
    calm = smoothstep(-0.35, 0.4, fbm(u * 0.012, v * 0.05, 3, 410))
    return wave * (0.15 + 0.85 * calm)


def add_water(picture: Array, water: Mask, twin: Array, across: Array, slope: Array, reach: float) -> Array:
    """Fill the lake with its mirror image, tipped by ripples and darkened where one looks down into it."""
    y, x = np.nonzero(water)
    down = np.maximum(-slope[y, x], 1e-4)
    distance = EYE_HEIGHT / down
    tip = ripple(across[y, x], distance)
    height, width = picture.shape[:2]
    up = np.clip((down * (1.0 + 0.10 * tip) + 0.012 * tip * smoothstep(0.0, 0.06, down)) / reach, 0, 1) * (height - 1)
    row = np.clip(up.astype(np.int32), 0, height - 2)
    side = np.clip(x + (tip * 0.002 * width * smoothstep(0.0, 0.1, down)).astype(np.int32), 0, width - 1)
    mirrored = mix(twin[row, side], twin[row + 1, side], f32(up - row)[:, None])
    fresnel = (0.06 + 0.94 * (1.0 - np.minimum(down * 2.3, 1.0)) ** 2.2)[:, None]
    deep = mix(f32((0.012, 0.045, 0.06)), f32((0.03, 0.075, 0.085)), smoothstep(0.1, 0.3, down)[:, None])
    filled = picture.copy()
    filled[y, x] = mix(deep, mirrored * f32((0.86, 0.90, 0.94)), fresnel)
    return filled
