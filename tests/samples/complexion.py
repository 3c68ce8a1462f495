"""The portrait's skin: blush, lips, lashes, brows and freckles."""

import math

import numpy as np

from tests.samples.arrays import Array, column, f32, mix, smoothstep
from tests.samples.head import either_side
from tests.samples.noise import fbm, gradient_noise


def stroke(x: Array, y: Array, ends: tuple[float, float, float, float], bend: float, width: float) -> Array:
    """Return the cover, 0 to 1, of a tapered curved line painted on the face."""
    x0, y0, x1, y1 = ends
    dx, dy = x1 - x0, y1 - y0
    length = math.hypot(dx, dy)
    t = ((x - x0) * dx + (y - y0) * dy) / length**2
    off = ((x - x0) * -dy + (y - y0) * dx) / length - bend * 4.0 * t * (1.0 - t)
    taper = width * np.clip(4.0 * t * (1.0 - t), 0.0, 1.0) ** 0.5
    return smoothstep(1.35, 0.65, np.abs(off) / np.maximum(taper, 1e-4)) * ((t > 0) & (t < 1))


def lashes(m: Array) -> Array:
    """Return the cover of the closed lids' lashes."""
    x, y = m[0] - 0.325, m[1]
    lid = -0.055 + 0.62 * x * x
    thick = 0.014 * np.maximum(1.0 - (x / 0.185) ** 2, 1e-3) ** 0.4
    cover = smoothstep(1.2, 0.7, np.abs(y - lid) / thick) * (np.abs(x) < 0.18)
    rng = np.random.default_rng(60)
    for number in range(19):
        at = -0.15 + 0.33 * number / 18
        foot = -0.055 + 0.62 * at * at
        long = (0.042 + 0.035 * smoothstep(-0.15, 0.16, f32(at))) * float(rng.uniform(0.85, 1.15))
        lean = 0.02 + 0.30 * at
        ends = (0.325 + at, foot, 0.325 + at + lean * 0.30, foot - float(long))
        cover = np.maximum(cover, stroke(m[0], y, ends, 0.006, 0.0048))
    return f32(cover)


def brows(m: Array) -> Array:
    """Return the cover of the eyebrows, hair by hair."""
    rng = np.random.default_rng(61)
    cover = np.zeros(m.shape[1], np.float32)
    for number in range(90):
        t = number / 89
        x = 0.13 + 0.40 * t + float(rng.normal(0, 0.005))
        y = 0.265 + 0.085 * math.sin(2.4 * t) - 0.055 * t * t + float(rng.normal(0, 0.012 * (1.1 - t)))
        rise = 0.042 * (1.0 - 1.6 * t)
        ends = (x, y, x + 0.055 + 0.02 * t, y + rise)
        cover = np.maximum(cover, 0.72 * stroke(m[0], m[1], ends, 0.004, 0.0062))
    return cover


def freckles(q: Array) -> Array:
    """Return the cover of freckles over the nose and cheeks."""
    rng = np.random.default_rng(62)
    cover = np.zeros(q.shape[1], np.float32)
    for _ in range(90):
        x, y = float(rng.normal(0, 0.30)), float(rng.normal(-0.16, 0.075))
        size = float(rng.uniform(0.005, 0.012))
        cover += float(rng.uniform(0.2, 0.6)) * np.exp(-(((q[0] - x) ** 2 + (q[1] - y) ** 2) / size**2))
    return np.minimum(cover, 0.8)


def skin_colour(q: Array) -> tuple[Array, Array]:
    """Paint the skin: blush, lids, lips, brows, lashes and freckles; also return how glossy it is."""
    m = either_side(q)
    mottle = fbm(q[0] * 6 + q[2] * 4, q[1] * 6 - q[2] * 3, 5, 63)
    colour = column((0.57, 0.305, 0.195)) * (1.0 + 0.06 * mottle)
    front = smoothstep(0.25, 0.55, q[2])
    blush = np.exp(-(((m[0] - 0.44) / 0.22) ** 2) - (((q[1] + 0.26) / 0.17) ** 2))
    tip = np.exp(-((q[0] / 0.10) ** 2) - (((q[1] + 0.235) / 0.09) ** 2))
    ear = smoothstep(0.72, 0.84, m[0]) * smoothstep(0.3, 0.1, q[2])
    colour = mix(colour, column((0.66, 0.19, 0.13)), np.clip(front * (0.75 * blush + 0.50 * tip) + 0.35 * ear, 0, 1))
    lid = np.exp(-(((m[0] - 0.325) / 0.19) ** 2) - (((q[1] - 0.045) / 0.10) ** 2)) * front
    colour = mix(colour, column((0.42, 0.155, 0.105)), 0.60 * lid)
    face = np.flatnonzero((front > 0) & (np.abs(q[1]) < 0.75))
    gloss = np.full(q.shape[1], 0.40, np.float32)
    if face.size:
        colour[:, face], gloss[face] = make_up(q[:, face], m[:, face], colour[:, face], front[face])
    return colour, gloss


def make_up(q: Array, m: Array, colour: Array, front: Array) -> tuple[Array, Array]:
    """Paint lips, freckles, brows and lashes on to the face."""
    smile = q[1] - 0.55 * q[0] ** 2
    bow = -0.492 - 0.012 * np.cos(q[0] * 26) * smoothstep(0.14, 0.0, m[0]) - 1.86 * np.maximum(m[0] - 0.05, 0) ** 2
    under = -0.672 + 1.7 * q[0] ** 2
    lips = smoothstep(0.010, -0.010, smile - bow) * smoothstep(-0.010, 0.010, smile - under)
    lips *= smoothstep(0.255, 0.23, m[0]) * front
    crease = 1.0 + 0.10 * gradient_noise(q[0] * 70, q[1] * 9, 64)
    colour = mix(colour, column((0.50, 0.095, 0.085)) * crease, 0.85 * lips)
    line = smoothstep(0.012, 0.004, np.abs(smile + 0.566)) * smoothstep(0.26, 0.18, m[0]) * front
    colour = mix(colour, column((0.16, 0.025, 0.022)), 0.8 * line)
    colour = mix(colour, column((0.36, 0.145, 0.075)), 0.55 * freckles(q) * front * (1 - lips))
    colour = mix(colour, column((0.060, 0.026, 0.014)), brows(m) * front)
    colour = mix(colour, column((0.018, 0.009, 0.008)), lashes(m) * front)
    return colour, f32(0.40 + 0.55 * lips)
