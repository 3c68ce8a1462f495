"""The skins of the market's wares: colour, gloss and pores, on a ware about one unit big."""

import math
from collections.abc import Callable

import numpy as np

from tests.samples.arrays import Array, column, f32, mix, smoothstep
from tests.samples.colour import Colour
from tests.samples.noise import fbm, gradient_noise
from tests.samples.vectors import dot, unit
from tests.samples.wares import Thing


def cut_citrus(q: Array, seed: int) -> Array:
    """Colour the face of a halved orange: rind, pith, and ten juicy segments."""
    reach, angle = np.hypot(q[0], q[2]), np.arctan2(q[2], q[0])
    juice = gradient_noise(angle * 26, reach * 4.5, seed) + 0.5 * gradient_noise(angle * 60, reach * 14, seed + 1)
    flesh = mix(column((0.90, 0.17, 0.006)), column((1.0, 0.33, 0.025)), smoothstep(-0.5, 0.6, juice))
    wall = np.abs(np.mod(angle * 10 / math.tau + 0.5, 1.0) - 0.5) * reach * math.tau / 10
    ring = np.maximum(smoothstep(0.84, 0.875, reach), smoothstep(0.13, 0.09, reach))
    pith = np.maximum(smoothstep(0.028, 0.010, wall), ring)
    colour = mix(flesh, column((0.95, 0.80, 0.52)), pith)
    return mix(colour, column((0.88, 0.20, 0.006)), smoothstep(0.935, 0.955, reach))


def cut_melon(q: Array, seed: int) -> Array:
    """Colour the face of a halved watermelon: green rind, white, red flesh, and rings of seeds."""
    reach, angle = np.hypot(q[0], q[2]), np.arctan2(q[2], q[0])
    grain = fbm(q[0] * 7, q[2] * 7, 5, seed)
    flesh = mix(column((0.66, 0.022, 0.030)), column((0.85, 0.075, 0.060)), smoothstep(-0.6, 0.6, grain))
    colour = mix(flesh, column((0.88, 0.80, 0.62)), smoothstep(0.80, 0.90, reach + 0.01 * grain))
    colour = mix(colour, column((0.05, 0.20, 0.04)), smoothstep(0.935, 0.955, reach))
    for ring, count in ((0.42, 9), (0.62, 14)):
        sector = np.mod(angle * count / math.tau + ring * 7, 1.0) - 0.5
        wobble = 0.05 * np.sin(np.floor(angle * count / math.tau + ring * 7) * 2.4)
        seedling = np.hypot((reach - ring - wobble) / 0.052, sector * math.tau / count * reach / 0.026)
        colour = mix(colour, column((0.03, 0.015, 0.01)), smoothstep(1.1, 0.85, seedling))
    return colour


def around(q: Array) -> Array:
    """Return the longitude of points on a fruit."""
    return f32(np.arctan2(q[2], q[0]))


def height_on(q: Array) -> Array:
    """Return the sine of the latitude of points on a fruit."""
    return f32(q[1] / np.sqrt(dot(q, q)))


def patches(q: Array, seed: int) -> Array:
    """Return soft irregular patches over a fruit, about -1 to 1."""
    return fbm(q[0] * 2.2 + q[1] * 1.3, q[2] * 2.2 - q[1] * 1.7, 4, seed + 20)


def blotched(first: Colour, second: Colour) -> Callable[[Array, int], Array]:
    """Make a painter for plain fruit that varies a little between two colours."""
    return lambda q, seed: mix(column(first), column(second), smoothstep(-0.6, 0.6, patches(q, seed)))


def paint_apple(q: Array, seed: int) -> Array:
    """Streak an apple red over yellow, with pale dots, russet round the stalk."""
    up, angle = height_on(q), around(q)
    streak = gradient_noise(np.cos(angle) * 14 + 30, np.sin(angle) * 14 + up * 0.7, seed) + 0.6 * patches(q, seed)
    blush = smoothstep(-0.55, 0.50, streak + 0.75 * np.sin(angle + seed) - 0.25 * up + 0.80)
    colour = mix(column((0.62, 0.52, 0.06)), column((0.50, 0.012, 0.022)), blush)
    dots = smoothstep(0.42, 0.56, gradient_noise(angle * 13, up * 22, seed + 3))
    colour = mix(colour, column((0.85, 0.62, 0.28)), dots * 0.35)
    return mix(colour, column((0.36, 0.33, 0.06)), smoothstep(0.93, 0.99, up))


