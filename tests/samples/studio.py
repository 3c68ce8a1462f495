"""The room round the market's table: its window, its walls, and the balls that stand in for wares in shadows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.samples.arrays import Array, column, f32, smoothstep
from tests.samples.noise import fbm
from tests.samples.skins import PAINTERS
from tests.samples.vectors import dot
from tests.samples.wares import Thing

WINDOW_LIGHT = f32((-0.62, 0.66, 0.42)).reshape(3, 1) / np.float32(math.sqrt(0.62**2 + 0.66**2 + 0.42**2))


@dataclass
class Occluder:
    """A ball that stands in for an object when light is blocked or bounced."""

    centre: Array
    radius: float
    colour: Array
    owner: int
    group: int


def stand_ins(things: Sequence[Thing]) -> list[Occluder]:
    """Return the balls that cast the table's shadows."""
    balls = []
    for owner, thing in enumerate(things):
        if thing.kind == "bowl":
            x, y, z = thing.centre
            colour = column((0.5, 0.5, 0.55))
            balls.append(Occluder(column((x, y - 0.30, z)), thing.size * 0.86, colour, owner, 1))
        elif thing.bulk > 0:
            q = f32([[0.5], [-0.2], [0.5]])
            balls.append(
                Occluder(
                    column(thing.centre),
                    thing.size * thing.bulk,
                    f32(PAINTERS[thing.kind](q, thing.seed)),
                    owner,
                    thing.group,
                )
            )
    return balls


def covered(p: Array, direction: Array, ball: Occluder, softness: float) -> Array:
    """Return how much of a soft light in a direction a ball hides from points."""
    offset = ball.centre - p
    reach = np.sqrt(dot(offset, offset))
    size = np.arcsin(np.minimum(ball.radius / np.maximum(reach, 1e-4), 1.0))
    away = np.arccos(np.clip(dot(offset, direction) / np.maximum(reach, 1e-4), -1.0, 1.0))
    return smoothstep(softness, -softness, away - size)


def room_light(direction: Array) -> Array:
    """Light the room: a tall paned window to the left, a dim wall elsewhere, a warm floor below."""
    glow = column((0.055, 0.05, 0.045)) * (1.0 + 1.6 * smoothstep(-0.2, 0.9, direction[1]))
    u = (direction[0] * 0.56 + direction[2] * 0.83) / np.maximum(-direction[0] * 0.83 + direction[2] * 0.56, 1e-3)
    v = direction[1] / np.maximum(-direction[0] * 0.83 + direction[2] * 0.56, 1e-3)
    facing = (-direction[0] * 0.83 + direction[2] * 0.56) > 0.0
    frame = smoothstep(0.50, 0.46, np.abs(u)) * smoothstep(0.62, 0.58, np.abs(v - 0.95))
    bars = smoothstep(0.018, 0.035, np.abs(u)) * smoothstep(0.018, 0.035, np.abs(v - 0.95))
    window = facing * frame * bars
    return f32(glow + column((5.2, 5.0, 4.7)) * window)


def backdrop(ray: Array) -> Array:
    """Paint the room behind the table: a plaster wall, with light from a paned window falling across it."""
    u, v = ray[0] / -ray[2], ray[1] / -ray[2]
    across, rise = u + 0.42 * v + 0.30, v + 0.13 - 0.10 * u
    panes = np.ones_like(u)
    for edge, at in ((across, (-0.30, -0.05, 0.20)), (rise, (-0.19, 0.02, 0.23))):
        panes *= smoothstep(at[0] - 0.035, at[0] + 0.035, edge) * smoothstep(at[2] + 0.035, at[2] - 0.035, edge)
        panes *= 1.0 - 0.75 * np.exp(-(((edge - at[1]) / 0.018) ** 2))
    wash = 1.0 + 0.22 * fbm(u * 4 + 5, v * 4 + 5, 5, 85)
    wall = column((0.075, 0.105, 0.095)) * (0.55 + 0.35 * smoothstep(0.5, -0.5, u))
    return f32((wall + column((0.24, 0.20, 0.135)) * panes) * wash)
