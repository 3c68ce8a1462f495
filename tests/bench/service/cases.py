"""What is asked of everybody: frozen values, and nothing about how."""

import random
from dataclasses import dataclass, replace
from enum import StrEnum

from origin.recipe import OutputFormat


class Kind(StrEnum):
    """How a case is driven."""

    COLD = "cold"
    MEMORY = "memory"
    MEMCACHED = "memcached"
    NOT_MODIFIED = "304"
    MIXED = "mixed"
    HERD = "herd"
    SRCSET = "srcset"
    SOAK = "soak"
    START = "start"
    SEEN = "seen"
    OPEN = "open"
    PIXELS = "pixels"
    OVERLOAD = "overload"


@dataclass(frozen=True, slots=True)
class Picture:
    """A variant: *source*, a file of the source server, fitted into a square of *box_px*."""

    source: str
    box_px: int
    format: OutputFormat
    quality: int = 80

    @property
    def name(self) -> str:
        """A file name for it."""
        return f"{self.source}-{self.box_px}-{self.quality}.{self.format.value}"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table for each contestant, or several.

    Args:
        name: As in ``--cases``.
        connections: How many are kept alive and busy; a herd's size; how many say nothing beside those that are busy.
        requests: How many a soak asks for, how many URLs are seen, how often a start is tried; everything else lasts a
            given time.
    """

    name: str
    kind: Kind
    picture: Picture
    connections: int = 8
    requests: int = 0


HIT = Picture("photo.jpg", 420, OutputFormat.JPEG)
"""About 20 kB."""

_LARGE = Picture("large.jpg", 800, OutputFormat.JPEG)

CASES = (
    Case("jpeg", Kind.COLD, Picture("photo.jpg", 512, OutputFormat.JPEG)),
    Case("png", Kind.COLD, Picture("photo.png", 512, OutputFormat.PNG)),
    Case("webp", Kind.COLD, Picture("photo.webp", 512, OutputFormat.WEBP)),
    Case("avif", Kind.COLD, Picture("photo.avif", 512, OutputFormat.AVIF)),
    Case("jpeg-webp", Kind.COLD, Picture("photo.jpg", 512, OutputFormat.WEBP)),
    Case("jpeg-avif", Kind.COLD, Picture("photo.jpg", 512, OutputFormat.AVIF)),
    Case("24mp", Kind.COLD, _LARGE),
    Case("hits-16", Kind.MEMORY, HIT, connections=16),
    Case("hits-64", Kind.MEMORY, HIT, connections=64),
    Case("memcached", Kind.MEMCACHED, HIT, connections=16),
    Case("304", Kind.NOT_MODIFIED, HIT, connections=16),
    Case("mixed", Kind.MIXED, Picture("photo.jpg", 512, OutputFormat.JPEG)),
    Case("herd", Kind.HERD, _LARGE, connections=200),
    Case("srcset", Kind.SRCSET, Picture("photo.jpg", 1600, OutputFormat.JPEG)),
    Case("soak", Kind.SOAK, Picture("photo.jpg", 1200, OutputFormat.JPEG), requests=20_000),
    Case("start", Kind.START, HIT, requests=3),
    Case("seen", Kind.SEEN, HIT, connections=16, requests=1_000_000),
    Case("open", Kind.OPEN, HIT, connections=2_000),
    Case("pixels", Kind.PIXELS, Picture("photo.jpg", 512, OutputFormat.JPEG)),
    Case("overload", Kind.OVERLOAD, Picture("photo.jpg", 400, OutputFormat.JPEG)),
)

PIXELS_MP = (0.5, 2.0, 8.0, 24.0, 50.0)
"""Megapixels of ``pixels-*.jpg``; the last of them as many as a source may have."""

SRCSET_PX = (200, 400, 600, 800, 1200, 1600)


def quick(case: Case) -> Case:
    """The same, small enough for a test."""
    return replace(case, connections=min(case.connections, 20), requests=min(case.requests, 40))


def mixture(count: int, most_px: int) -> list[Picture]:
    """The same *count* mixed pictures every time, of sides up to *most_px*."""
    chance = random.Random(1)
    sources = ("photo.jpg", "photo.jpg", "photo.png", "photo.webp")
    formats = (OutputFormat.JPEG, OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.WEBP, OutputFormat.PNG)
    return [Picture(chance.choice(sources), chance.randint(60, most_px), chance.choice(formats)) for _ in range(count)]
