"""A tier that many processes share, in memcached; whatever is wrong there, it is a miss here."""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

from cachetiers.codec import Corrupt, Manifest, decode, encode, encode_manifest
from cachetiers.entry import Entry, Freshness
from cachetiers.servers import ITEM_BYTES, MemcachedServers
from cachetiers.stats import TierStats

LARGEST_BYTES: Final = 16 * 1024 * 1024
"""Values above are not kept: so many pieces take longer to collect than most pictures take to make."""


class MemcachedTier:
    """Keeps entries in memcached until they die or others need the room.

    A value above `ITEM_BYTES` is kept in pieces, under keys that only the manifest
    names. They are written before it and each set of pieces has keys of its own,
    so what a reader collects is of one writing or incomplete, and then a miss.

    Args:
        servers: Where; shared with whatever else is kept there.
        clock: Unix time in seconds.
        largest_bytes: Values above are not kept.
    """

    name = "memcached"

    def __init__(
        self, servers: MemcachedServers, clock: Callable[[], float] = time.time, largest_bytes: int = LARGEST_BYTES
    ) -> None:
        self._servers = servers
        self._clock = clock
        self._largest_bytes = largest_bytes
        self._lock = threading.Lock()
        self.stats = TierStats()

    def get(self, key: str) -> Entry | None:
        """The entry under *key*, or None; one that is corrupt is deleted."""
        entry = self._find(key)
        if entry is not None and entry.freshness(self._clock()) is Freshness.DEAD:
            self._count(expired=1)
            entry = None
        if entry is None:
            self._count(misses=1)
            return None
        self._count(hits=1, bytes_read=len(entry.value))
        return entry

    def put(self, key: str, entry: Entry) -> bool:
        """Keep *entry* until it is dead; whether it was kept."""
        now_s = self._clock()
        if entry.freshness(now_s) is Freshness.DEAD:
            return False
        if len(entry.value) > self._largest_bytes:
            self._count(too_large=1)
            self.delete(key)  # what it was to replace is out of date
            return False
        kept = self._keep(key, entry, entry.created_s + entry.life_s - now_s)
        if kept:
            self._count(stored=1, bytes_stored=len(entry.value))
        return kept

    def delete(self, key: str) -> None:
        """Forget what is under *key*, if anything."""
        self._servers.delete(key, self.stats)

    def _find(self, key: str) -> Entry | None:
        blob = self._servers.get(key, self.stats)
        if blob is None:
            return None
        try:
            found = decode(key, blob)
            return self._collect(found) if isinstance(found, Manifest) else found
        except Corrupt:
            self._count(corrupt=1)
            self.delete(key)
            return None

    def _collect(self, manifest: Manifest) -> Entry | None:
        until_s = time.monotonic() + self._servers.timeout_s
        pieces = []
        for number in range(manifest.count):
            piece = self._servers.get(_piece_key(manifest.set_id, number), self.stats)
            if piece is None:
                return None
            pieces.append(piece)
            # Each piece has a time-out of its own; together they may take one, and what the last of them takes.
            if time.monotonic() > until_s and len(pieces) < manifest.count:
                self._count(skipped=1)
                return None
        return manifest.assemble(pieces)

    def _keep(self, key: str, entry: Entry, life_s: float) -> bool:
        # What is too large for one item anyway is not copied to find that out.
        blob = encode(key, entry) if len(entry.value) < ITEM_BYTES else b""
        if 0 < len(blob) <= ITEM_BYTES:
            return self._servers.set(key, blob, life_s, self.stats)
        pieces = range(0, len(entry.value), ITEM_BYTES)
        manifest = Manifest.of(entry, secrets.token_hex(8), len(pieces))
        for number, start in enumerate(pieces):
            piece = entry.value[start : start + ITEM_BYTES]
            if not self._servers.set(_piece_key(manifest.set_id, number), piece, life_s, self.stats):
                return False
        return self._servers.set(key, encode_manifest(key, manifest), life_s, self.stats)

    def _count(self, **counts: int) -> None:
        with self._lock:
            for name, count in counts.items():
                setattr(self.stats, name, getattr(self.stats, name) + count)


def _piece_key(set_id: str, number: int) -> str:
    return f"{set_id}-{number}"
