"""Solids given by how far points are from them, and seams between solids."""

import numpy as np

from tests.samples.arrays import Array, column, f32
from tests.samples.vectors import Vector, dot


def blend_in(a: Array, b: Array, softness: float) -> Array:
    """Join two shapes given by their distances, with a rounded seam."""
    h = np.maximum(softness - np.abs(a - b), 0.0) / softness
    return f32(np.minimum(a, b) - h * h * softness * 0.25)


def carve(a: Array, b: Array, softness: float) -> Array:
    """Cut shape b out of shape a, with a rounded seam."""
    return -blend_in(-a, b, softness)


def ellipsoid(p: Array, centre: Vector, radii: Vector) -> Array:
    """Return roughly how far points are from an ellipsoid."""
    q = (p - column(centre)) / column(radii)
    reach = np.sqrt(dot(q, q))
    steep = np.sqrt(dot(q / column(radii), q / column(radii)))
    return f32(reach * (reach - 1.0) / np.maximum(steep, 1e-5))


def capsule(p: Array, a: Vector, b: Vector, radius: float) -> Array:
    """Return how far points are from a rounded rod."""
    start, along = column(a), column(b) - column(a)
    offset = p - start
    t = np.clip(dot(offset, along) / float((along * along).sum()), 0.0, 1.0)
    rest = offset - along * t
    return f32(np.sqrt(dot(rest, rest)) - radius)
