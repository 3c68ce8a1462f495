"""The still life: fruit on a striped cloth."""

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.samples.arrays import Array, column, f32, mix, smoothstep
from tests.samples.camera import Camera, march, render, slope_of
from tests.samples.canvas import blur, grain, to_image
from tests.samples.cloth import cloth_colour, cloth_normal
from tests.samples.colour import encode_srgb, filmic
from tests.samples.skins import GLOSS, PAINTERS, roughen
from tests.samples.studio import WINDOW_LIGHT, backdrop, covered, room_light, stand_ins
from tests.samples.table import laid_table
from tests.samples.vectors import bounce, dot
from tests.samples.wares import thing_distance


class Market:
    """The laid table, ready to be looked at along rays."""

    def __init__(self) -> None:
        """Lay the table and work out what casts shadows."""
        self.camera = Camera((0.35, 3.75, 8.6), (0.12, 0.70, 0.0), 1.62, 2400, 1600)
        self.things = laid_table()
        self.balls = stand_ins(self.things)

    def shade(self, ray: Array) -> Array:
        """Return the light arriving along each ray."""
        origin = column(self.camera.eye)
        nearest, owner = self.hit(origin, ray)
        colour = backdrop(ray)
        flat = np.flatnonzero((owner == -1) & np.isfinite(nearest))
        if flat.size:
            p = origin + ray[:, flat] * nearest[flat]
            lit = self.light(p, cloth_normal(p), ray[:, flat], cloth_colour(p), 0.0, -1)
            colour[:, flat] = mix(lit, colour[:, flat], smoothstep(-2.6, -4.2, p[2]))
        for number, thing in enumerate(self.things):
            here = np.flatnonzero(owner == number)
            if here.size:
                p = origin + ray[:, here] * nearest[here]
                q = thing.local(p)
                normal = slope_of(partial(thing_distance, thing), p, 0.004 * thing.size)
                paint = PAINTERS[thing.kind](q, thing.seed)
                normal = roughen(thing, q, normal)
                colour[:, here] = self.light(p, normal, ray[:, here], paint, GLOSS.get(thing.kind, 0.8), number)
        return colour

    def hit(self, origin: Array, ray: Array) -> tuple[Array, npt.NDArray[np.int32]]:
        """Find the first thing along each ray: its distance and number, -1 for the cloth."""
        down = ray[1] < -1e-4
        nearest = f32(np.where(down, -origin[1] / np.where(down, ray[1], -1.0), np.inf))
        nearest[nearest > 14.0] = np.inf
        owner = np.full(nearest.shape, -1, np.int32)
        for number, thing in enumerate(self.things):
            offset = column(thing.centre) - origin
            middle = dot(offset, ray)
            bound = thing.size * (1.5 if thing.kind in ("pear", "aubergine") else 1.16)
            gap = float((offset * offset).sum()) - middle**2
            near = np.flatnonzero((gap < bound**2) & (middle - bound < nearest))
            if near.size == 0:
                continue
            half = np.sqrt(bound**2 - gap[near])
            start, end = middle[near] - half, np.minimum(middle[near] + half, nearest[near])
            found = march(partial(thing_distance, thing), origin, ray[:, near], start, end, 60)
            closer = found < nearest[near]
            nearest[near[closer]] = found[closer]
            owner[near[closer]] = number
        return nearest, owner

    def light(self, p: Array, normal: Array, ray: Array, colour: Array, gloss: float, number: int) -> Array:
        """Light points: a soft window with shadows, the room's glow, bounced colour, and reflections."""
        mirror = bounce(ray, normal)
        clear, open_sky, spill, shine = self.neighbours(p, normal, mirror, number)
        facing = dot(normal, WINDOW_LIGHT)
        if number >= 0:
            from_cloth = (0.5 - 0.5 * normal[1]) * np.clip(1.2 - p[1] * 0.5, 0.3, 1.0)
            spill += column((0.24, 0.21, 0.175)) * from_cloth
            below = smoothstep(0.0, -0.25, mirror[1]) * smoothstep(2.5, 0.0, p[1])
            shine = mix(shine, column((0.22, 0.20, 0.17)), below)
            facing = np.maximum((facing + 0.22) / 1.22, 0.0) ** 1.22
        key = column((1.62, 1.44, 1.20)) * np.maximum(facing, 0.0) * clear
        room = column((0.13, 0.16, 0.20)) * (0.6 + 0.4 * normal[1]) * open_sky
        fresnel = 0.04 + 0.55 * (1.0 - np.clip(-dot(ray, normal), 0.0, 1.0)) ** 5
        return f32(colour * (key + room + spill) + shine * fresnel * gloss * (0.25 + 0.75 * open_sky))

    def neighbours(self, p: Array, normal: Array, mirror: Array, number: int) -> tuple[Array, Array, Array, Array]:
        """Return what the other things do to points: window light left, sky left, bounced light, reflections."""
        group = self.things[number].group if number >= 0 else 0
        is_bowl = number >= 0 and self.things[number].kind == "bowl"
        clear, open_sky = np.ones(p.shape[1], np.float32), np.ones(p.shape[1], np.float32)
        spill, shine = np.zeros_like(p), room_light(mirror)
        for ball in self.balls:
            offset = ball.centre - p
            square = np.maximum(dot(offset, offset), ball.radius**2)
            inside_bowl = ball.owner == 0 and group == 1
            if ball.owner == number or inside_bowl or float(square.min()) > (9.0 * ball.radius) ** 2:
                continue
            form = np.maximum(dot(normal, offset) / np.sqrt(square), 0.0) * (ball.radius**2 / square)
            open_sky *= 1.0 - 0.85 * form
            spill += ball.colour * form * 0.55
            if is_bowl and ball.group == 1:
                continue
            clear *= 1.0 - covered(p, WINDOW_LIGHT, ball, 0.16)
            if number >= 0 and not (group == 1 and ball.group == 1):
                shine = mix(shine, ball.colour * 0.45, covered(p, mirror, ball, 0.05))
        return clear, open_sky, spill, shine


def draw_market(out: Path) -> None:
    """Draw market.jpg: saturated reds, oranges and greens, sharp highlights, soft shadows, fine stripes."""
    market = Market()
    linear = render(market.camera, market.shade, 5, 21)
    y, x = (f32(axis) for axis in np.mgrid[-1:1:1600j, -1:1:2400j])
    linear *= (1.06 - 0.28 * (0.6 * x * x + 0.4 * y * y))[..., None]
    linear += 0.05 * blur(np.maximum(linear - 1.0, 0.0), 24.0)
    picture = grain(encode_srgb(filmic(linear * 0.94)), 22, 0.7, 0.008)
    to_image(picture, seed=23).jpegsave(str(out / "market.jpg"), Q=85, optimize_coding=True, keep="none")
