"""Pictures made for tests: small, of known colours, in any format."""

from typing import Any

import pyvips

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 40), (40, 60, 200), (128, 128, 128)
QUARTERS = {"nowe": RED, "noea": GREEN, "sowe": BLUE, "soea": GREY}


def quarters(width_px: int = 64, height_px: int = 64) -> pyvips.Image:
    """Red and green above, blue and grey below: tells which way is up, and what was cropped."""
    image = pyvips.Image.black(width_px, height_px, bands=3) + list(GREY)
    image = image.draw_rect(list(RED), 0, 0, width_px // 2, height_px // 2, fill=True)
    image = image.draw_rect(list(GREEN), width_px // 2, 0, width_px - width_px // 2, height_px // 2, fill=True)
    image = image.draw_rect(list(BLUE), 0, height_px // 2, width_px // 2, height_px - height_px // 2, fill=True)
    return image.cast("uchar").copy(interpretation="srgb")


def encoded(image: pyvips.Image, suffix: str = ".png", **options: Any) -> bytes:
    """*image* as bytes of the format with that *suffix*."""
    return bytes(image.write_to_buffer(suffix, **options))


def jpeg(width_px: int = 64, height_px: int = 64, orientation: int = 1) -> bytes:
    """Quarters as a JPEG, with an EXIF orientation."""
    image = quarters(width_px, height_px).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return encoded(image, ".jpg", Q=95, subsample_mode="off")


def png(width_px: int = 64, height_px: int = 64) -> bytes:
    """Quarters as a PNG."""
    return encoded(quarters(width_px, height_px))


def transparent_png(width_px: int = 64, height_px: int = 64) -> bytes:
    """A PNG whose left half is opaque red and whose right half cannot be seen."""
    alpha = pyvips.Image.black(width_px, height_px)
    alpha = alpha.draw_rect(255, 0, 0, width_px // 2, height_px, fill=True).cast("uchar")
    image = (pyvips.Image.black(width_px, height_px, bands=3) + list(RED)).cast("uchar").copy(interpretation="srgb")
    return encoded(image.bandjoin(alpha))


def decoded(body: bytes) -> pyvips.Image:
    """The picture in *body*, whatever its format, decoded to the last pixel."""
    return pyvips.Image.new_from_buffer(body, "", fail_on="truncated").copy_memory()


def near(image: pyvips.Image, x: int, y: int, colour: tuple[int, ...], tolerance: int = 12) -> bool:
    """Whether the pixel at *x*, *y* has about that *colour*."""
    return all(abs(have - want) <= tolerance for have, want in zip(image(x, y), colour, strict=False))
