"""The room behind the portrait, far out of focus."""

from collections.abc import Sequence

import numpy as np

from tests.samples.arrays import Array, f32, mix, smoothstep
from tests.samples.canvas import blur
from tests.samples.colour import Colour


def bokeh(width: int, height: int) -> Array:
    """Paint the room: warm dusk with discs of light."""
    y, x = (f32(axis) for axis in np.mgrid[0:height, 0:width])
    u, v = x / width, y / height
    warm = smoothstep(-0.1, 1.1, 0.65 * u + 0.35 * v)
    rgb = mix(f32((0.030, 0.040, 0.050)), f32((0.11, 0.055, 0.030)), warm[..., None])
    rgb += f32((0.20, 0.095, 0.035)) * np.exp(-(((u - 0.80) / 0.36) ** 2) - (((v - 0.30) / 0.40) ** 2))[..., None]
    rng = np.random.default_rng(80)
    inks: Sequence[Colour] = (
        (1.0, 0.52, 0.17),
        (1.0, 0.66, 0.28),
        (0.95, 0.34, 0.13),
        (0.30, 0.50, 0.60),
        (1.0, 0.74, 0.42),
        (1.0, 0.45, 0.20),
    )
    for _ in range(70):
        cx, cy = float(rng.uniform(-0.05, 1.05)) * width, float(rng.beta(1.6, 2.2)) * height
        radius, power = float(rng.uniform(28, 92)), float(rng.uniform(0.02, 0.20))
        ink = f32(inks[int(rng.integers(0, len(inks)))])
        reach = np.hypot(x - cx, y - cy)
        disc = smoothstep(radius + 4, radius - 4, reach) * (0.75 + 0.35 * smoothstep(0.6 * radius, radius, reach))
        rgb += ink * (power * disc)[..., None]
    return blur(rgb, 2.5)