def paint_green_apple(q: Array, seed: int) -> Array:
    """Colour an apple fresh green, paler on top."""
    pale = smoothstep(-0.9, 0.9, patches(q, seed) + 0.5 * height_on(q))
    return mix(column((0.25, 0.42, 0.03)), column((0.40, 0.50, 0.06)), pale)


def paint_tomato(q: Array, seed: int) -> Array:
    """Colour a tomato, with the green star where its stalk was."""
    up, angle = height_on(q), around(q)
    ripe = smoothstep(0.1, 1.0, up + 0.3 * patches(q, seed))
    colour = mix(column((0.66, 0.018, 0.010)), column((0.74, 0.060, 0.010)), ripe)
    star = smoothstep(0.0, 0.09, 0.30 + 0.32 * np.cos(5 * angle) - np.arccos(np.clip(up, -1, 1)))
    return mix(colour, column((0.07, 0.19, 0.02)), star)


def paint_pear(q: Array, seed: int) -> Array:
    """Colour a pear from green to gold, blushed on one side and speckled."""
    fine, angle = patches(q, seed), around(q)
    gold = smoothstep(-0.5, 0.5, fine + 0.5 * height_on(q))
    colour = mix(column((0.40, 0.46, 0.045)), column((0.72, 0.56, 0.09)), gold)
    blush = smoothstep(0.2, 1.1, np.sin(angle + seed) + 0.5 * fine)
    colour = mix(colour, column((0.66, 0.20, 0.06)), blush * 0.6)
    specks = smoothstep(0.36, 0.52, gradient_noise(angle * 17, q[1] * 17, 9))
    return mix(colour, column((0.20, 0.13, 0.03)), specks * 0.5)


def paint_pumpkin(q: Array, seed: int) -> Array:
    """Colour a pumpkin, darker in its furrows."""
    ridge = smoothstep(-0.7, 0.8, patches(q, seed) + 0.2 * np.cos(10 * around(q)))
    return mix(column((0.58, 0.12, 0.005)), column((0.80, 0.23, 0.012)), ridge)


def paint_aubergine(q: Array, seed: int) -> Array:
    """Colour an aubergine nearly black, under a green cap."""
    body = mix(column((0.020, 0.006, 0.034)), column((0.045, 0.010, 0.070)), smoothstep(-0.9, 0.9, patches(q, seed)))
    cap = smoothstep(0.80, 0.84, height_on(q) + 0.05 * np.cos(5 * around(q)))
    return mix(body, column((0.09, 0.16, 0.03)), cap)


def paint_leaf(q: Array, seed: int) -> Array:
    """Colour a leaf, with its rib and veins."""
    vein = np.abs(np.mod((q[0] * 0.8 - np.abs(q[2]) * 0.9) * 7.0, 1.0) - 0.5)
    rib = np.maximum(smoothstep(0.10, 0.02, vein) * 0.7, smoothstep(0.022, 0.008, np.abs(q[2])))
    shade = smoothstep(-0.5, 0.5, fbm(q[0] * 5, q[2] * 5, 4, seed))
    colour = mix(column((0.030, 0.135, 0.020)), column((0.10, 0.25, 0.03)), shade)
    return mix(colour, column((0.24, 0.38, 0.09)), rib)


def paint_jug(q: Array, seed: int) -> Array:
    """Colour the jug: thrown terracotta, a honey glaze that ran, a dark mouth."""
    angle, fine = around(q), patches(q, seed)
    drip = 0.10 + 0.22 * gradient_noise(np.cos(angle) * 2.5 + 9, np.sin(angle) * 2.5, 70) + 0.05 * fine
    rings = smoothstep(-0.8, 0.8, fine + 0.3 * np.sin(q[1] * 60))
    body = mix(column((0.30, 0.11, 0.05)), column((0.40, 0.17, 0.075)), rings)
    body = mix(body, column((0.55, 0.33, 0.09)), smoothstep(-0.012, 0.012, q[1] - drip))
    inside = smoothstep(0.985, 0.995, q[1]) * smoothstep(0.355, 0.335, np.hypot(q[0], q[2]))
    return mix(body, column((0.035, 0.02, 0.008)), inside)


