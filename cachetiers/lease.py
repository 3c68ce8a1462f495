"""One maker per key in a whole fleet: who may make an entry, and for how long nobody else should."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

LIFE_S: Final = 3.0
"""How long a lease outlives a holder that died. Living holders renew theirs three times in that."""

_PREFIX = "lease-"
_HELD, _FAILED = b"held", b"failed"


class Claim(StrEnum):
    """What came of asking for a lease."""

    OURS = "ours"
    THEIRS = "theirs"
    FAILED = "failed"
    """Its holder has just failed, or could not share what it made. Then all make their own: behind a source that hangs,
    those who try in turn would otherwise form a queue."""
    NONE = "none"
    """Nobody could be asked, or the answers make no sense."""


_CLAIMS: Final = {_HELD: Claim.THEIRS, _FAILED: Claim.FAILED}


class Locks(Protocol):
    """What a shared tier offers for leases. Nothing raises."""

    def get(self, key: str) -> bytes | None:
        """What is under *key*, as far as can be known."""
        ...

    def set(self, key: str, blob: bytes, expire_s: float) -> bool:
        """Keep *blob*, whatever is there."""
        ...

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
        self._is_renewing = False

    def claim(self, key: str) -> Claim:
        """Ask for the lease of *key*. What is ours must be given back with `release`."""
        added = self._locks.add(_PREFIX + key, _HELD, self._life_s)
        if added is None:
            return Claim.NONE
        if not added:
            # Neither ours nor anybody's: given back just now, or kept by a server that keeps nothing.
            return _CLAIMS.get(self._locks.get(_PREFIX + key) or b"", Claim.NONE)
        with self._lock:
            self._renewed_s[key] = self._clock()
        self._see_to_renewing()
        return Claim.OURS

    def release(self, key: str, *, failed: bool) -> None:
        """Give the lease of *key* back, unless it ended long ago and is somebody else's by now.

        Args:
            key: Of what was made, or was not.
            failed: Whether nobody else can have it, so that those who wait do not wait for one another in turn.
        """
        with self._lock:
            renewed_s = self._renewed_s.pop(key, None)
        if renewed_s is None or self._clock() - renewed_s >= self._life_s:
            return
        if failed:
            self._locks.set(_PREFIX + key, _FAILED, self._life_s)
        else:
            self._locks.delete(_PREFIX + key)

    def _see_to_renewing(self) -> None:
        with self._lock:
            if self._is_renewing:
                return
            self._is_renewing = True
        try:
            threading.Thread(target=self._renew, name="leases", daemon=True).start()
        except BaseException as error:
            # Not renewed, a lease ends early, and somebody makes the same entry a second time.
            self._is_renewing = False
            if not isinstance(error, RuntimeError):
                raise

    def _renew(self) -> None:
        while True:
            time.sleep(self._life_s / 3)
            with self._lock:
                held = list(self._renewed_s)
                if not held:
                    self._is_renewing = False
                    return
            for key in held:
                self._renew_one(key)

    def _renew_one(self, key: str) -> None:
        asked_s = self._clock()
        touched = self._locks.touch(_PREFIX + key, self._life_s)
        with self._lock:
            if touched and key in self._renewed_s:
                self._renewed_s[key] = asked_s
