"""Whether somebody who has failed is worth asking again."""

import threading
import time
from collections.abc import Callable

_PATIENCE = 3


class Breaker:
    """Lets everybody through until there were failures, then nobody but one after each pause, until that one succeeds.

    A failure that says that nobody is there, or that made somebody wait, opens it
    at once; others only when three come in a row, since one cut connection is no
    dead server.

    Args:
        pause_s: How long nobody is let through.
        clock: Seconds that only grow.
    """

    def __init__(self, pause_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until_s: float | None = None

    @property
    def refuses(self) -> bool:
        """Whether `admits` would say no. Asking changes nothing."""
        until_s = self._open_until_s
        return until_s is not None and self._clock() < until_s

    def admits(self) -> bool:
        """Whether the caller may try now. Said once after a pause, it is not said again for another."""
        with self._lock:
            if self._open_until_s is None:
                return True
            now_s = self._clock()
            if now_s < self._open_until_s:
                return False
            self._open_until_s = now_s + self._pause_s
            return True

    def succeeded(self) -> None:
        """Somebody was answered: all may try."""
        if self._failures:
            with self._lock:
                self._failures, self._open_until_s = 0, None

    def failed(self, at_once: bool) -> None:
        """Somebody was not answered; nobody may try for a pause, *at_once* or when it has been enough."""
        with self._lock:
            self._failures += 1
            if at_once or self._failures >= _PATIENCE or self._open_until_s is not None:
                self._open_until_s = self._clock() + self._pause_s
