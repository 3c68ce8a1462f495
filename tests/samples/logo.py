"""The logo: three discs, a heartbeat and the project's name."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyvips

from tests.samples.arrays import f32
from tests.samples.canvas import blur
from tests.samples.svg import paint_svg

BEAT = "M196,300 H286 L316,246 L352,356 L398,160 L444,396 L482,262 L504,300 H604"
LETTERS: Sequence[tuple[str, float]] = (
    ("M0,-100V0M0,-30a30,30 0 1 1 60,0a30,30 0 1 1 -60,0", 60),
    ("M0,-100V0", 0),
    ("M1,-30H60A30,30 0 1 0 50,-8", 60),
    ("M0,0V-60M0,-30a30,30 0 0 1 60,0V0", 60),
    ("M60,-100V0M60,-30a30,30 0 1 1 -60,0a30,30 0 1 1 60,0", 60),
    ("M0,-100V0M0,-100H30a23,23 0 0 1 0,46H0M30,-54H34a27,27 0 0 1 0,54H0", 61),
    ("M1,-30H60A30,30 0 1 0 50,-8", 60),
    ("M60,-60V0M60,-30a30,30 0 1 1 -60,0a30,30 0 1 1 60,0", 60),
    ("M10,-92V-22a22,22 0 0 0 24,22M-8,-60H34", 34),
)


def wordmark(left: float, baseline: float, scale: float) -> str:
    """Spell the project's name in round monoline strokes, as SVG paths."""
    paths, x = [], 0.0
    for number, (path, width) in enumerate(LETTERS):
        ink = "url(#warm)" if number >= 5 else "url(#cool)"
        paths.append(f'<path transform="translate({x},0)" d="{path}" stroke="{ink}"/>')
        x += width + 31
    style = 'fill="none" stroke-width="15" stroke-linecap="round" stroke-linejoin="round"'
    return f'<g transform="translate({left},{baseline}) scale({scale})" {style}>{"".join(paths)}</g>'


def logo_svg() -> str:
    """Three translucent discs that blend where they overlap, a heartbeat across them, the name below."""
    discs = (
        ("a", "#ff2f6e", "#ff8a3c", 400, 216),
        ("b", "#12c8ff", "#2457ff", 316, 362),
        ("c", "#8a3dff", "#ff3fd0", 484, 362),
    )
    gradients = "".join(
        f'<linearGradient id="{name}" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{first}"/>'
        f'<stop offset="1" stop-color="{second}"/></linearGradient>'
        for name, first, second, _, _ in discs
    )
    inks = (
        '<linearGradient id="cool" gradientUnits="userSpaceOnUse" x1="0" y1="-100" x2="60" y2="0">'
        '<stop offset="0" stop-color="#16b4ff"/><stop offset="1" stop-color="#4a4dff"/></linearGradient>'
        '<linearGradient id="warm" gradientUnits="userSpaceOnUse" x1="0" y1="-100" x2="60" y2="0">'
        '<stop offset="0" stop-color="#ff7a45"/><stop offset="1" stop-color="#ff2f86"/></linearGradient>'
    )
    circles = "".join(
        f'<circle cx="{x}" cy="{y}" r="158" fill="url(#{name})" fill-opacity="0.82"/>' for name, _, _, x, y in discs
    )
    pen = 'fill="none" stroke="#fff" stroke-width="17" stroke-linecap="round" stroke-linejoin="round"'
    beat = f'<path d="{BEAT}" {pen}/>'
    return f"<defs>{gradients}{inks}</defs>{circles}{beat}{wordmark(81, 690, 0.96)}"


def draw_logo(out: Path) -> None:
    """Draw logo.png: alpha with sharp and soft edges, translucency, saturated flat colour."""
    art = paint_svg(logo_svg(), 800, 800)
    alpha = art[..., 3]
    shadow = 0.42 * blur(np.roll(alpha, 16, axis=0), 16.0)
    total = alpha + shadow * (1.0 - alpha)
    ink = f32((0.08, 0.03, 0.20))
    light = art[..., :3] * alpha[..., None] + ink * (shadow * (1.0 - alpha))[..., None]
    rgb = light / np.maximum(total, 1e-4)[..., None]
    pixels = np.dstack([rgb, total])
    pixels = np.clip(np.round(pixels * 255.0), 0, 255).astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")
    image.pngsave(str(out / "logo.png"), compression=9, effort=10, keep="none")
