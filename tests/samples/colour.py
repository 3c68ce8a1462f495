"""Linear light, and the sRGB values that a picture stores."""

import numpy as np

from tests.samples.arrays import Array, f32

Colour = tuple[float, float, float]


def encode_srgb(linear: Array) -> Array:
    """Turn linear light into sRGB values between 0 and 1."""
    x = np.clip(linear, 0.0, 1.0)
    return f32(np.where(x < 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - 0.055))


def filmic(linear: Array) -> Array:
    """Compress bright light the way film does, so highlights roll off instead of clipping."""
    x = np.maximum(linear, 0.0)
    return f32(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14))
