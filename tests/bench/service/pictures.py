"""The sources everybody works on: one photograph, in every format, and once as a camera gives it."""

from pathlib import Path
from typing import Any

import pyvips

from origin.development import SAMPLES
from tests.bench.service.cases import PIXELS_MP

_WRITTEN: tuple[tuple[str, dict[str, Any]], ...] = (
    (".jpg", {"Q": 90}),
    (".png", {}),
    (".webp", {"Q": 85}),
    (".avif", {"Q": 60, "effort": 2}),
)


def draw(folder: Path, *, small: bool = False) -> None:
    """Put ``photo.*``, 2000 x 1333 px, and ``large.jpg``, 6000 x 4000 px, into *folder*; *small*: a tenth of that.

    And ``tiny.jpg``, 16 px wide, whose variants cost next to nothing.
    """
    photo = _photo(200, 133) if small else _photo(2000, 1333)
    for suffix, options in _WRITTEN:
        photo.write_to_file(str(folder / f"photo{suffix}"), **options)
    large = _photo(600, 400) if small else _photo(6000, 4000)
    large.write_to_file(str(folder / "large.jpg"), Q=90)
    _photo(16, 11).write_to_file(str(folder / "tiny.jpg"), Q=90)


def draw_ladder(folder: Path, *, small: bool = False) -> None:
    """Put ``pixels-*.jpg`` of so many megapixels into *folder*; *small*: of a hundredth as many."""
    for megapixels in PIXELS_MP:
        height_px = int((megapixels * (1e4 if small else 1e6) / 1.5) ** 0.5)
        _photo(height_px * 3 // 2, height_px).write_to_file(str(folder / f"pixels-{megapixels:g}.jpg"), Q=90)


def _photo(width_px: int, height_px: int) -> pyvips.Image:
    image = pyvips.Image.thumbnail(str(SAMPLES / "valley.jpg"), width_px, height=height_px, size="force")
    return image.copy_memory()
