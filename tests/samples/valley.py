"""The landscape: a lake among mountains."""

from pathlib import Path

import numpy as np

from tests.samples.arrays import Array
from tests.samples.bank import bank_svg
from tests.samples.canvas import grain, over, shrink, to_image
from tests.samples.colour import encode_srgb, filmic
from tests.samples.lake import EYE_HEIGHT, add_water
from tests.samples.sky import valley_sky
from tests.samples.svg import paint_svg
from tests.samples.terrain import FOCAL, build_terrain, project

SIZE = (2000, 1333)
HORIZON = 0.575  # how far down the picture it lies


def render_valley(width: int, height: int, rows: int) -> Array:
    """Render land, sky and water in linear light, without the near trees and grass."""
    terrain = build_terrain(width, rows)
    across = np.linspace(-0.5 / FOCAL, 0.5 / FOCAL, width, dtype=np.float32)[None, :] * np.ones((height, 1), np.float32)
    line = (HORIZON - (np.arange(height, dtype=np.float32) + 0.5) / height) * (height / width / FOCAL)
    slope = line[:, None] * np.ones((1, width), np.float32)
    near = np.full(width, 0.0, np.float32)
    land, hit, depth = project(terrain, EYE_HEIGHT, line[::-1], near)
    land, hit, depth = land[::-1], hit[::-1], depth[::-1]
    picture = np.where(hit[..., None], land, valley_sky(across, slope))
    water = (hit & (depth < 0)) | (slope < -EYE_HEIGHT / 40.0) & ~hit
    mirror = -line[-1] * np.linspace(0.0, 1.0, height, dtype=np.float32)
    twin, twin_hit, _ = project(terrain, -EYE_HEIGHT, mirror, near + 0.7)
    twin = np.where(twin_hit[..., None], twin, valley_sky(across, mirror[:, None] * np.ones_like(across)))
    return add_water(picture, water, twin, across, slope, float(mirror[-1]))


def draw_valley(out: Path) -> None:
    """Draw valley.jpg: a lake among mountains; sky gradients, aerial haze, and needle-fine detail near by."""
    width, height = SIZE
    big = render_valley(width * 3 // 2, height * 3 // 2, 2600)
    land = shrink(encode_srgb(filmic(big * 1.05)), width, height)
    grey = land.mean(axis=2, keepdims=True)
    land = np.clip(grey + (land - grey) * 1.2, 0.0, 1.0)
    picture = over(land, paint_svg(bank_svg(), width, height))
    picture = grain(picture, 11, 0.6, 0.014)
    to_image(picture, seed=12).jpegsave(str(out / "valley.jpg"), Q=88, optimize_coding=True, keep="none")
