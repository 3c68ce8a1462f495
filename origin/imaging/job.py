"""What is asked of whoever makes pixels, and what comes back: plain values that can travel between processes."""

import pickle
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from origin.imaging.limits import Limits
from origin.recipe import OutputFormat, Recipe


@dataclass(frozen=True, slots=True)
class Job:
    """What to make of some source bytes.

    Args:
        recipe: What the URL asks for, its format negotiated; None is the source's own.
        limits: What it may cost.
        default_quality: Where the recipe names none, on JPEG's scale.
        candidates: Formats the client reads, for ``best``.
        svg: Whether SVG sources are drawn at all.
        watermark: The picture to lay over the result, if the recipe wants one.
        info: Describe the source as JSON instead of making a picture.
    """

    recipe: Recipe
    limits: Limits
    default_quality: int = 80
    candidates: frozenset[OutputFormat] = frozenset()
    svg: bool = False
    watermark: bytes | None = field(default=None, repr=False)
    info: bool = False


_SHORT_BYTES: Final = 8 * 1024
"""A packed job without a watermark takes one or two thousand."""


def packed(job: Job) -> bytes:
    """*job* as it travels to a child.

    A site asks for the same few things of many sources, and pickling takes as long as all else that handing over does.
    So what was packed lately is remembered, unless it has a watermark, which may be large.
    """
    return _packed_lately(job) if job.watermark is None else _packed(job)


def unpacked(data: bytes) -> Job:
    """The job that *data* was packed from. Pickled, so it must come from somebody trusted."""
    return _unpacked_lately(data) if len(data) <= _SHORT_BYTES else _unpacked(data)


def _packed(job: Job) -> bytes:
    return pickle.dumps(job, pickle.HIGHEST_PROTOCOL)


def _unpacked(data: bytes) -> Job:
    job: Job = pickle.loads(data)  # noqa: S301  see `unpacked`
    return job


_packed_lately = lru_cache(maxsize=256)(_packed)
_unpacked_lately = lru_cache(maxsize=256)(_unpacked)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished body, and what is to be told about it.

    Args:
        body: The encoded picture, or JSON.
        media_type: What it is.
        suffix: The usual end of a file's name, without the dot.
        digest: A short digest of the body.
        transform_s: How long it took.
    """

    body: bytes = field(repr=False)
    media_type: str
    suffix: str
    digest: str
    transform_s: float
