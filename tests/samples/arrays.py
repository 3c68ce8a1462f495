"""Single-precision arrays, which everything here is drawn with, and easing between them."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]  # single precision, nearly always: see f32
Mask = npt.NDArray[np.bool_]


def f32(values: npt.ArrayLike) -> Array:
    """Return values as a single-precision array, the precision everything here is drawn in."""
    return np.asarray(values, dtype=np.float32)


def column(triple: tuple[float, float, float]) -> Array:
    """Return a colour or a point shaped (3, 1), ready to meet a (3, n) batch of them."""
    return f32(triple).reshape(3, 1)


def smoothstep(low: float, high: float, x: Array) -> Array:
    """Ease from 0 at low to 1 at high; low may be above high to ease downwards."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return f32(t * t * (3.0 - 2.0 * t))


def mix(a: Array | float, b: Array | float, t: Array | float) -> Array:
    """Blend from a to b by t."""
    return f32(a + (b - a) * t)
