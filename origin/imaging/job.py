"""What is asked of whoever makes pixels, and what comes back: plain values that can travel between processes."""

from dataclasses import dataclass, field

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
