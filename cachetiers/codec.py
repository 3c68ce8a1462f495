"""Entries as bytes, and back: what is written where another process, of another version perhaps, will read it.

A blob is a head (two letters, a version, a kind, the CRC-32 of all the rest),
then what is known about the entry, its key, its facts as JSON, and its value.
It names its own key: an answer meant for somebody else is not taken for ours.
"""

import json
import struct
import zlib
from dataclasses import dataclass, replace
from sys import intern
from typing import Final

from cachetiers.entry import Entry

VERSION: Final = 1
"""Raised whenever older code could misread what newer code writes; each side then misses what the other wrote."""

_MAGIC = b"bb"
_ENTRY, _MANIFEST = 0, 1
_HEAD = struct.Struct(">2sBB")
_CHECK = struct.Struct(">I")
_BODY = struct.Struct(">dddd?HII")  # created_s ttl_s stale_s error_s negative, bytes of key, facts and value
_PIECES = struct.Struct(">16sHQI")  # set_id count size_bytes checksum
_START = _HEAD.size + _CHECK.size


class Corrupt(Exception):
    """Bytes that are not what `encode` made for this key."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An entry whose value lies elsewhere, in pieces.

    Args:
        entry: All of it but the value, which is empty.
        set_id: 16 hex digits that no other set of pieces has.
        count: How many pieces there are.
        size_bytes: Length of the value.
        checksum: CRC-32 of the value.
    """

    entry: Entry
    set_id: str
    count: int
    size_bytes: int
    checksum: int

    @classmethod
    def of(cls, entry: Entry, set_id: str, count: int) -> "Manifest":
        """The manifest of *entry*, whose value will be kept in *count* pieces."""
        return cls(replace(entry, value=b""), set_id, count, len(entry.value), zlib.crc32(entry.value))

    def assemble(self, pieces: list[bytes]) -> Entry:
        """The entry, its value made of *pieces* in order.

        Raises:
            Corrupt: They are not the pieces that were meant.
        """
        value = b"".join(pieces)
        if len(value) != self.size_bytes or zlib.crc32(value) != self.checksum:
            raise Corrupt(f"{len(pieces)} pieces do not make the value of {self.size_bytes} bytes they should")
        return replace(self.entry, value=value)


def encode(key: str, entry: Entry) -> bytes:
    """*entry* as a blob to be kept under *key*."""
    return _seal(_ENTRY, key, entry, entry.value)


def encode_manifest(key: str, manifest: Manifest) -> bytes:
    """*manifest* as a blob to be kept under *key*."""
    pieces = _PIECES.pack(manifest.set_id.encode(), manifest.count, manifest.size_bytes, manifest.checksum)
    return _seal(_MANIFEST, key, manifest.entry, pieces)


def decode(key: str, blob: bytes) -> Entry | Manifest | None:
    """What *blob* holds for *key*; None if another version wrote it. The value is copied once.

    Raises:
        Corrupt: It is cut short, changed, garbage, or some other key's.
    """
    try:
        magic, version, kind = _HEAD.unpack_from(blob)
        if magic == _MAGIC and version != VERSION:
            return None
        (check,) = _CHECK.unpack_from(blob, _HEAD.size)
    except struct.error:
        raise Corrupt(f"{len(blob)} bytes are no blob") from None
    if magic != _MAGIC or check != _checksum(blob):
        raise Corrupt("the bytes are not those that were written")
    try:
        entry = _unpack(key, blob)
        return entry if kind == _ENTRY else _manifest(entry)
    except (struct.error, ValueError, RecursionError) as error:
        raise Corrupt(f"the checksum is right and the content is not: {error}") from None


def _seal(kind: int, key: str, entry: Entry, value: bytes) -> bytes:
    name, facts = key.encode("utf-8", "surrogatepass"), json.dumps(dict(entry.facts)).encode() if entry.facts else b""
    head = _HEAD.pack(_MAGIC, VERSION, kind)
    body = _BODY.pack(
        entry.created_s, entry.ttl_s, entry.stale_s, entry.error_s, entry.negative, len(name), len(facts), len(value)
    )
    about = b"".join((body, name, facts))
    check = zlib.crc32(value, zlib.crc32(about, zlib.crc32(head)))
    return b"".join((head, _CHECK.pack(check), about, value))


def _checksum(blob: bytes) -> int:
    """CRC-32 of *blob* without its own four bytes."""
    view = memoryview(blob)
    return zlib.crc32(view[_START:], zlib.crc32(view[: _HEAD.size]))


def _unpack(key: str, blob: bytes) -> Entry:
    created_s, ttl_s, stale_s, error_s, negative, *sizes = _BODY.unpack_from(blob, _START)
    name_at = _START + _BODY.size
    facts_at = name_at + sizes[0]
    value_at = facts_at + sizes[1]
    if value_at + sizes[2] != len(blob):
        raise ValueError(f"{len(blob)} bytes instead of {value_at + sizes[2]}")
    if blob[name_at:facts_at] != key.encode("utf-8", "surrogatepass"):
        raise ValueError("it belongs to another key")
    facts = json.loads(blob[facts_at:value_at]) if sizes[1] else {}
    if not isinstance(facts, dict):
        raise ValueError(f"facts are a {type(facts).__name__}")  # noqa: TRY004  what is wrong is the bytes
    # The names are the same few in thousands of entries that are then kept in memory.
    facts = {intern(name): text for name, text in facts.items()}
    return Entry(blob[value_at:], created_s, ttl_s, facts, stale_s, error_s, negative)


def _manifest(entry: Entry) -> Manifest:
    set_id, count, size_bytes, checksum = _PIECES.unpack(entry.value)
    return Manifest(replace(entry, value=b""), set_id.decode("ascii"), count, size_bytes, checksum)
