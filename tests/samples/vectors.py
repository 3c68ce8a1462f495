"""Points and directions, in batches shaped (3, n)."""

import math

import numpy as np

from tests.samples.arrays import Array, f32

Vector = tuple[float, float, float]


def dot(a: Array, b: Array) -> Array:
    """Multiply batches of vectors, point by point."""
    return f32(np.einsum("in,in->n", *np.broadcast_arrays(a, b)))


def unit(v: Array) -> Array:
    """Scale vectors to length one."""
    return f32(v / np.maximum(np.sqrt(dot(v, v)), 1e-9))


def bounce(direction: Array, normal: Array) -> Array:
    """Mirror directions in surfaces."""
    return f32(direction - 2.0 * dot(direction, normal) * normal)


def turned(p: Array, degrees: float, axis: int) -> Array:
    """Rotate points about one axis."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    i, j = [(1, 2), (0, 2), (0, 1)][axis]
    q = p.copy()
    q[i], q[j] = c * p[i] - s * p[j], s * p[i] + c * p[j]
    return q
