"""What a URL asks for, as frozen values: the one word both grammars and the pixels know.

``grammar`` and ``query`` make these, ``imaging`` carries them out. Nothing here
reads text or touches pixels.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum


class OutputFormat(StrEnum):
    """Formats the language can name; which of them this build writes is the encoder's word."""

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"
    JXL = "jxl"
    HEIC = "heic"
    SVG = "svg"

    @property
    def media_type(self) -> str:
        """The registered media type.

        >>> OutputFormat.JPEG.media_type
        'image/jpeg'
        """
        return {"jpg": "image/jpeg", "svg": "image/svg+xml"}.get(self.value, f"image/{self.value}")


class ResizingType(StrEnum):
    """How a picture meets its box."""

    FIT = "fit"
    """Inside the box, whole."""
    FILL = "fill"
    """Covers the box; what hangs over is cropped."""
    FILL_DOWN = "fill-down"
    """Like fill, but a source too small is cropped to the box's ratio instead."""
    FORCE = "force"
    """Exactly the box, whatever becomes of the ratio."""
    AUTO = "auto"
    """Fill when source and box lie the same way, else fit."""


class Anchor(StrEnum):
    """Where a gravity pulls: a compass point, the interesting part, or a focal point."""

    NORTH = "no"
    SOUTH = "so"
    EAST = "ea"
    WEST = "we"
    NORTH_EAST = "noea"
    NORTH_WEST = "nowe"
    SOUTH_EAST = "soea"
    SOUTH_WEST = "sowe"
    CENTRE = "ce"
    SMART = "sm"
    FOCAL_POINT = "fp"


@dataclass(frozen=True, slots=True)
class Gravity:
    """An anchor with an offset from it.

    For compass anchors *x* and *y* move inwards: 1 and above in px (before the
    dpr), below 1 as a share of the outer side. For the focal point they are the
    point itself as shares of width and height. The smart anchor has neither.
    """

    anchor: Anchor = Anchor.CENTRE
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Colour:
    """An opaque sRGB colour, 0 to 255 each."""

    red: int
    green: int
    blue: int


WHITE = Colour(255, 255, 255)


@dataclass(frozen=True, slots=True)
class Extend:
    """Padding the result out to the asked box; *gravity* says where the picture then lies."""

    enabled: bool = False
    gravity: Gravity = field(default_factory=Gravity)


@dataclass(frozen=True, slots=True)
class Resize:
    """The box and how to meet it. A side of 0 is derived from the other one."""

    type: ResizingType = ResizingType.FIT
    width_px: int = 0
    height_px: int = 0
    enlarge: bool = False
    extend: Extend = field(default_factory=Extend)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything about a variant but its source and its negotiated format."""

    resize: Resize = field(default_factory=Resize)
    gravity: Gravity = field(default_factory=Gravity)
    dpr: float = 1.0
    auto_rotate: bool = True
    background: Colour | None = None
    quality: int | None = None
    """1 to 100; None leaves it to the service."""
    format: OutputFormat | None = None
    """None: negotiate, else the source's own."""
    cachebuster: str = ""

    def canonical(self) -> str:
        """The recipe as text: equal recipes give equal text, different ones different text.

        Only what differs from the default is spelled, so that an option added to
        the language later leaves the cache keys of older URLs alone.

        >>> Recipe(dpr=2.0, resize=Resize(width_px=300)).canonical()
        'dpr=2.0 resize.width_px=300'
        """
        return " ".join(sorted(f"{path}={value}" for path, value in _differences("", self, _DEFAULT)))


def _differences(prefix: str, value: object, default: object) -> Iterator[tuple[str, str]]:
    if value == default:
        return
    if is_dataclass(value) and is_dataclass(default):
        for item in fields(value):
            path = f"{prefix}.{item.name}" if prefix else item.name
            yield from _differences(path, getattr(value, item.name), getattr(default, item.name))
    else:
        # repr, so that no text value can look like two fields.
        yield prefix, str(value) if isinstance(value, StrEnum) else repr(value)


_DEFAULT = Recipe()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the URL says about the answer rather than about the picture; not part of a cache key."""

    filename: str | None = None
    attachment: bool = False
    expires_at_s: int | None = None
    """Unix seconds, after which the URL is dead."""


class Scheme(StrEnum):
    """Where a source image may come from."""

    HTTP = "http"
    HTTPS = "https"
    S3 = "s3"
    LOCAL = "local"


_END_OF_AUTHORITY = re.compile(r"[/?#\\]")


@dataclass(frozen=True, slots=True)
class SourceRef:
    """The address of a source image, as the URL names it once decoded."""

    scheme: Scheme
    url: str

    @property
    def host(self) -> str:
        """Host of a web source, bucket of an s3 one, empty for a local one; for logs, so without credentials.

        >>> SourceRef(Scheme.HTTPS, "https://me:secret@img.example.com:8443/a.jpg").host
        'img.example.com:8443'
        """
        return _END_OF_AUTHORITY.split(self.url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]

    @property
    def loggable(self) -> str:
        """The URL without what may be a secret in it: credentials and the query of a web source.

        >>> SourceRef(Scheme.HTTPS, "https://me:secret@img.example.com/a.jpg?X-Amz-Signature=abc").loggable
        'https://img.example.com/a.jpg?-'
        """
        if self.scheme is Scheme.LOCAL:
            return self.url
        before, question, _ = self.url.partition("?")
        path = _END_OF_AUTHORITY.split(before.partition("://")[2], maxsplit=1)[1:]
        return f"{self.scheme}://{self.host}{'/' + path[0] if path else ''}{'?-' if question else ''}"


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One parsed URL, whichever grammar it was written in."""

    source: SourceRef
    recipe: Recipe
    delivery: Delivery = field(default_factory=Delivery)
