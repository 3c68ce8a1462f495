"""The valley's air: its sky and clouds, the sun's glow, and haze over the land."""

import numpy as np

from tests.samples.arrays import Array, column, f32, mix, smoothstep
from tests.samples.noise import fbm

SUN_GLOW = f32((-0.30, 0.185))  # the direction of the sun: across, and up


def valley_sky(across: Array, slope: Array) -> Array:
    """Paint the sky for directions: a gradient, the sun's glow, and two layers of wind-combed cloud."""
    up = np.maximum(slope, 0.0)
    deep, pale = f32((0.045, 0.15, 0.42)), f32((0.50, 0.60, 0.72))
    rgb = mix(pale, deep, (1.0 - np.exp(-up * 4.2))[..., None])
    reach = np.hypot((across - SUN_GLOW[0]) * 0.9, up - SUN_GLOW[1])
    warm = np.exp(-reach * 4.0)
    rgb = mix(rgb, f32((1.05, 0.66, 0.36)), (0.82 * warm)[..., None])
    rgb += f32((1.5, 1.15, 0.75)) * (np.exp(-((reach / 0.085) ** 2)) + 0.45 * np.exp(-reach / 0.09))[..., None]
    for layer, (low, reach_scale, strength) in enumerate(((0.07, 0.32, 0.85), (0.20, 0.55, 0.55))):
        distance = 1.0 / (up + low)
        u, v = across * distance * reach_scale * 1.3 + 7.7, distance * reach_scale * 1.15 + 3.0 * layer
        u, v = u + 0.35 * fbm(u * 0.8, v * 0.8, 3, 310 + layer), v + 0.35 * fbm(u * 0.8 + 9, v * 0.8, 3, 315 + layer)
        puff = fbm(u, v * 1.7, 8, 300 + 20 * layer, 0.53)
        toward = fbm(u - 0.10, v * 1.7 - 0.06, 6, 300 + 20 * layer, 0.53)
        cover = smoothstep(0.04, 0.55, puff) * strength
        lit = np.clip(0.62 + 1.8 * (puff - toward) - 0.35 * cover, 0.0, 1.2)
        white = mix(f32((0.50, 0.47, 0.53)), f32((1.05, 0.98, 0.93)), lit[..., None])
        white = mix(white, f32((1.55, 1.02, 0.62)), (np.exp(-reach * 2.4) * (0.35 + 0.65 * lit))[..., None])
        rgb = mix(rgb, white, (cover * smoothstep(0.0, 0.10, up))[..., None])
    return rgb


def haze(colour: Array, x: Array, height: Array, z: Array) -> Array:
    """Lay air between the camera and the ground: bluish, warm towards the sun, thick low over the lake."""
    across = x / z
    glow = np.exp(-(((across - SUN_GLOW[0]) / 0.34) ** 2))
    air = mix(column((0.42, 0.53, 0.72))[..., None], column((1.02, 0.74, 0.50))[..., None], glow * 0.85)
    thin = z * (0.030 + 0.012 * glow) * np.exp(-np.maximum(height, 0) * 0.38)
    mist = 0.55 * smoothstep(2.5, 7.0, z) * np.exp(-np.maximum(height, 0) / 0.11)
    return mix(colour, air, 1.0 - np.exp(-thin - mist))
