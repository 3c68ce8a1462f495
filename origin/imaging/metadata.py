"""What of a source's metadata reaches the answer.

libvips carries metadata beside the pixels through every step and writes, per
saver, the kinds named by ``keep``. So keeping less means two things: naming fewer
kinds, and removing single fields from the header first.

What really arrives, checked against libvips 8.18: JPEG, PNG, WebP and AVIF carry
EXIF, XMP and a colour profile; IPTC only JPEG and TIFF; TIFF no EXIF, GIF nothing.
An EXIF block is always completed with resolution, size and version, all true of
the answer, which makes some 200 bytes.
"""

import pyvips

from origin.errors import TooCostly
from origin.imaging.limits import MOST_METADATA_BYTES
from origin.recipe import Metadata

_BLOCKS = ("icc-profile-data", "exif-data", "xmp-data", "iptc-data", "photoshop-data")
_COPYRIGHT = frozenset({"exif-ifd0-Copyright", "exif-ifd0-Artist"})
_ORIENTATION = frozenset({"orientation", "exif-ifd0-Orientation", "exif-ifd1-Orientation"})


def judge_length(image: pyvips.Image) -> None:
    """Refuse a source that carries far more beside its picture than any picture needs.

    Raises:
        TooCostly: It is more than `MOST_METADATA_BYTES`.
    """
    length = sum(len(image.get(name)) for name in _BLOCKS if image.get_typeof(name))
    if length > MOST_METADATA_BYTES:
        raise TooCostly(f"the source carries {length} bytes beside its picture; at most {MOST_METADATA_BYTES} are read")


def kept(image: pyvips.Image, metadata: Metadata) -> tuple[pyvips.Image, str]:
    """*image* with only such header fields as may be written, and the ``keep`` that its saver takes.

    The orientation always goes: pixels that arrive here lie as they are to be
    shown, and a tag left behind would turn them once more in the viewer.

    Args:
        image: The finished picture. It is not changed; the answer shares its pixels.
        metadata: What the recipe says. A colour profile still on *image* is kept unless
            it is to be stripped: then the pixels are taken to be sRGB already.
    """
    fields = image.get_fields()
    doomed = [field for field in fields if field in _ORIENTATION or _private(field, metadata)]
    if doomed:
        image = image.copy()
        for field in doomed:
            image.remove(field)
    return image, "|".join(_kinds(frozenset(fields), metadata)) or "none"


def _private(field: str, metadata: Metadata) -> bool:
    # The raw block, exif-data, stays although it holds everything: libvips brings it in line with the fields when it
    # writes, and drops tags it has no name for. Without it the texts would be rebuilt from a form that turns
    # "© Müller (Agentur)" into "(C) Muller (Agentur) ((C) Muller".
    thumbnail = field == "jpeg-thumbnail-data"
    return thumbnail or (metadata.strip and field.startswith("exif-ifd") and field not in _COPYRIGHT)


def _kinds(fields: frozenset[str], metadata: Metadata) -> list[str]:
    kinds = []
    if not metadata.strip:
        # Not "other": that is comments and leftovers of decoders.
        kinds += ["exif", "xmp", "iptc"]
    elif metadata.keep_copyright and fields & _COPYRIGHT:
        # Only where there is something to keep, for "exif" alone makes libvips write a block.
        kinds.append("exif")
    if "icc-profile-data" in fields and not metadata.strip_colour_profile:
        kinds.append("icc")
    return kinds