def paint_bowl(q: Array, seed: int) -> Array:
    """Colour the bowl: cobalt rings and petals on white."""
    latitude, wave = np.arcsin(np.clip(height_on(q), -1, 1)), np.abs(np.cos(11 * around(q)))
    middle = np.abs(latitude + 0.42)
    petals = smoothstep(0.02, -0.02, middle - 0.17 * wave**0.7) - smoothstep(0.02, -0.02, middle - 0.09 * wave**0.9)
    rings = smoothstep(0.012, 0.004, np.abs(middle - 0.24))
    blue = np.maximum(np.maximum(petals, rings), smoothstep(-0.075, -0.06, latitude)) + smoothstep(
        -0.84, -0.9, latitude
    )
    return mix(column((0.78, 0.76, 0.70)), column((0.018, 0.075, 0.33)), np.clip(blue, 0, 1))


def paint_half(q: Array, seed: int) -> Array:
    """Colour half an orange, inside and out."""
    return f32(np.where(q[1] > -0.006, cut_citrus(q, seed), column((0.85, 0.19, 0.006))))


def paint_melon(q: Array, seed: int) -> Array:
    """Colour half a watermelon, inside and out."""
    stripe = smoothstep(-0.2, 0.3, np.sin(10 * around(q) + 4 * patches(q, seed)))
    rind = mix(column((0.012, 0.065, 0.014)), column((0.16, 0.33, 0.06)), stripe)
    return f32(np.where(q[1] > -0.006, cut_melon(q, seed), rind))


PAINTERS: dict[str, Callable[[Array, int], Array]] = {
    "apple": paint_apple,
    "aubergine": paint_aubergine,
    "bowl": paint_bowl,
    "cherry": blotched((0.30, 0.004, 0.012), (0.45, 0.010, 0.020)),
    "grape": blotched((0.05, 0.008, 0.040), (0.08, 0.013, 0.055)),
    "green apple": paint_green_apple,
    "half": paint_half,
    "jug": paint_jug,
    "leaf": paint_leaf,
    "lemon": blotched((0.86, 0.58, 0.020), (0.95, 0.72, 0.05)),
    "lime": blotched((0.13, 0.30, 0.012), (0.20, 0.38, 0.02)),
    "melon": paint_melon,
    "orange": blotched((0.80, 0.165, 0.004), (0.88, 0.215, 0.006)),
    "pear": paint_pear,
    "pumpkin": paint_pumpkin,
    "stem": blotched((0.09, 0.055, 0.022), (0.16, 0.11, 0.04)),
    "tomato": paint_tomato,
}
GLOSS = {
    "apple": 0.9,
    "tomato": 1.0,
    "aubergine": 1.0,
    "cherry": 1.0,
    "bowl": 1.0,
    "grape": 0.7,
    "jug": 0.8,
    "orange": 0.5,
    "lemon": 0.5,
    "lime": 0.6,
    "pear": 0.4,
    "pumpkin": 0.35,
    "half": 0.6,
    "melon": 0.35,
    "leaf": 0.45,
    "stem": 0.05,
}
BUMPS = {
    "orange": (34.0, 0.16),
    "lemon": (26.0, 0.15),
    "lime": (30.0, 0.11),
    "half": (24.0, 0.14),
    "pumpkin": (11.0, 0.06),
}


def roughen(thing: Thing, q: Array, normal: Array) -> Array:
    """Tilt normals by the pores of citrus skin and the like."""
    if thing.kind not in BUMPS:
        return normal
    scale, depth = BUMPS[thing.kind]
    a, b = q[0] * scale + q[1] * 7.0, q[2] * scale - q[1] * scale
    tilt = np.stack([gradient_noise(a, b, 60), gradient_noise(a, b, 61), gradient_noise(a, b, 62)])
    return unit(normal + depth * tilt)
