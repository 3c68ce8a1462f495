"""Perlin's noise on the plane, and the clouds and ridges summed from it."""

import math

import numpy as np
import numpy.typing as npt

from tests.samples.arrays import Array, f32, mix


def gradient_noise(x: Array, y: Array, seed: int) -> Array:
    """Perlin's gradient noise on the plane, about -0.7 to 0.7, repeating every 256 units."""
    angle = np.random.default_rng(seed).random(65536, dtype=np.float32) * np.float32(math.tau)
    gx, gy = np.cos(angle), np.sin(angle)
    flat_x, flat_y = np.ravel(x), np.ravel(y)
    noise = np.empty(flat_x.shape, np.float32)
    for start in range(0, flat_x.size, 32768):  # small blocks stay in the processor's cache
        part = slice(start, start + 32768)
        noise[part] = noise_block(flat_x[part], flat_y[part], gx, gy)
    return noise.reshape(np.shape(x))


def noise_block(x: Array, y: Array, gx: Array, gy: Array) -> Array:
    """Evaluate gradient noise for one block of points, given the table of gradients."""
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = f32(x - x0), f32(y - y0)
    ix, iy = x0.astype(np.int32) & 255, (y0.astype(np.int32) & 255) << 8
    ix1, iy1 = (ix + 1) & 255, (iy + 256) & 65535

    def corner(cell: npt.NDArray[np.int32], dx: Array, dy: Array) -> Array:
        return f32(gx[cell] * dx + gy[cell] * dy)

    u = fx * fx * fx * (fx * (fx * 6 - 15) + 10)
    v = fy * fy * fy * (fy * (fy * 6 - 15) + 10)
    top = mix(corner(iy + ix, fx, fy), corner(iy + ix1, fx - 1, fy), u)
    bottom = mix(corner(iy1 + ix, fx, fy - 1), corner(iy1 + ix1, fx - 1, fy - 1), u)
    return mix(top, bottom, v)


def fbm(x: Array, y: Array, octaves: int, seed: int, gain: float = 0.5) -> Array:
    """Sum octaves of noise into clouds, about -1 to 1."""
    total = np.zeros_like(x)
    amplitude = 1.0
    for octave in range(octaves):
        scale = 2.03**octave
        total += amplitude * gradient_noise(x * scale + 17.3 * octave, y * scale - 9.1 * octave, seed + octave)
        amplitude *= gain
    return total


def ridged(x: Array, y: Array, octaves: int, seed: int) -> Array:
    """Sum octaves of folded noise into mountain ridges, about 0 to 1; detail gathers on the heights."""
    total = np.zeros_like(x)
    weight = np.ones_like(x)
    amplitude = 0.55
    for octave in range(octaves):
        scale = 2.07**octave
        fold = 1.0 - np.abs(gradient_noise(x * scale + 31.7 * octave, y * scale + 5.3 * octave, seed + octave)) * 1.6
        fold = np.maximum(fold, 0.0) ** 2 * weight
        total += amplitude * fold
        weight = np.clip(fold * 1.6, 0.0, 1.0)
        amplitude *= 0.5
    return total
