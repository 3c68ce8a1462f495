"""One maker per key in a whole fleet: who may make an entry, and for how long nobody else should."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

LIFE_S: Final = 3.0
"""How long a lease outlives a holder that died. Living holders renew theirs three times in that."""

_PREFIX = "lease-"


class Claim(StrEnum):
    """What came of asking for a lease."""

    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "unknown"
    """Nobody could be asked; then whoever asks had better make the entry."""


class Locks(Protocol):
    """What a shared tier offers for leases."""

    def add(self, key: str, blob: bytes, expire_s: float) -> bool | None:
        """Keep *blob* if nothing is there; whether it was kept, None when nobody could be asked."""
        ...

    def touch(self, key: str, expire_s: float) -> bool:
        """Let what is under *key* live on."""
        ...

    def delete(self, key: str) -> bool:
        """Forget what is under *key*."""
        ...


class Leases:
    """Leases of this process, renewed for as long as they are held.

    A lease saves work and guards nothing: when it is lost, or given twice, two
    processes make the same entry, and both are right.

    Args:
        locks: Where the fleet keeps them.
        life_s: How long one lives without being renewed.
        clock: Monotonic time in seconds.
    """

    def __init__(self, locks: Locks, life_s: float = LIFE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._locks = locks
        self._life_s = life_s
        self._clock = clock
        self._lock = threading.Lock()
        self._renewed_s: dict[str, float] = {}
        self._renewer: threading.Thread | None = None

    def claim(self, key: str) -> Claim:
        """Ask for the lease of *key*. What is ours must be given back with `release`."""
        added = self._locks.add(_PREFIX + key, b"", self._life_s)
        if added is None:
            return Claim.UNKNOWN
        if not added:
            return Claim.THEIRS
        with self._lock:
            self._renewed_s[key] = self._clock()
            if self._renewer is None:
                self._renewer = threading.Thread(target=self._renew, name="leases", daemon=True)
                self._renewer.start()
        return Claim.OURS

    def release(self, key: str) -> None:
        """Give the lease of *key* back, unless it ended long ago and is somebody else's by now."""
        with self._lock:
            renewed_s = self._renewed_s.pop(key, None)
        if renewed_s is not None and self._clock() - renewed_s < self._life_s:
            self._locks.delete(_PREFIX + key)

    def _renew(self) -> None:
        while True:
            time.sleep(self._life_s / 3)
            with self._lock:
                if not self._renewed_s:
                    self._renewer = None
                    return
                held = list(self._renewed_s)
            for key in held:
                self._renew_one(key)

    def _renew_one(self, key: str) -> None:
        asked_s = self._clock()
        touched = self._locks.touch(_PREFIX + key, self._life_s)
        with self._lock:
            if touched and key in self._renewed_s:
                self._renewed_s[key] = asked_s
