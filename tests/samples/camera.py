"""A camera that sees shapes by walking along its rays until they meet a surface."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.samples.arrays import Array, column, f32
from tests.samples.colour import encode_srgb, filmic
from tests.samples.vectors import Vector, unit

Distance = Callable[[Array], Array]  # how far points are from the nearest surface; negative inside it


def march(distance: Distance, origin: Array, ray: Array, start: Array, end: Array, steps: int) -> Array:
    """Walk along rays by the distance to the nearest surface; return how far, or infinity on a miss."""
    travelled, found = start.copy(), np.full(start.shape, np.inf, np.float32)
    live = np.arange(start.size)
    for _ in range(steps):
        gap = distance(origin + ray[:, live] * travelled[live])
        travelled[live] += gap
        close = np.abs(gap) < 4e-4 * travelled[live]
        found[live[close]] = travelled[live[close]]
        live = live[~close & (travelled[live] < end[live])]
        if live.size == 0:
            break
    return found


def slope_of(distance: Distance, p: Array, step: float) -> Array:
    """Return the outward normals of the surface near points, from four probes around each."""
    corners = f32([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)])
    return unit(sum((corner[:, None] * distance(p + step * corner[:, None]) for corner in corners), np.zeros_like(p)))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: where it stands, what it looks at, and how narrow its view is."""

    eye: Vector
    target: Vector
    zoom: float
    width: int
    height: int

    def rays(self, x: Array, y: Array) -> Array:
        """Return unit directions through picture positions given in pixels."""
        ahead = unit(column(self.target) - column(self.eye))
        right = unit(f32(np.cross(ahead[:, 0], (0.0, 1.0, 0.0))).reshape(3, 1))
        up = f32(np.cross(right[:, 0], ahead[:, 0])).reshape(3, 1)
        u = (x - self.width / 2) / self.height
        v = (self.height / 2 - y) / self.height
        return unit(ahead * self.zoom + right * u + up * v)


def render(camera: Camera, shade: Callable[[Array], Array], extra: int, seed: int) -> Array:
    """Shade every pixel once, then again with jittered rays wherever neighbours differ, to smooth the edges."""
    y, x = (f32(axis).ravel() + np.float32(0.5) for axis in np.mgrid[0 : camera.height, 0 : camera.width])
    colour = np.empty((3, x.size), np.float32)
    for start in range(0, x.size, 150_000):
        part = slice(start, start + 150_000)
        colour[:, part] = shade(camera.rays(x[part], y[part]))
    tone = encode_srgb(filmic(colour)).reshape(3, camera.height, camera.width)
    rough = np.zeros((camera.height, camera.width), np.bool_)
    for axis in (1, 2):
        jump = (np.abs(np.diff(tone, axis=axis)) > 0.07).any(axis=0)
        rough[:-1] |= jump if axis == 1 else False
        rough[1:] |= jump if axis == 1 else False
        rough[:, :-1] |= jump if axis == 2 else False
        rough[:, 1:] |= jump if axis == 2 else False
    edge = np.flatnonzero(rough)
    rng = np.random.default_rng(seed)
    for _ in range(extra):
        jitter = rng.random((2, edge.size), dtype=np.float32) - np.float32(0.5)
        for start in range(0, edge.size, 150_000):
            some = slice(start, start + 150_000)
            at = edge[some]
            again = shade(camera.rays(x[at] + jitter[0, some], y[at] + jitter[1, some]))
            colour[:, at] += np.minimum(again, 4.0)
    colour[:, edge] /= extra + 1
    return f32(colour.reshape(3, camera.height, camera.width).transpose(1, 2, 0))
