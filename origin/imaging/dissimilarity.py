"""How much an encoded picture differs from what was encoded, by structure rather than by numbers.

A relative of SSIM with the same reasoning: a difference weighs less where the
picture is busy. With equal means, 1 - SSIM is the energy of the difference over
the sum of both variances, so only the difference has to be computed for every
attempt and the rest once. It is taken of luma at a half and an eighth of the
size; errors at the coarser scale show more and are smaller, so they weigh
sixteen times as much. Full size and a quarter would double the cost for a
hundredth of correlation.

`docs/encoders.md` says how well this agrees with DSSIM and SSIMULACRA2.
"""

import pyvips

_LUMA = [[0.299, 0.587, 0.114]]
_COARSER = 4
_BLOCK_PX = 4
_STABLE = 200.0
"""Keeps flat areas from counting without end; larger than SSIM's own, and better correlated."""
_GREY = [128, 128, 128]
_UNIT = 28.0
"""So that 0.02, the customary target, is about a JPEG of quality 70 in the median."""


class Reference:
    """What attempts are compared with.

    Args:
        image: sRGB of 8 bits in memory, with or without alpha. Frames of an animation lie below each other.
    """

    def __init__(self, image: pyvips.Image) -> None:
        self._luma = _luma(image).copy_memory()
        self._open = {"n": -1} if image.get_typeof("page-height") else {}
        self._weights = _weights(self._luma), _weights(_coarser(self._luma))

    def distance(self, body: bytes) -> float:
        """The dissimilarity of the encoded *body* of the same size: 0 is identical, 0.02 good, 0.1 poor."""
        difference = (self._luma - _luma(pyvips.Image.new_from_buffer(body, "", **self._open))).copy_memory()
        fine, coarse = (
            float((part * part * weight).avg())
            for part, weight in zip((difference, _coarser(difference)), self._weights, strict=True)
        )
        return _UNIT * (fine + _COARSER**2 * coarse) / (1 + _COARSER**2)


def _luma(image: pyvips.Image) -> pyvips.Image:
    """At half the size."""
    if image.hasalpha():
        image = image.flatten(background=_GREY)
    half = image.shrink(2, 2, ceil=True)
    # Shrinking bytes first is cheap; what follows needs fractions.
    return half.recomb(_LUMA) if half.bands == 3 else half[0].cast("float")


def _coarser(image: pyvips.Image) -> pyvips.Image:
    return image.shrink(_COARSER, _COARSER, ceil=True).copy_memory()


def _weights(image: pyvips.Image) -> pyvips.Image:
    """For every pixel one over twice the variance of its block, and a little more."""
    middle = _blocks(image)
    variance = _blocks(image * image) - middle * middle
    weights = (variance * 2 + _STABLE) ** -1
    return weights.zoom(_BLOCK_PX, _BLOCK_PX).crop(0, 0, image.width, image.height).copy_memory()


def _blocks(image: pyvips.Image) -> pyvips.Image:
    """The mean of each block; ceil, so that a picture smaller than a block is one block."""
    return image.shrink(_BLOCK_PX, _BLOCK_PX, ceil=True).copy_memory()
