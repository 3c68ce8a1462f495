"""Shapes written as SVG and painted, antialiased."""

import pyvips

from tests.samples.arrays import Array
from tests.samples.canvas import from_image

Strokes = dict[tuple[str, float], list[str]]  # path data by colour and width


def paint_svg(body: str, width: int, height: int) -> Array:
    """Rasterise SVG shapes, antialiased, to (height, width, 4) values in 0..1."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{body}</svg>'
    return from_image(pyvips.Image.svgload_buffer(svg.encode(), unlimited=True))


def svg_colour(rgb: Array) -> str:
    """Write a colour the way SVG wants it."""
    return "rgb({},{},{})".format(*(int(255 * part) for part in rgb))


def stroke_paths(strokes: Strokes) -> str:
    """Write strokes collected by colour and width as SVG, in batches a renderer handles quickly."""
    parts = []
    for (ink, width), lines in strokes.items():
        for start in range(0, len(lines), 300):
            batch = "".join(lines[start : start + 300])
            parts.append(f'<path d="{batch}" stroke="{ink}" stroke-width="{width}"/>')
    return f'<g fill="none" stroke-linecap="round">{"".join(parts)}</g>'
