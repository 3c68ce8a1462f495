"""What fuzzing begins with: for each target some bytes that get far."""

from collections.abc import Mapping
from typing import Final

from cachetiers.codec import Manifest, encode, encode_manifest
from cachetiers.entry import Entry
from tests import bombs, heic, pictures

_ENTRY = Entry(b"value", 1.0, 2.0, {"media_type": "image/png"}, 3.0, 4.0)
_KEY = "0123456789abcdef"

SEEDS: Final[Mapping[str, list[bytes]]] = {
    "grammars": [b"/signature/rs:fill:30:20/plain/local:///a.jpg@png", b"/resize?url=https://x/a.jpg&width=3"],
    "codec": [
        encode(_KEY, _ENTRY)[:4][3:] + encode(_KEY, _ENTRY)[8:],
        encode_manifest(_KEY, Manifest.of(_ENTRY, "0011223344556677", 2))[3:4]
        + encode_manifest(_KEY, Manifest.of(_ENTRY, "0011223344556677", 2))[8:],
    ],
    "addresses": [
        b"93.184.215.14",
        bytes([8] * 16),
        b"\x20\x02\x7f\0\0\1" + bytes(10),
        b"\x20\1\0\0\1\2\0\x34" + bytes(8),
        b"\x7f\0\0\1",
    ],
    "headers": [
        pictures.png(),
        pictures.jpeg(),
        heic.PLAIN,
        bombs.gif(3),
        bombs.webp(3),
        bombs.tiff(3),
        bombs.tiff(2, big=True, order=">"),
        bombs.text_png(b"iTXt", 1000),
    ],
}
