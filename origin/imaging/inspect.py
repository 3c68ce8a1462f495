"""What the bytes of a source are, from the bytes themselves, never from a name or a header field."""

import re
from dataclasses import dataclass
from enum import StrEnum

from origin.errors import NotAnImage
from origin.imaging.geometry import Size
from origin.recipe import OutputFormat


class SourceFormat(StrEnum):
    """Formats that can be told from their first bytes; which of them are read is `load.READABLE`."""

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    HEIC = "heic"
    GIF = "gif"
    TIFF = "tiff"
    SVG = "svg"
    BMP = "bmp"
    ICO = "ico"
    JXL = "jxl"
    PDF = "pdf"

    @property
    def web(self) -> OutputFormat | None:
        """The same format for an answer; None when browsers do not show it, or when it has no pixels of its own."""
        return OutputFormat(self.value) if self in _WEB else None


_WEB = frozenset({SourceFormat.JPEG, SourceFormat.PNG, SourceFormat.WEBP, SourceFormat.AVIF, SourceFormat.GIF})


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the header of a source says.

    Args:
        format: Told from the first bytes.
        stored: Size of one page or frame as stored, before the EXIF orientation.
        orientation: EXIF orientation, 1 to 8; 1 where the format's own turning is done by its decoder.
        has_alpha: Whether it has an alpha channel.
        pages: Frames of an animation, pages of a document.
        animated: Whether those pages are frames that follow each other in time.
        pixel_bytes: What one pixel takes in memory once decoded.
    """

    format: SourceFormat
    stored: Size
    orientation: int
    has_alpha: bool
    pages: int = 1
    animated: bool = False
    pixel_bytes: int = 4

    @property
    def lies_sideways(self) -> bool:
        """Whether upright means a quarter turn."""
        return self.orientation >= 5


def sniff(body: bytes) -> SourceFormat:
    """The format of *body*, from its first 8 KiB at the most.

    A format's mark is looked for where the format puts it and nowhere else: a PDF
    with junk before its mark, or a page of HTML with a drawing inside, is neither.

    Raises:
        NotAnImage: None that is known here.

    >>> sniff(b"GIF89a...")
    <SourceFormat.GIF: 'gif'>
    """
    for mark, source_format in _MARKS:
        if body.startswith(mark):
            return source_format
    found = _by_structure(body[:_HEAD_BYTES])
    if found is None:
        told = "the first bytes are of no image format that is read here" if body else "the source is empty"
        raise NotAnImage(told)
    return found


_HEAD_BYTES = 8192
"""Drawings may carry a licence and a document type before their first element; more than this is refused."""

_MARKS = (
    (b"\xff\xd8\xff", SourceFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", SourceFormat.PNG),
    (b"GIF87a", SourceFormat.GIF),
    (b"GIF89a", SourceFormat.GIF),
    (b"II*\x00", SourceFormat.TIFF),
    (b"MM\x00*", SourceFormat.TIFF),
    (b"II+\x00", SourceFormat.TIFF),
    (b"MM\x00+", SourceFormat.TIFF),
    (b"\xff\x0a", SourceFormat.JXL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", SourceFormat.JXL),
    (b"%PDF-", SourceFormat.PDF),
)


def _by_structure(head: bytes) -> SourceFormat | None:
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return SourceFormat.WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if head.startswith(b"BM"):
        return SourceFormat.BMP if _is_bitmap(head) else None
    if head.startswith(b"\x00\x00\x01\x00"):
        return SourceFormat.ICO if _is_icon(head) else None
    return SourceFormat.SVG if _ROOT.match(_as_text(head)) else None


_AV1 = frozenset({b"avif", b"avis"})
_HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_ANY_CODEC = frozenset({b"mif1", b"mif2", b"msf1"})


def _by_brands(head: bytes) -> SourceFormat | None:
    """AVIF or HEIC by the brands in the file type box (ISO/IEC 14496-12 section 4.3; 23008-12 section 10).

    The major brand decides; where it leaves the codec open, the first compatible one that does not.
    """
    box = head[: int.from_bytes(head[:4], "big")]
    brands = [box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))]
    for brand in brands:
        if brand in _AV1:
            return SourceFormat.AVIF
        if brand in _HEVC:
            return SourceFormat.HEIC
    return SourceFormat.HEIC if brands[0] in _ANY_CODEC else None


def _is_bitmap(head: bytes) -> bool:
    """Whether a header of a known size follows, with the one plane that there can be."""
    header_bytes = int.from_bytes(head[14:18], "little")
    planes = head[22:24] if header_bytes == 12 else head[26:28]
    return header_bytes in (12, 40, 52, 56, 64, 108, 124) and planes == b"\x01\x00"


def _is_icon(head: bytes) -> bool:
    """Whether the first entry of the directory points behind the directory. Cursors, of type 2, are no icons."""
    count = int.from_bytes(head[4:6], "little")
    length, start = int.from_bytes(head[14:18], "little"), int.from_bytes(head[18:22], "little")
    return count > 0 and length > 0 and start >= 6 + 16 * count


def _as_text(head: bytes) -> str:
    """The marks of XML are ASCII in every encoding an SVG comes in, except for UTF-16."""
    if head.startswith((b"\xff\xfe", b"<\x00")):
        return head.decode("utf-16-le", "replace").removeprefix("\ufeff")
    if head.startswith((b"\xfe\xff", b"\x00<")):
        return head.decode("utf-16-be", "replace").removeprefix("\ufeff")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


# Nothing but what XML allows before the first element, which has to be svg; possessive, so that it is linear.
_ROOT = re.compile(
    r"""(?: \s | <\?.*?\?> | <!--.*?--> | <!DOCTYPE\s+(?:[\w.-]+:)?svg\b[^<>\[]*+(?:\[.*?\]\s*)?> )*+
        <(?:[\w.-]+:)?svg[\s/>]""",
    re.DOTALL | re.VERBOSE,
)
