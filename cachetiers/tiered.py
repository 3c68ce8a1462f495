"""A tier in memory in front of one that a fleet shares."""

import threading
import time
from collections.abc import Callable

from cachetiers.entry import Entry
from cachetiers.tier import NearTier, Tier

Spawn = Callable[[Callable[[], None]], None]
"""Starts a call beside the caller and does not wait for it."""


def in_a_thread(call: Callable[[], None]) -> None:
    """A `Spawn` that starts a thread, or what a server on greenlets has put in its place."""
    threading.Thread(target=call, daemon=True).start()


class Tiered:
    """Looks near before it looks far, and keeps in both.

    Args:
        near: Costs nothing to ask.
        far: Costs a round trip; None when there is none.
        spawn: How what need not be waited for is started.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        near: NearTier,
        far: Tier | None = None,
        spawn: Spawn = in_a_thread,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.near = near
        self.far = far
        self.promoted = 0
        """How often an entry found far was kept near."""
        self._spawn = spawn
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """All there are, nearest first."""
        return (self.near,) if self.far is None else (self.near, self.far)

    def look_far(self, key: str, than: Entry | None = None) -> Entry | None:
        """The entry that the fleet has under *key*, now kept near as well; None unless it is newer than *than*."""
        entry = None if self.far is None else self.far.get(key)
        if entry is None or (than is not None and not entry.supersedes(than, self._clock())):
            return None
        with self._lock:
            # While we looked, somebody may have made a newer one and kept it near.
            kept = self.near.peek(key)
            if kept is not None and not entry.supersedes(kept, self._clock()):
                return kept
            self.promoted += self.near.put(key, entry)
        return entry

    def put(self, key: str, entry: Entry, then: Callable[[bool], None] = lambda _: None) -> bool:
        """Keep *entry* near now and far as soon as may be; whether it is kept near.

        Args:
            key: Where.
            entry: What.
            then: Told whether it is kept far, once that is known.
        """
        with self._lock:
            kept = self.near.put(key, entry)
        far = self.far
        if far is None:
            then(False)
            return kept
        try:
            self._spawn(lambda: _put_then(far, key, entry, then))
        except RuntimeError:
            _put_then(far, key, entry, then)  # there is no room for another thread
        return kept


def _put_then(tier: Tier, key: str, entry: Entry, then: Callable[[bool], None]) -> None:
    kept = False
    try:
        kept = tier.put(key, entry)
    finally:
        then(kept)
