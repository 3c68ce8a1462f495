"""What was purged when, as a value that processes can exchange in any order and still agree on."""

import hashlib
import random
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

KEEP_S: Final = 30 * 86400.0
"""How long a purge is remembered: longer than anything it might still have to hide."""

_MOST = 20_000
_NAME_BYTES = 16
_HEADER = struct.Struct(">4sII")
_RECORD = struct.Struct(f">{_NAME_BYTES}sQ")
_MAGIC = b"bbg1"
_CHANCE_BITS = 16

Records = Mapping[bytes, int]
"""Digest of a name -> stamp of its last purge: milliseconds since 1970 above sixteen random bits."""


class BadRecords(ValueError):
    """Bytes that are not what `encode` makes."""


def merged(ours: Records, theirs: Records, oldest: int = 0, most: int = _MOST) -> dict[bytes, int]:
    """All that either side knows, the later purge of each name, without what is older than stamp *oldest*.

    In whatever order, and however often, sides are merged, they end up the same
    (a grow-only map of maxima is a state-based CRDT).

    >>> merged({b"a": 1, b"b": 5}, {b"a": 3}, oldest=2)
    {b'a': 3, b'b': 5}
    """
    both = dict(ours)
    for name, stamp in theirs.items():
        both[name] = max(stamp, both.get(name, 0))
    kept = sorted((item for item in both.items() if item[1] >= oldest), key=lambda item: (-item[1], item[0]))
    return dict(sorted(kept[:most]))


def encode(records: Records) -> bytes:
    """*records* as bytes: 24 for each, so the most that are kept fit into one memcached item."""
    body = b"".join(_RECORD.pack(name, stamp) for name, stamp in sorted(records.items()))
    return _HEADER.pack(_MAGIC, len(records), zlib.crc32(body)) + body


def decode(blob: bytes) -> dict[bytes, int]:
    """The inverse of `encode`.

    Raises:
        BadRecords: They are somebody else's, or damaged.
    """
    if len(blob) < _HEADER.size:
        raise BadRecords("too short")
    magic, count, checksum = _HEADER.unpack_from(blob)
    body = blob[_HEADER.size :]
    if magic != _MAGIC or len(body) != count * _RECORD.size or zlib.crc32(body) != checksum:
        raise BadRecords("not the records of generations")
    return dict(_RECORD.iter_unpack(body))


class Generations:
    """The generation of every name: a text that changes when the name is purged.

    Put it into a cache key, and whatever was kept under the key before is never
    found again, in any tier. A name that was never purged has none, so that
    nothing is paid for what nobody purges.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[bytes, int] = {}

    def __bool__(self) -> bool:
        return bool(self._records)

    def of(self, names: Iterable[str]) -> str:
        """The generation of something that goes by all of *names*; empty when none of them was purged."""
        records = self._records
        if not records:
            return ""
        stamps = (records.get(_digest(name)) for name in names)
        return ".".join(f"{stamp:x}" for stamp in stamps if stamp is not None)

    def purge(self, name: str) -> None:
        """Begin a new generation of *name*."""
        key = _digest(name)
        with self._lock:
            # Later than any purge of it that we know of, even one by a host whose clock is ahead.
            stamp = max(self._stamp(self._clock()) | random.getrandbits(_CHANCE_BITS), self._records.get(key, 0) + 1)
            self._records = merged(self._records, {key: stamp})

    def learn(self, theirs: Records) -> None:
        """Take over what another process knows."""
        oldest = self._stamp(self._clock() - KEEP_S)
        with self._lock:
            self._records = merged(self._records, theirs, oldest)

    def records(self) -> Records:
        """Everything known, not to be changed."""
        return self._records

    @staticmethod
    def _stamp(time_s: float) -> int:
        return max(0, int(time_s * 1000)) << _CHANCE_BITS


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_NAME_BYTES).digest()
