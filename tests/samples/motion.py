"""The two animations."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyvips

from tests.samples.arrays import Array, f32, mix
from tests.samples.canvas import to_image
from tests.samples.svg import paint_svg, svg_colour


def hue_wheel(turn: Array) -> Array:
    """Return the project's colours round a circle: cyan, blue, violet, pink, orange, green; turn counts circles."""
    stops = (
        f32(
            [
                (22, 180, 255),
                (74, 77, 255),
                (150, 61, 255),
                (255, 47, 134),
                (255, 148, 60),
                (70, 214, 150),
                (22, 180, 255),
            ]
        )
        / 255
    )
    where = np.mod(turn, 1.0) * 6.0
    return f32(np.stack([np.interp(where, np.arange(7), stops[:, band]) for band in range(3)], axis=-1))


def spinner_frame(frame: int) -> str:
    """Draw one frame of the spinner: a ring of bars whose height runs round it like a beat."""
    bars = []
    for bar in range(24):
        phase = (bar - frame) / 24
        pulse = math.exp(-4.5 * (phase % 1.0)) + 0.35 * math.exp(-40 * ((phase - 0.55) % 1.0) ** 2)
        inner, outer = 70 - 10 * pulse, 88 + 56 * pulse
        ink = svg_colour(hue_wheel(f32([bar / 24]))[0])
        bars.append(
            f'<line x1="{inner}" x2="{outer:.2f}" y1="0" y2="0" transform="rotate({bar * 15 - 90})" stroke="{ink}"/>'
        )
    return f'<g transform="translate(160,160)" stroke-width="11" stroke-linecap="round">{"".join(bars)}</g>'


def join_frames(frames: Sequence[pyvips.Image], delay: int) -> pyvips.Image:
    """Stack frames into one animation that loops for ever."""
    strip = pyvips.Image.arrayjoin(list(frames), across=1).copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    strip.set_type(pyvips.GValue.array_int_type, "delay", [delay] * len(frames))
    strip.set_type(pyvips.GValue.gint_type, "loop", 0)
    return strip


def draw_spinner(out: Path) -> None:
    """Draw spinner.gif: an animation with transparency, where every frame erases the one before."""
    frames = []
    for frame in range(24):
        art = paint_svg(spinner_frame(frame), 320, 320)
        art[..., 3] = art[..., 3] > 0.5
        art[..., :3] *= art[..., 3:]
        frames.append(pyvips.Image.new_from_array((art * 255).round().astype(np.uint8)).copy(interpretation="srgb"))
    join_frames(frames, 40).gifsave(str(out / "spinner.gif"), effort=7, dither=0.0, keep="none")


def beat_frame(frame: int) -> Array:
    """Draw one frame of the beat: glowing waves sliding over a slowly turning gradient."""
    height, width, phase = 270, 480, math.tau * frame / 30
    y, x = (f32(axis) for axis in np.mgrid[0:height, 0:width])
    u, v = x / width, y / height
    shade = 0.5 + 0.5 * np.sin(math.tau * (0.45 * u + 0.3 * v) - phase)
    rgb = mix(f32((0.05, 0.02, 0.16)), f32((0.16, 0.05, 0.42)), shade[..., None])
    rgb += f32((0.30, 0.03, 0.22)) * np.exp(-3.0 * ((u - 0.5 - 0.3 * math.cos(phase)) ** 2 + (v - 0.9) ** 2))[..., None]
    for wave in range(4):
        swell = np.sin(math.pi * u) ** 2 * (0.65 + 0.35 * math.sin(phase + wave))
        curve = np.sin(math.tau * u * (1.5 + 0.75 * wave) - phase * (1 + wave % 2) + wave)
        centre = 0.5 + 0.30 * swell * curve * (1.0 - 0.17 * wave)
        distance = np.abs(v - centre) * height / np.sqrt(1.0 + (np.gradient(centre, axis=1) * height) ** 2)
        glow = 0.9 * np.exp(-((distance / 1.6) ** 2)) + 0.35 * np.exp(-distance / 9.0)
        rgb += hue_wheel(u * 0.8 + wave * 0.17) * glow[..., None]
    return f32(1.0 - np.exp(-1.35 * rgb))


def draw_beat(out: Path) -> None:
    """Draw beat.webp: a smooth dark gradient in motion, which bands and smears when compressed too hard."""
    frames = [to_image(beat_frame(frame), seed=7) for frame in range(30)]
    join_frames(frames, 40).webpsave(str(out / "beat.webp"), Q=80, effort=5, keep="none")
