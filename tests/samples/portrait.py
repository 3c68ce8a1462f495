"""The portrait: a stylised figure before blurred lights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyvips

from tests.samples.arrays import Array, column, f32, mix
from tests.samples.bokeh import bokeh
from tests.samples.camera import Camera, march, render, slope_of
from tests.samples.canvas import grain, over, to_image
from tests.samples.colour import Colour, encode_srgb, filmic
from tests.samples.complexion import skin_colour
from tests.samples.figure import EARRING, HAIR, JUMPER, SKIN, crevices, figure_distance, lamp_shadow, parts
from tests.samples.hair import hair_angle, hair_colour, loose_hairs_svg
from tests.samples.head import head_frame
from tests.samples.jumper import knit
from tests.samples.noise import gradient_noise
from tests.samples.svg import paint_svg
from tests.samples.vectors import Vector, dot, unit

LAMPS: Sequence[tuple[Vector, Colour]] = (  # where each shines from, and how strongly
    ((-0.70, 0.50, 0.52), (1.66, 1.43, 1.20)),
    ((0.88, 0.05, 0.42), (0.10, 0.14, 0.20)),
    ((0.72, 0.42, -0.62), (1.50, 0.95, 0.52)),
)


class Portrait:
    """The sitter, ready to be looked at along rays."""

    def __init__(self) -> None:
        """Place the camera and light the room behind."""
        self.camera = Camera((0.0, -0.05, 9.0), (0.02, -0.30, 0.0), 2.05, 1200, 1600)
        self.room = bokeh(1200, 1600)

    def shade(self, ray: Array) -> Array:
        """Return the light arriving along each ray."""
        origin = column(self.camera.eye)
        rows, columns = self.room.shape[:2]
        x = np.clip((0.5 + ray[0] / -ray[2] * self.camera.zoom * rows / columns) * columns, 0, columns - 1)
        y = np.clip((0.5 - (ray[1] / -ray[2] + 0.028) * self.camera.zoom) * rows, 0, rows - 1)
        colour = np.ascontiguousarray(self.room[y.astype(np.intp), x.astype(np.intp)].T)
        start, end = np.full(ray.shape[1], 7.3, np.float32), np.full(ray.shape[1], 10.6, np.float32)
        found = march(figure_distance, origin, ray, start, end, 70)
        here = np.flatnonzero(np.isfinite(found))
        if here.size:
            p = origin + ray[:, here] * found[here]
            colour[:, here] = self.light(p, ray[:, here])
        return colour

    def light(self, p: Array, ray: Array) -> Array:
        """Light the figure: each lamp wraps round skin, redder at the edge of the dark, as light under skin does."""
        kind = parts(p).argmin(axis=0)
        q = head_frame(p)
        normal = slope_of(lambda at: parts(at).min(axis=0), p, 0.0025)
        open_ = crevices(p, normal)
        colour, gloss, normal = self.surface(p, q, kind, normal)
        skin_like = (kind == SKIN).astype(np.float32)
        wrap = column((0.38, 0.20, 0.12)) * skin_like + 0.12 * (1 - skin_like)
        room = mix(column((0.125, 0.085, 0.06)), column((0.15, 0.16, 0.185)), 0.5 + 0.5 * normal[1])
        total = colour * room * open_ + 0.10 * colour * column((1.0, 0.35, 0.2)) * skin_like * (1 - open_)
        for number, (way, strength) in enumerate(LAMPS):
            direction = unit(column(way))
            clear = lamp_shadow(p + normal * 0.012, direction) if number != 1 else open_
            facing = np.clip((dot(normal, direction) + wrap) / (1.0 + wrap), 0.0, 1.0) ** 1.25
            tint = clear ** (1.0 - skin_like * column((0.45, 0.12, 0.0)))
            total += colour * column(strength) * facing * tint
            total += self.shine(kind, q, normal, ray, direction, gloss) * column(strength) * clear
        rim = (1.0 + dot(ray, normal)).clip(0, 1) ** 4
        return f32(total + rim * open_ * column((0.055, 0.045, 0.04)))

    def surface(self, p: Array, q: Array, kind: npt.NDArray[np.intp], normal: Array) -> tuple[Array, Array, Array]:
        """Return colour, gloss, and the normals roughened by pores, hairs or stitches."""
        colour, gloss = skin_colour(q)
        pores = np.stack([gradient_noise(q[0] * 75 + 20 * n, q[1] * 75 + q[2] * 40, 66 + n) for n in range(3)])
        tilt = 0.055 * pores
        hair, hairs = hair_colour(q)
        wool, stitch = knit(p)
        gold = column((0.50, 0.27, 0.07))
        for number, ink, shine in ((HAIR, hair, 0.5), (JUMPER, wool, 0.06), (EARRING, gold, 6.0)):
            mask = kind == number
            colour, gloss = np.where(mask, ink, colour), np.where(mask, shine, gloss)
        angle = hair_angle(q)
        across = unit(np.stack([np.cos(angle), np.zeros_like(angle), -np.sin(angle)]))
        tilt = np.where(kind == HAIR, 0.30 * hairs * across, tilt)
        tilt = np.where(kind == JUMPER, 0.22 * stitch * column((0.2, 1.0, 0.1)), tilt)
        tilt = np.where(kind == EARRING, 0.0, tilt)
        return f32(colour), f32(gloss), unit(normal + tilt)

    def shine(
        self, kind: npt.NDArray[np.intp], q: Array, normal: Array, ray: Array, lamp: Array, gloss: Array
    ) -> Array:
        """Return the highlights: a broad sheen and a tighter one; on hair, a band across the strands."""
        half = unit(lamp - ray)
        near = np.clip(dot(normal, half), 0.0, 1.0)
        facing = np.clip(dot(normal, lamp) * 4.0, 0.0, 1.0)
        broad, tight = near**14 * 0.10, near**70 * 0.34
        lift = unit(column((0.0, 1.22, -0.52)) - q)
        strand = unit(lift - normal * dot(lift, normal))
        band = np.sqrt(np.maximum(1.0 - dot(strand, half) ** 2, 0.0)) ** 60 * 0.30
        light = np.where(kind == HAIR, band * (0.4 + 0.6 * facing), (broad + tight) * facing)
        tint = np.where(kind == HAIR, column((1.0, 0.62, 0.38)), column((1.0, 0.93, 0.86)))
        tint = np.where(kind == EARRING, column((1.0, 0.75, 0.4)), tint)
        return f32(light * gloss * tint)


def draw_portrait(out: Path) -> None:
    """Draw portrait.jpg: skin tones falling from light to shade, fine hair, blurred lights behind.

    Also portrait-rotated.jpg: the same picture stored lying on its side, with the tag that says how to turn it.
    """
    sitter = Portrait()
    linear = render(sitter.camera, sitter.shade, 4, 82)
    picture = over(encode_srgb(filmic(linear)), paint_svg(loose_hairs_svg(), 1200, 1600))
    image = to_image(grain(picture, 83, 0.7, 0.007), seed=84)
    image.jpegsave(str(out / "portrait.jpg"), Q=90, optimize_coding=True, keep="none")
    sideways = image.rot270().copy()
    sideways.set_type(pyvips.GValue.gint_type, "orientation", 6)
    sideways.jpegsave(str(out / "portrait-rotated.jpg"), Q=85, optimize_coding=True, keep="exif")
