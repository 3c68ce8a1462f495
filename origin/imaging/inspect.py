"""What the bytes of a source are, from the bytes themselves, never from a name or a header field."""

from dataclasses import dataclass
from enum import StrEnum

from origin.errors import NotAnImage
from origin.imaging.geometry import Size
from origin.recipe import OutputFormat


class SourceFormat(StrEnum):
    """Formats that can be told from their first bytes and that this service reads."""

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"

    @property
    def web(self) -> OutputFormat | None:
        """The same format for an answer; None when browsers do not show it."""
        return None if self is SourceFormat.TIFF else OutputFormat(self.value)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the header of a source says.

    Args:
        format: Told from the first bytes.
        stored: Size as stored, before the EXIF orientation.
        orientation: EXIF orientation, 1 to 8.
        has_alpha: Whether it has an alpha channel.
    """

    format: SourceFormat
    stored: Size
    orientation: int
    has_alpha: bool

    @property
    def lies_sideways(self) -> bool:
        """Whether upright means a quarter turn."""
        return self.orientation >= 5


def sniff(body: bytes) -> SourceFormat:
    """The format of *body*.

    Raises:
        NotAnImage: None that this service reads.

    >>> sniff(b"GIF89a...")
    <SourceFormat.GIF: 'gif'>
    """
    head = body[:64]
    if head.startswith(b"\xff\xd8\xff"):
        return SourceFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return SourceFormat.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return SourceFormat.GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return SourceFormat.WEBP
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return SourceFormat.TIFF
    if head[4:8] == b"ftyp" and _brands(head) & {b"avif", b"avis"}:
        return SourceFormat.AVIF
    raise NotAnImage("the source is empty" if not body else "the first bytes are of no image format that is read here")


def _brands(head: bytes) -> set[bytes]:
    """The brands in an ISO base media file type box (ISO/IEC 14496-12 section 4.3)."""
    box = head[: int.from_bytes(head[:4], "big")]
    return {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
