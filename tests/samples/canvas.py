"""Whole pictures as arrays shaped (height, width, bands), and libvips images of them."""

import numpy as np
import pyvips

from tests.samples.arrays import Array, f32, mix


def to_image(rgb: Array, seed: int = 0) -> pyvips.Image:
    """Make an 8-bit sRGB image from (height, width, bands) values in 0..1, dithered so gradients do not band."""
    dither = np.random.default_rng(seed).random(rgb.shape[:2], dtype=np.float32)[..., None]
    pixels = np.clip(np.floor(rgb * 255.0 + dither), 0, 255).astype(np.uint8)
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels)).copy(interpretation="srgb")


def from_image(image: pyvips.Image) -> Array:
    """Return an 8-bit image as (height, width, bands) values in 0..1."""
    return f32(image.numpy()) / np.float32(255.0)


def blur(picture: Array, sigma: float) -> Array:
    """Blur a (height, width[, bands]) array with a Gaussian."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(picture))
    return f32(image.gaussblur(sigma, precision="float").numpy()).reshape(picture.shape)


def shrink(picture: Array, width: int, height: int) -> Array:
    """Scale a picture drawn too large down to size, for smooth edges."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(picture)).copy(interpretation="srgb")
    small = image.resize(width / image.width, vscale=height / image.height, kernel="lanczos2")
    return np.clip(f32(small.numpy()), 0.0, 1.0)


def over(below: Array, above: Array) -> Array:
    """Lay an RGBA picture over an opaque RGB one."""
    return mix(below, above[..., :3], above[..., 3:])


def grain(picture: Array, seed: int, sigma: float, strength: float) -> Array:
    """Scatter film grain over a picture, as coarse as sigma."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape, dtype=np.float32)
    return picture + blur(noise, sigma) * strength
