"""What was purged when, as a value that processes can exchange in any order and still agree on."""

import hashlib
import random
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

BUCKETS: Final = 65_536
"""Names are purged by the bucket they fall into, so that what is remembered has a bound and nothing of it need ever be
forgotten: a forgotten purge would bring back what it hid. A purge also hits one other name in so many, in vain."""

_HEADER = struct.Struct(">4sI")
_RECORD = struct.Struct(">HQ")
_MAGIC = b"bbg2"
_CHANCE_BITS = 16

Records = Mapping[int, int]
"""Bucket -> stamp of the last purge in it: milliseconds since 1970 above sixteen random bits."""


class BadRecords(ValueError):
    """Bytes that are not what `encode` makes."""


def merged(ours: Records, theirs: Records) -> Records:
    """All that either side knows: the later purge of each bucket; *ours* itself if *theirs* adds nothing.

    In whatever order, and however often, sides are merged, they end up the same
    (a map of maxima is a state-based CRDT).

    >>> merged({1: 1, 2: 5}, {1: 3})
    {1: 3, 2: 5}
    """
    news = {bucket: stamp for bucket, stamp in theirs.items() if stamp > ours.get(bucket, -1)}
    return {**ours, **news} if news else ours


def encode(records: Records) -> bytes:
    """*records* as bytes: ten for each, so all there can be fit into one item of memcached; in order."""
    body = b"".join(_RECORD.pack(bucket, stamp) for bucket, stamp in sorted(records.items()))
    return _HEADER.pack(_MAGIC, zlib.crc32(body)) + body


def decode(blob: bytes) -> Records:
    """The inverse of `encode`.

    Raises:
        BadRecords: They are somebody else's, or damaged.
    """
    body = blob[_HEADER.size :]
    if len(blob) < _HEADER.size or len(body) % _RECORD.size:
        raise BadRecords(f"{len(blob)} bytes are no records of generations")
    if _HEADER.unpack_from(blob) != (_MAGIC, zlib.crc32(body)):
        raise BadRecords("the bytes are not those that were written")
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
        self._records: Records = {}

    def __bool__(self) -> bool:
        return bool(self._records)

    def of(self, names: Iterable[str]) -> str:
        """The generation of something that goes by all of *names*; empty when none of them was purged."""
        records = self._records
        if not records:
            return ""
        stamps = (records.get(_bucket(name)) for name in names)
        return ".".join(f"{stamp:x}" for stamp in stamps if stamp is not None)

    def purge(self, name: str) -> None:
        """Begin a new generation of *name*."""
        bucket = _bucket(name)
        now = int(max(0.0, self._clock()) * 1000) << _CHANCE_BITS | random.getrandbits(_CHANCE_BITS)
        with self._lock:
            # Later than any purge that we know of, even one by a host whose clock is ahead.
            self._records = {**self._records, bucket: max(now, self._records.get(bucket, 0) + 1)}

    def learn(self, theirs: Records) -> None:
        """Take over what another process knows."""
        with self._lock:
            self._records = merged(self._records, theirs)

    def records(self) -> Records:
        """Everything known, another object whenever it is something else; not to be changed."""
        return self._records


def _bucket(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS
