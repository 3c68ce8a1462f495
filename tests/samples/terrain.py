"""The valley's ground: its shape, what grows on it, and its light; kilometres, x right, y up, z away."""

from dataclasses import dataclass

import numpy as np

from tests.samples.arrays import Array, Mask, column, f32, mix, smoothstep
from tests.samples.canvas import blur
from tests.samples.colour import Colour
from tests.samples.noise import fbm, gradient_noise, ridged
from tests.samples.sky import haze

FOCAL = 0.96  # the camera's focal length, in widths of the picture
SUNLIGHT = f32((-0.80, 0.36, 0.48)).reshape(3, 1)
SUN_COLOUR: Colour = (1.75, 1.22, 0.74)
SKY_COLOUR: Colour = (0.30, 0.42, 0.62)


@dataclass
class Terrain:
    """The ground seen from the camera: one row per distance, one column per direction across the picture."""

    z: Array
    x: Array
    height: Array
    colour: Array


def conifer_bumps(x: Array, z: Array, seed: int) -> Array:
    """Raise a cone for every tree of a forest, one to each jittered 14-metre cell."""
    cell = 0.014
    gx, gz = x / cell, z / cell
    table = np.random.default_rng(seed).random((3, 65536), dtype=np.float32)
    best = np.zeros_like(x)
    for ox in (0, 1):
        for oz in (0, 1):
            ix, iz = np.floor(gx - 0.5) + ox, np.floor(gz - 0.5) + oz
            pick = (ix.astype(np.int32) * 73 + iz.astype(np.int32) * 4001) & 65535
            reach = np.hypot(gx - ix - 0.3 - 0.4 * table[0, pick], gz - iz - 0.3 - 0.4 * table[1, pick])
            best = np.maximum(best, (0.55 + 0.45 * table[2, pick]) * (1.0 - reach / 0.62))
    return f32(best * 0.020)


def ground(x: Array, z: Array, octaves: int) -> Array:
    """Return the height of bare ground: a lake basin, valley sides, and ranges that rise with distance."""
    bend_x = x + 0.9 * gradient_noise(x * 0.23, z * 0.23, 90)
    bend_z = z + 0.9 * gradient_noise(x * 0.23 + 40, z * 0.23, 91)
    peaks = ridged(bend_x * 0.17 + 3.1, bend_z * 0.17 + 8.4, octaves, 100)
    shore = 0.55 + 0.16 * z + 0.35 * gradient_noise(z * 0.7, x * 0.1 + 4.5, 92)
    side = smoothstep(0.0, 3.4, np.abs(x + 0.11 * z - 0.25) - shore)
    far = smoothstep(4.6, 10.5, z + 0.7 * gradient_noise(x * 0.6, z * 0.2, 93))
    gap = 1.0 - 0.62 * np.exp(-(((x / np.maximum(z, 0.3) + 0.27) / 0.13) ** 2)) * smoothstep(5.0, 9.0, z)
    rise = np.maximum(side * (0.55 + 0.45 * smoothstep(0.5, 6.0, z)), far)
    rolling = 0.10 * fbm(x * 1.3, z * 1.3, max(octaves - 4, 2), 120)
    return f32(-0.06 + rise * gap * (0.22 + 2.75 * peaks**1.25) + rolling * smoothstep(0.02, 0.2, rise))


def sun_shadow(size: int = 1100) -> tuple[Array, float]:
    """Sweep a coarse map along the sunlight and return the height below which the ground is in shade."""
    span = 44.0
    z, x = (f32(axis) for axis in np.mgrid[0:size, 0:size] * (span / size))
    height = ground(x - span / 2, z, 7)
    shade = height.copy()
    cell = span / size
    slope, drop = float(SUNLIGHT[2, 0] / -SUNLIGHT[0, 0]), float(SUNLIGHT[1, 0] / -SUNLIGHT[0, 0]) * cell
    rows = np.arange(size, dtype=np.float32)
    for step in range(1, size):
        carried = np.interp(rows + slope, rows, shade[:, step - 1]) - drop
        shade[:, step] = np.maximum(shade[:, step], carried)
    return shade, span


def look_up(grid: Array, x: Array, z: Array, span: float) -> Array:
    """Read a coarse map at world positions, with bilinear interpolation."""
    size = grid.shape[0]
    gx = np.clip((x + span / 2) / span * size, 0, size - 1.01)
    gz = np.clip(z / span * size, 0, size - 1.01)
    ix, iz = gx.astype(np.int32), gz.astype(np.int32)
    fx, fz = f32(gx - ix), f32(gz - iz)
    top = mix(grid[iz, ix], grid[iz, ix + 1], fx)
    return mix(top, mix(grid[iz + 1, ix], grid[iz + 1, ix + 1], fx), fz)


def ground_normals(x: Array, z: Array, height: Array) -> Array:
    """Return unit normals, shape (3, rows, columns), from the differences between neighbouring points."""
    dh_ds, dh_dc = np.gradient(height)
    dx_ds, dx_dc = np.gradient(x)
    dz_ds = np.gradient(z, axis=0)
    slope_x = dh_dc / dx_dc
    slope_z = (dh_ds - slope_x * dx_ds) / dz_ds
    normal = np.stack([-slope_x, np.ones_like(x), -slope_z])
    return f32(normal / np.sqrt((normal * normal).sum(axis=0)))


def cover_colour(x: Array, z: Array, height: Array, normal: Array, forest: Array) -> Array:
    """Clothe the ground: meadow by the shore, then forest, rock, and snow where it is high and not too steep."""
    grain = fbm(x * 5.0, z * 5.0, 5, 200)
    strata = 0.5 + 0.5 * np.sin(height * 70 + 5 * grain + x * 3)
    rock = column((0.27, 0.235, 0.21))[..., None] * (0.75 + 0.4 * strata + 0.5 * grain)
    meadow = column((0.20, 0.21, 0.055))[..., None] * (1.0 + 0.6 * grain)
    trees = column((0.030, 0.060, 0.026))[..., None] * (1.0 + 0.7 * grain)
    colour = mix(rock, meadow, smoothstep(0.62, 0.9, normal[1]) * smoothstep(1.0, 0.5, height + 0.3 * grain))
    colour = mix(colour, trees, forest)
    snow = smoothstep(0.98, 1.32, height + 0.32 * grain) * smoothstep(0.40, 0.66, normal[1] + 0.16 * grain)
    return mix(colour, column((0.90, 0.93, 0.98))[..., None], snow)


def build_terrain(columns: int, rows: int) -> Terrain:
    """Shape, light and colour the ground on a grid that follows the camera's view."""
    z = f32(np.geomspace(0.30, 42.0, rows)).reshape(-1, 1) * np.ones((1, columns), np.float32)
    x = z * np.linspace(-0.5 / FOCAL, 0.5 / FOCAL, columns, dtype=np.float32)
    height = ground(x, z, 11)
    bare = ground_normals(x, z, blur(height, 2.0))
    patches = fbm(x * 1.1, z * 1.1, 4, 210)
    forest = smoothstep(1.05, 0.62, height + 0.45 * patches) * smoothstep(0.52, 0.74, bare[1])
    forest *= smoothstep(0.004, 0.02, height) * smoothstep(-0.30, -0.05, patches + 0.35 * smoothstep(0.05, 0.3, height))
    bumps = conifer_bumps(x, z, 5) * (forest > 0.35) * smoothstep(6.5, 3.0, z)
    height = height + bumps
    normal = ground_normals(x, z, height)
    shade, span = sun_shadow()
    sun = smoothstep(-0.05, 0.03, height - look_up(shade, x, z, span))
    facing = (normal * SUNLIGHT[..., None]).sum(axis=0)
    facing = np.maximum(mix(facing, 0.35 + 0.65 * facing, forest), 0.0) * sun
    light = column(SUN_COLOUR)[..., None] * facing * 2.3 + column(SKY_COLOUR)[..., None] * (0.50 + 0.38 * normal[1])
    light *= mix(1.0, 0.45 + 0.55 * smoothstep(0.0, 0.016, bumps), forest * smoothstep(6.5, 3.0, z))
    colour = cover_colour(x, z, height, normal, forest) * light
    return Terrain(z=z, x=x, height=height, colour=haze(colour, x, height, z))


def project(terrain: Terrain, eye: float, slopes: Array, nearest: Array) -> tuple[Array, Mask, Array]:
    """Look from a height along upward slopes; return colours, which rays hit the ground, and how far away."""
    rows, columns = slopes.shape[0], terrain.z.shape[1]
    colour = np.zeros((rows, columns, 3), np.float32)
    hit = np.zeros((rows, columns), np.bool_)
    depth = np.full((rows, columns), 1e3, np.float32)
    seen = np.maximum(terrain.height, 0.0) if eye > 0 else np.where(terrain.height < 0, -1.0, terrain.height)
    rise = f32((seen - eye) / terrain.z)
    last = terrain.z.shape[0] - 1
    for c in range(columns):
        first = int(np.searchsorted(terrain.z[:, c], nearest[c]))
        skyline = np.maximum.accumulate(rise[first:, c])
        index = np.searchsorted(skyline, slopes) + first
        hit[:, c] = index <= last
        at = np.clip(index, 1, last)
        lower, upper = rise[at - 1, c], rise[at, c]
        part = np.clip((slopes - lower) / np.maximum(upper - lower, 1e-7), 0.0, 1.0)
        colour[:, c] = mix(terrain.colour[:, at - 1, c], terrain.colour[:, at, c], part).T
        wet = (terrain.height[at, c] < 0.0) | (terrain.height[at - 1, c] < 0.0)
        depth[:, c] = np.where(wet, -terrain.z[at, c], terrain.z[at, c])
    return colour, hit, depth
