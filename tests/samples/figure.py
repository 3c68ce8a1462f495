"""The portrait's whole figure: skin, hair, jumper and earrings, and the light that reaches them."""

import numpy as np

from tests.samples.arrays import Array, f32, smoothstep
from tests.samples.hair import hair_distance
from tests.samples.head import either_side, face_distance, head_frame, neck_distance
from tests.samples.jumper import jumper_distance
from tests.samples.solids import blend_in

SKIN, HAIR, JUMPER, EARRING = range(4)  # the rows of parts()


def earring_distance(m: Array) -> Array:
    """Shape a gold hoop hanging from each ear."""
    ring = np.hypot(m[2] + 0.02, m[1] + 0.42) - 0.135
    return f32(np.hypot(ring, m[0] - 0.86) - 0.020)


def parts(p: Array) -> Array:
    """Return the distances to skin, hair, jumper and earrings, shape (4, n)."""
    q = head_frame(p)
    bare = blend_in(face_distance(q), neck_distance(p), 0.12)
    return np.stack([bare, hair_distance(q), jumper_distance(p), earring_distance(either_side(q))])


def figure_distance(p: Array) -> Array:
    """Return a safe step towards the figure."""
    return f32(parts(p).min(axis=0) * 0.80)


def lamp_shadow(p: Array, direction: Array) -> Array:
    """Return how much of a soft lamp points can see past the figure."""
    clear = np.ones(p.shape[1], np.float32)
    for step in range(17):
        reach = 0.035 * 1.265**step
        clear = np.minimum(clear, 0.5 + 0.5 * parts(p + direction * reach).min(axis=0) / (0.20 * reach + 0.004))
    return smoothstep(0.0, 1.0, clear)


def crevices(p: Array, normal: Array) -> Array:
    """Return how open points are to the room: dark in folds, light on bulges."""
    closed = np.zeros(p.shape[1], np.float32)
    for reach, weight in ((0.03, 0.9), (0.08, 0.7), (0.18, 0.55), (0.36, 0.4)):
        closed += weight * (reach - parts(p + normal * reach).min(axis=0)) / reach * 0.42
    return f32(np.clip(1.0 - closed, 0.08, 1.0))
