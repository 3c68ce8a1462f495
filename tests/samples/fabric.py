"""The fabric: a weave, a zone plate and a sewn-in label, to catch a poor reduction."""

import math
from pathlib import Path

import numpy as np
import pyvips

from tests.samples.arrays import Array, f32, mix, smoothstep
from tests.samples.canvas import over
from tests.samples.svg import paint_svg


def herringbone(x: Array, y: Array) -> Array:
    """Weave a two-tone herringbone cloth, thread by thread: 8-pixel threads in 64-pixel zigzag bands."""
    band = np.floor(x / 64)
    slant = np.where(band % 2 == 0, x, -x)
    warp_on_top = np.mod(np.floor((slant + y) / 8), 4) < 2
    across = np.where(warp_on_top, np.mod(x, 8), np.mod(y, 8)) / 8 - 0.4375
    along = np.where(warp_on_top, y, x)
    round_light = np.sqrt(np.maximum(0.0, 1.0 - (across / 0.56) ** 2))
    twist = 0.86 + 0.14 * np.sign(np.sin(math.tau * (along / 8 + across * 0.9)))
    warp, weft = f32((0.86, 0.83, 0.74)), f32((0.10, 0.22, 0.36))
    rare = (np.mod(np.floor(x / 8), 32) == 5) & warp_on_top
    thread = np.where(warp_on_top[..., None], np.where(rare[..., None], f32((0.85, 0.22, 0.16)), warp), weft)
    return f32(thread * (0.30 + 0.70 * round_light * twist)[..., None])


def zone_plate(x: Array, y: Array, radius: float) -> Array:
    """Draw rings that tighten to the finest a pixel grid can hold at the rim."""
    return f32(0.5 + 0.5 * np.cos(math.pi * (x * x + y * y) / (2 * radius)))


def script_line(rng: np.random.Generator, x: float, y: float, size: float, length: float) -> str:
    """Write one line of made-up script: stems, bowls and dots that read as text but say nothing."""
    path, end, half = [], x + length, size / 2
    while x < end:
        for _ in range(int(rng.integers(2, 9))):
            stem = f"M{x:.2f},{y:.2f}v{-size * float(rng.choice([1.0, 1.0, 1.7])):.2f}"
            bowl = f"M{x:.2f},{y - half:.2f}a{half * 0.8:.2f},{half:.2f} 0 1 1 0,.01"
            hump, bow = half * 0.7, f"M{x:.2f},{y - half:.2f}q0,{-half:.2f}"
            arch = f"{bow} {hump:.2f},{-half:.2f}t{hump:.2f},{half:.2f}v{half:.2f}"
            dash = f"M{x:.2f},{y - half:.2f}h{half * 1.3:.2f}"
            path.append((stem, stem + bowl, stem + arch, bowl + dash)[int(rng.integers(0, 4))])
            x += size
            if x > end:
                break
        x += size * 0.8
    ink = f'stroke="#1b1f2a" stroke-width="{size * 0.15:.2f}" stroke-linecap="round"'
    return f'<path d="{"".join(path)}" fill="none" {ink}/>'


def label_svg() -> str:
    """Draw the cloth's sewn-in label: lines of script from legible to hopeless, and wedges of converging lines."""
    rng = np.random.default_rng(41)
    lines, y = [], 722.0
    for size in (20.0, 15.0, 12.0, 9.0, 7.0, 5.5, 4.5, 3.5, 3.0):
        y += size * 2.45
        lines.append(script_line(rng, 100, y, size, 350))
    fan = "".join(
        f'<path d="M{762 + 7 * spoke},742 L{762 + 1.5 * spoke:.1f},922" stroke="#9c1c2e" stroke-width="1.5"/>'
        for spoke in range(-22, 23)
    )
    stitches = "stroke-dasharray='9 6' stroke='#b88a3a' stroke-width='2.5' fill='none'"
    return (
        '<rect x="64" y="704" width="896" height="256" rx="10" fill="#f2ead6"/>'
        f'<rect x="73" y="713" width="878" height="238" rx="6" {stitches}/>{"".join(lines)}{fan}'
    )


def draw_fabric(out: Path) -> None:
    """Draw fabric.png: weave, zone plate and hairline strokes, where a poor resizer shows moire at once."""
    y, x = (f32(axis) for axis in np.mgrid[0:1024, 0:1024])
    rgb = herringbone(x, y)
    dx, dy = x - 511.5, y - 351.5
    reach = np.hypot(dx, dy)
    rings = zone_plate(dx, dy, 292.0)[..., None] * f32((0.98, 0.96, 0.90)) + f32((0.01, 0.02, 0.05))
    cord = f32((0.69, 0.53, 0.22)) * (0.8 + 0.2 * np.sin(np.arctan2(dy, dx) * 180))[..., None]
    rgb = mix(rgb, cord, smoothstep(308.5, 307.5, reach)[..., None])
    rgb = mix(rgb, rings, smoothstep(292.5, 291.5, reach)[..., None])
    rgb = over(rgb, paint_svg(label_svg(), 1024, 1024))
    pixels = np.clip(np.round(rgb * 85) * 3, 0, 255).astype(np.uint8)
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")
    image.pngsave(str(out / "fabric.png"), compression=9, effort=10, keep="none")
