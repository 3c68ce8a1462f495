"""What a URL asks for, as frozen values: the one word both grammars and the pixels know.

``grammar`` and ``query`` make these, ``imaging`` carries them out. Nothing here
reads text or touches pixels.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import lru_cache


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
    BEST = "best"
    """Whichever the client reads and comes out smallest; never the format of an answer."""

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
    """Padding the result out to the asked box, or to its ratio; *gravity* says where the picture then lies."""

    enabled: bool = False
    gravity: Gravity = field(default_factory=Gravity)


@dataclass(frozen=True, slots=True)
class Resize:
    """The box and how to meet it. A side of 0 is derived from the other one."""

    type: ResizingType = ResizingType.FIT
    width_px: int = 0
    height_px: int = 0
    min_width_px: int = 0
    """0: none. Raises the scale until it holds, and so does the height's."""
    min_height_px: int = 0
    zoom_x: float = 1.0
    """Multiplies the box."""
    zoom_y: float = 1.0
    enlarge: bool = False
    extend: Extend = field(default_factory=Extend)
    extend_aspect_ratio: Extend = field(default_factory=Extend)


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the upright source to use instead of the whole, cut out before resizing.

    A side of 1 and above is px of the source, below 1 a share of its side, 0 the
    whole side. Without a *gravity* the recipe's own is used.
    """

    width: float = 0.0
    height: float = 0.0
    gravity: Gravity | None = None


@dataclass(frozen=True, slots=True)
class Trim:
    """Cutting off a border of one colour. *threshold* None: none; *colour* None: that of the top left pixel.

    With *equal_horizontal* both sides lose the smaller of the two margins, likewise
    *equal_vertical* above and below.
    """

    threshold: float | None = None
    colour: Colour | None = None
    equal_horizontal: bool = False
    equal_vertical: bool = False


@dataclass(frozen=True, slots=True)
class Padding:
    """Room around the result, in px before the dpr; the result grows by it."""

    top_px: int = 0
    right_px: int = 0
    bottom_px: int = 0
    left_px: int = 0


class UnsharpMode(StrEnum):
    """When to apply an unsharp mask: never, after every scaling down, or always."""

    NONE = "none"
    AUTO = "auto"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Unsharp:
    """An unsharp mask: *weight* is how much, *divider* how strong (smaller is stronger)."""

    mode: UnsharpMode = UnsharpMode.NONE
    weight: float = 1.0
    divider: float = 24.0


@dataclass(frozen=True, slots=True)
class Monochrome:
    """Shades of one colour, mixed in by *intensity*, 0 to 1."""

    intensity: float = 0.0
    colour: Colour = Colour(0xB3, 0xB3, 0xB3)


@dataclass(frozen=True, slots=True)
class Duotone:
    """From one colour in the shadows to another in the lights, mixed in by *intensity*, 0 to 1."""

    intensity: float = 0.0
    dark: Colour = Colour(0, 0, 0)
    light: Colour = Colour(255, 255, 255)


@dataclass(frozen=True, slots=True)
class Effects:
    """What happens to colours and sharpness after scaling. The defaults change nothing."""

    brightness: int = 0
    """-255 to 255, added to every channel."""
    contrast: float = 1.0
    """0 and above, around mid grey."""
    saturation: float = 1.0
    """0 and above; 0 is grey."""
    monochrome: Monochrome = field(default_factory=Monochrome)
    duotone: Duotone = field(default_factory=Duotone)
    blur: float = 0.0
    """Sigma of a Gaussian in px of the result; 0: none."""
    sharpen: float = 0.0
    """Sigma of the mask in px of the result; 0: none."""
    pixelate_px: int = 0
    """Side of the squares in px of the result; 0 and 1: none."""
    unsharp: Unsharp = field(default_factory=Unsharp)


@dataclass(frozen=True, slots=True)
class Watermark:
    """A second picture over the first.

    *opacity* 0: none. *scale* 0 keeps its size, else it is the share of the result
    it fits into. A *tiled* one repeats over the whole result, its gravity's offsets
    being the gaps. *text* or *url* replace the configured picture.
    """

    opacity: float = 0.0
    gravity: Gravity = field(default_factory=Gravity)
    tiled: bool = False
    scale: float = 0.0
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of the source's metadata does not reach the answer."""

    strip: bool = True
    keep_copyright: bool = True
    strip_colour_profile: bool = True
    """True: convert to sRGB and drop the profile. False: keep the numbers and the profile."""


class AutoQualityMethod(StrEnum):
    """What `AutoQuality` aims at."""

    NONE = "none"
    SIZE = "size"
    """*target* bytes at the most."""
    DSSIM = "dssim"
    """*target* structural dissimilarity to the unencoded result at the most."""


@dataclass(frozen=True, slots=True)
class AutoQuality:
    """Looking for the cheapest quality, between *least* and *most*, that reaches the target."""

    method: AutoQualityMethod = AutoQualityMethod.NONE
    target: float | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class JpegOptions:
    """Of the JPEG encoder; None leaves it to the service."""

    progressive: bool | None = None
    no_subsample: bool | None = None
    trellis_quant: bool | None = None
    overshoot_deringing: bool | None = None
    optimize_scans: bool | None = None
    quant_table: int | None = None
    """0 to 8."""


@dataclass(frozen=True, slots=True)
class PngOptions:
    """Of the PNG encoder."""

    interlaced: bool = False
    quantize: bool = False
    quantization_colours: int = 256
    """2 to 256."""


class WebpCompression(StrEnum):
    """How WebP compresses."""

    LOSSY = "lossy"
    NEAR_LOSSLESS = "near_lossless"
    LOSSLESS = "lossless"


