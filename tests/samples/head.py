"""The portrait's bare head, about two units tall, centred on the origin, and its neck; the figure looks to +z."""

import numpy as np

from tests.samples.arrays import Array
from tests.samples.solids import blend_in, capsule, carve, ellipsoid
from tests.samples.vectors import turned


def head_frame(p: Array) -> Array:
    """Take points into the head's own frame: turned a little aside, tipped a little forward."""
    return turned(turned(p, 24.0, 1), 7.0, 2)


def either_side(q: Array) -> Array:
    """Fold points on to the right half of the head."""
    folded = q.copy()
    folded[0] = np.abs(q[0])
    return folded


def face_distance(q: Array) -> Array:
    """Shape the bare head: skull, jaw, cheeks, nose, lips, closed eyes and ears."""
    m = either_side(q)
    d = ellipsoid(q, (0.0, 0.24, -0.10), (0.80, 0.86, 0.92))
    d = blend_in(d, ellipsoid(q, (0.0, -0.32, 0.14), (0.59, 0.70, 0.64)), 0.30)
    d = blend_in(d, ellipsoid(q, (0.0, -0.86, 0.53), (0.17, 0.14, 0.16)), 0.26)
    d = blend_in(d, ellipsoid(m, (0.36, -0.30, 0.56), (0.22, 0.20, 0.20)), 0.22)
    d = carve(d, ellipsoid(m, (0.33, 0.06, 0.98), (0.25, 0.15, 0.19)), 0.20)
    d = blend_in(d, ellipsoid(m, (0.31, 0.27, 0.68), (0.20, 0.05, 0.09)), 0.16)
    d = blend_in(d, ellipsoid(m, (0.325, 0.035, 0.655), (0.19, 0.140, 0.155)), 0.035)
    d = blend_in(d, capsule(q, (0.0, 0.16, 0.74), (0.0, -0.20, 0.96), 0.055), 0.15)
    d = blend_in(d, ellipsoid(q, (0.0, -0.225, 0.955), (0.088, 0.080, 0.095)), 0.07)
    d = blend_in(d, ellipsoid(m, (0.085, -0.250, 0.885), (0.052, 0.048, 0.070)), 0.06)
    d = carve(d, ellipsoid(m, (0.048, -0.306, 0.925), (0.028, 0.020, 0.050)), 0.03)
    return mouth_and_ears(q, m, d)


def mouth_and_ears(q: Array, m: Array, d: Array) -> Array:
    """Add the lips, with the line between them, and the ears."""
    d = carve(d, capsule(q, (0.0, -0.37, 0.90), (0.0, -0.46, 0.89), 0.016), 0.06)
    smile = q[1] - 0.55 * q[0] ** 2
    lips = q.copy()
    lips[1] = smile
    d = blend_in(d, ellipsoid(lips, (0.0, -0.530, 0.735), (0.225, 0.042, 0.095)), 0.05)
    d = blend_in(d, ellipsoid(lips, (0.0, -0.612, 0.725), (0.165, 0.055, 0.100)), 0.05)
    d = carve(d, capsule(lips, (-0.22, -0.566, 0.865), (0.22, -0.566, 0.865), 0.012), 0.03)
    ear = ellipsoid(m, (0.80, -0.05, -0.10), (0.09, 0.24, 0.15))
    ear = carve(ear, ellipsoid(m, (0.90, -0.01, -0.05), (0.07, 0.15, 0.08)), 0.05)
    return blend_in(d, ear, 0.06)


def neck_distance(p: Array) -> Array:
    """Shape the neck and the collar bones' slope."""
    return capsule(p, (0.0, -0.60, -0.22), (0.02, -1.75, -0.34), 0.325)
