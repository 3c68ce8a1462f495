"""What a PNG carries beside its pixels; text and profiles are compressed, and the decoder would unpack them all."""

import zlib

from origin.errors import TooCostly
from origin.imaging.limits import MOST_METADATA_BYTES

_SIGNATURE_BYTES = 8
_AROUND_BYTES = 12
"""Length, kind and checksum of a chunk."""
_MOST_CHUNKS = 65_536
"""A source of the usual largest size needs 6,400 for its pixels."""
_PIECE_BYTES = 1024 * 1024
_TOLD = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf"})


def judge(body: bytes) -> None:
    """Follow the chunks of *body* and unpack what they tell, as far as it may go (PNG 3rd edition, section 11.3).

    What cannot be read here is the decoder's business.

    Raises:
        TooCostly: Text and profiles unpack to more than `MOST_METADATA_BYTES`, or there are too many chunks.
    """
    at, chunks, room = _SIGNATURE_BYTES, 0, MOST_METADATA_BYTES
    while at + _AROUND_BYTES <= len(body):
        length, kind = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8]
        chunks += 1
        if kind in _TOLD:
            room -= _unpacked_bytes(kind, body[at + 8 : at + 8 + length], room)
        if room < 0 or chunks > _MOST_CHUNKS:
            raise TooCostly(f"the PNG carries more than {MOST_METADATA_BYTES} bytes of text, or {_MOST_CHUNKS} chunks")
        at += _AROUND_BYTES + length


def _unpacked_bytes(kind: bytes, data: bytes, room: int) -> int:
    """How long *data* is once unpacked, as far as that is needed to know whether it is longer than *room*."""
    packed = _packed(kind, data)
    if not packed:
        return len(data)
    unpacker, length = zlib.decompressobj(), 0
    try:
        # Piece by piece: it is counted, not kept.
        while length <= room and (piece := unpacker.decompress(packed, _PIECE_BYTES)):
            length, packed = length + len(piece), unpacker.unconsumed_tail
    except zlib.error:
        return len(data)
    return length


def _packed(kind: bytes, data: bytes) -> bytes:
    """The compressed part of *data*; empty if there is none."""
    _, _, rest = data.partition(b"\0")
    if kind in (b"zTXt", b"iCCP"):
        return rest[1:]
    if kind == b"iTXt" and rest[:1] == b"\1":
        return rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return b""
