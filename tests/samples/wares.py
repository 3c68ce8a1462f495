"""The things on the market's table, and their shapes."""

import math
from dataclasses import dataclass, field

import numpy as np

from tests.samples.arrays import Array, column, f32, smoothstep
from tests.samples.camera import Distance
from tests.samples.vectors import Vector, dot


@dataclass
class Thing:
    """One object on the table: a shape around a centre, how it is coloured, and the balls that cast its shadow."""

    kind: str
    centre: Vector
    size: float
    turn: tuple[float, float] = (0.0, 0.0)
    seed: int = 0
    group: int = 0
    bulk: float = 1.0
    frame: Array = field(init=False)

    def __post_init__(self) -> None:
        """Work out the rotation from the table's axes to the object's own: tilt, then spin."""
        tilt, spin = (math.radians(angle) for angle in self.turn)
        lean = np.array([[math.cos(tilt), math.sin(tilt), 0], [-math.sin(tilt), math.cos(tilt), 0], [0, 0, 1]])
        round_ = np.array([[math.cos(spin), 0, -math.sin(spin)], [0, 1, 0], [math.sin(spin), 0, math.cos(spin)]])
        self.frame = f32(lean @ round_)

    def local(self, p: Array) -> Array:
        """Move points from the table into the object's own frame, where it is about one unit big."""
        return f32(self.frame @ (p - column(self.centre)) / self.size)


def profile(kind: str, up: Array, angle: Array) -> Array:
    """Return how far a fruit's skin lies from its middle, towards a latitude (sine) and a longitude."""
    polar = np.arccos(np.clip(up, -1.0, 1.0))
    if kind == "apple":
        dimple = 0.34 * np.exp(-((polar / 0.42) ** 2)) + 0.16 * np.exp(-(((math.pi - polar) / 0.36) ** 2))
        return f32(0.97 + 0.05 * up - dimple + 0.018 * np.cos(5 * angle) * (0.3 - up * 0.7))
    if kind == "tomato":
        lobes = 0.035 * np.cos(6 * angle + 0.8) * (0.4 + 0.6 * up)
        return f32(0.98 - 0.20 * up * up - 0.16 * np.exp(-((polar / 0.30) ** 2)) + lobes * (1 - up * up) ** 0.3)
    if kind == "lemon":
        tips = np.exp(-((polar / 0.30) ** 2)) + np.exp(-(((math.pi - polar) / 0.36) ** 2))
        return f32(0.80 + 0.12 * up * up + 0.22 * tips)
    if kind == "pear":
        neck = 0.62 * np.exp(-((polar / 0.55) ** 2)) - 0.10 * np.exp(-((polar / 0.12) ** 2))
        return f32(0.80 - 0.10 * up + 0.02 * np.cos(3 * angle) + neck)
    if kind == "pumpkin":
        ribs = np.abs(np.cos(5 * angle)) ** 0.6
        return f32((0.84 + 0.14 * ribs) * (1 - 0.26 * up * up) - 0.26 * np.exp(-((polar / 0.34) ** 2)))
    if kind == "aubergine":
        ends = 0.52 * np.exp(-(((math.pi - polar) / 0.62) ** 2)) + 0.85 * np.exp(-((polar / 0.40) ** 2))
        return f32(0.62 - 0.12 * up + ends)
    return np.ones_like(up)


def leaf_distance(q: Array) -> Array:
    """Shape a leaf: a thin pointed sheet, folded along its rib and arched."""
    across = np.sqrt(q[0] ** 2 + (q[2] / (0.42 * (1 - 0.35 * q[0]))) ** 2)
    sheet = np.abs(q[1] + 0.30 * q[0] ** 2 - 0.22 * np.abs(q[2]) + 0.03 * np.sin(9 * q[0] + 1)) - 0.012
    return f32(np.maximum(sheet * 0.7, (across - 1.0) * 0.32))


def stem_distance(q: Array) -> Array:
    """Shape a bent stalk, thicker at its end."""
    thick = 0.055 + 0.05 * smoothstep(0.6, 1.0, q[1])
    return f32(np.maximum(np.hypot(q[0] - 0.16 * q[1] ** 2, q[2]) - thick, np.abs(q[1]) - 1.0) * 0.8)


def jug_distance(q: Array) -> Array:
    """Shape a big-bellied jug with a handle."""
    flare = 0.20 * smoothstep(0.45, 1.0, q[1]) + 0.16 * smoothstep(0.9, 0.3, q[1])
    wall = np.hypot(q[0], q[2]) - (0.30 + 0.26 * np.cos(1.9 * (q[1] + 0.28)) + flare)
    handle = np.hypot(np.hypot(q[0] - 0.40, q[1] - 0.38) - 0.36, q[2]) - 0.055
    return f32(np.minimum(np.maximum(wall, np.abs(q[1]) - 1.0), handle) * 0.55)


def bowl_distance(q: Array) -> Array:
    """Shape a bowl: half a shell, flared at the rim, on a foot."""
    flare = 1.0 + 0.05 * smoothstep(-0.25, 0.0, q[1])
    shell = np.maximum(np.abs(np.sqrt(dot(q, q)) - flare) - 0.035, q[1])
    foot = np.maximum(np.hypot(q[0], q[2]) - 0.46, np.abs(q[1] + 0.98) - 0.09)
    return f32(np.minimum(shell, foot) * 0.8)


ODD_SHAPES: dict[str, Distance] = {
    "leaf": leaf_distance,
    "stem": stem_distance,
    "jug": jug_distance,
    "bowl": bowl_distance,
}


def thing_distance(thing: Thing, p: Array) -> Array:
    """Return a safe step towards an object's surface from points on the table."""
    q = thing.local(p)
    if thing.kind in ODD_SHAPES:
        return f32(ODD_SHAPES[thing.kind](q) * thing.size)
    reach = np.sqrt(dot(q, q))
    if thing.kind in ("half", "melon"):
        return f32(np.maximum(reach - 1.0, q[1]) * thing.size)
    surface = reach - profile(thing.kind, q[1] / np.maximum(reach, 1e-6), np.arctan2(q[2], q[0]))
    return f32(surface * 0.62 * thing.size)