class WebpPreset(StrEnum):
    """What kind of picture WebP expects."""

    DEFAULT = "default"
    PICTURE = "picture"
    PHOTO = "photo"
    DRAWING = "drawing"
    ICON = "icon"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class WebpOptions:
    """Of the WebP encoder."""

    compression: WebpCompression = WebpCompression.LOSSY
    smart_subsample: bool = False
    preset: WebpPreset = WebpPreset.DEFAULT


class Subsample(StrEnum):
    """Chroma subsampling: by quality, always, never."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the result is written."""

    quality: int | None = None
    """1 to 100; None leaves it to the service."""
    format_quality: tuple[tuple[OutputFormat, int], ...] = ()
    """Quality by format, in the order of their names; goes before *quality* being None only."""
    autoquality: AutoQuality = field(default_factory=AutoQuality)
    max_bytes: int = 0
    """0: no limit."""
    jpeg: JpegOptions = field(default_factory=JpegOptions)
    png: PngOptions = field(default_factory=PngOptions)
    webp: WebpOptions = field(default_factory=WebpOptions)
    avif_subsample: Subsample = Subsample.AUTO


@dataclass(frozen=True, slots=True)
class Pages:
    """Which pages or frames of the source to use."""

    first: int = 0
    """From 0."""
    count: int = 0
    """0: all frames of an animation, one page of a document. Pages of a document are stacked."""
    animate: bool = True
    """False: the first of them as a still."""
    dpi: float = 0.0
    """Resolution at which a vector source is drawn, and which the result declares; 0: the source's own."""


@dataclass(frozen=True, slots=True)
class Tighter:
    """Limits of this one URL; they can only tighten the service's own. 0: the service's own."""

    source_megapixels: float = 0.0
    source_bytes: int = 0
    frames: int = 0
    result_side_px: int = 0
    """A result above it is scaled down, not refused."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything about a variant but its source and its negotiated format."""

    resize: Resize = field(default_factory=Resize)
    gravity: Gravity = field(default_factory=Gravity)
    crop: Crop = field(default_factory=Crop)
    trim: Trim = field(default_factory=Trim)
    padding: Padding = field(default_factory=Padding)
    dpr: float = 1.0
    auto_rotate: bool = True
    rotate: int = 0
    """Clockwise after EXIF: 0, 90, 180 or 270."""
    flip_horizontal: bool = False
    flip_vertical: bool = False
    background: Colour | None = None
    effects: Effects = field(default_factory=Effects)
    watermark: Watermark = field(default_factory=Watermark)
    metadata: Metadata = field(default_factory=Metadata)
    encoding: Encoding = field(default_factory=Encoding)
    pages: Pages = field(default_factory=Pages)
    format: OutputFormat | None = None
    """None: negotiate, else the source's own."""
    skip_processing: tuple[OutputFormat, ...] = ()
    """Sources of these formats pass through as they are, if that is also the format of the answer."""
    raw: bool = False
    """The source as it is."""
    tighter: Tighter = field(default_factory=Tighter)
    cachebuster: str = ""

    def canonical(self) -> str:
        """The recipe as text: equal recipes give equal text, different ones different text.

        Only what differs from the default is spelled, so that an option added to
        the language later leaves the cache keys of older URLs alone.

        >>> Recipe(dpr=2.0, resize=Resize(width_px=300)).canonical()
        'dpr=2.0 resize.width_px=300'
        """
        return _canonical(self)


@lru_cache(maxsize=256)  # asked for twice with every request, and a site asks for the same few
def _canonical(recipe: Recipe) -> str:
    return " ".join(sorted(f"{path}={value}" for path, value in _differences("", recipe, _DEFAULT)))


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
_QUERY = re.compile(r"[?#]")
_AT = re.compile(r"@|\uff20|\ufe6b|%(?:25)*40")
_PLAIN_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PLAIN_PATH = re.compile(r"(?:[\w.~!'()*+,/ -]|%(?:20|[89A-Fa-f][0-9A-Fa-f]))*(?:@[1-9]x\.[a-z]{3,4})?")
"""Letters, what separates words, and escapes of either; at the end what names a picture for dense displays."""


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
    def has_plain_host(self) -> bool:
        """Whether the host is a name or an address; in what is neither there may be half a password."""
        return _PLAIN_HOST.fullmatch(self.host) is not None

    @property
    def loggable(self) -> str:
        """The URL without what may be a secret in it: credentials and the query of a web source.

        Host and path are told as far as they are plain. An ``@`` in the path, in whatever
        spelling, may end a password with a slash in it; then even the port may be a part of that.

        >>> SourceRef(Scheme.HTTPS, "https://me:secret@img.example.com/a.jpg?X-Amz-Signature=abc").loggable
        'https://img.example.com/a.jpg?-'
        >>> SourceRef(Scheme.HTTPS, "https://img.example.com/a.jpg&token=abc").loggable
        'https://img.example.com/-'
        >>> SourceRef(Scheme.HTTPS, "https://me:12/secret@img.example.com/a.jpg").loggable
        'https://-'
        """
        if self.scheme is Scheme.LOCAL:
            return self.url
        address, *query = _QUERY.split(self.url.partition("://")[2], maxsplit=1)
        authority, slash, path = address.partition("/")
        late = _AT.search("".join([path, *query])) is not None
        if not self.has_plain_host or "\\" in authority or (late and ":" in self.host):
            return f"{self.scheme}://-"
        return (
            f"{self.scheme}://{self.host}{slash}{path if _PLAIN_PATH.fullmatch(path) else '-'}{'?-' if query else ''}"
        )


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One parsed URL, whichever grammar it was written in."""

    source: SourceRef
    recipe: Recipe
    delivery: Delivery = field(default_factory=Delivery)
    fallback: SourceRef | None = None
    """Used when *source* fails."""
