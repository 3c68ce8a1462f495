"""What untouched sources are called in HTTP."""

from typing import Final

from origin.imaging.inspect import SourceFormat

UNKNOWN_MEDIA_TYPE: Final = "application/octet-stream"
"""Of what is no picture we know."""

_ODD = {
    SourceFormat.JPEG: "image/jpeg",
    SourceFormat.SVG: "image/svg+xml",
    SourceFormat.ICO: "image/vnd.microsoft.icon",
    SourceFormat.PDF: "application/pdf",
}


def media_type_of(source_format: SourceFormat) -> str:
    """The media type of a source.

    >>> media_type_of(SourceFormat.PNG), media_type_of(SourceFormat.JPEG)
    ('image/png', 'image/jpeg')
    """
    return _ODD.get(source_format, f"image/{source_format}")
