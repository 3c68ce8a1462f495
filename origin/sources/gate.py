"""One gate per host of sources: those that fail are left alone for a while, those that are slow hold only so many.

Without it every request for a picture of a dead host would wait its whole time,
and the pictures of one slow host would take the place of all others.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from origin.errors import (
    BadRecipe,
    OriginError,
    Overloaded,
    SourceDown,
    SourceForbidden,
    SourceTimeout,
    SourceUnavailable,
)
from origin.recipe import SourceRef
from origin.sources.circuit import Circuit, Patience, Told
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.router import Source

_MOST_HOSTS: Final = 1024
"""Remembered at once, beside those that are being asked; who has been quiet for longest is forgotten first."""


@dataclass(slots=True)
class _Host:
    """What changes about a host: its circuit, and who is there."""

    places: threading.Semaphore
    inside: int = 0
    circuit: Circuit = field(default_factory=Circuit)


class Gate:
    """Fetches from *source*, host by host. What a host's redirects lead to counts as its own.

    Args:
        source: Who fetches.
        patience: With a host that fails.
        places: How many fetches of one host run at once.
        wait_s: How long somebody waits for a place.
        clock: Seconds that only grow.
        tell: Called with a sentence for the operator when a host is given up and when it is back.
    """

    def __init__(
        self,
        source: Source,
        patience: Patience,
        *,
        places: int,
        wait_s: float,
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._patience = patience
        self._places = places
        self._wait_s = wait_s
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def __len__(self) -> int:
        return len(self._hosts)

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        """As the source's own.

        Raises:
            SourceUnavailable: Its host has failed too often to be asked now, or too many are asking it.
            OriginError: As the source.
        """
        name = source.host.lower()
        with self._host(name) as host:
            self._judge(name, host, source)
            if not host.places.acquire(timeout=self._wait_s):
                raise SourceUnavailable(f"{self._places} pictures of {name} are being fetched already")
            try:
                return self._passed(name, host, source, held)
            finally:
                host.places.release()

    @contextmanager
    def _host(self, name: str) -> Iterator[_Host]:
        with self._lock:
            # Taken out and put back: the order is that of the last visits.
            host = self._hosts.pop(name, None) or _Host(threading.Semaphore(self._places))
            self._hosts[name] = host
            host.inside += 1
        try:
            yield host
        finally:
            with self._lock:
                host.inside -= 1
                self._forget(name, host)

    def _forget(self, name: str, host: _Host) -> None:
        if not host.inside and host.circuit == Circuit():
            del self._hosts[name]
        elif len(self._hosts) > _MOST_HOSTS:
            quiet = (name for name, host in self._hosts.items() if not host.inside)
            self._hosts.pop(next(quiet, ""), None)

    def _judge(self, name: str, host: _Host, source: SourceRef) -> None:
        now_s = self._clock()
        if not host.circuit.admits(hash(source.url), now_s, self._patience):
            left_s = host.circuit.left_s(now_s)
            raise SourceUnavailable(f"{name} has failed and is not asked for now", max(1, math.ceil(left_s)))

    def _passed(self, name: str, host: _Host, source: SourceRef, held: Validators) -> SourceImage | None:
        with self._lock:
            # Once more: while we waited it may have failed for those before us.
            self._judge(name, host, source)
            host.circuit = host.circuit.admitted(self._clock())
        told = Told.NOTHING
        try:
            image = self._source.fetch(source, held)
            told = Told.WELL
        except OriginError as error:
            told = told_by(error)
            raise
        finally:
            # Whatever ends it, being killed included: a probe that never came back would keep all others out.
            self._settle(name, host, source, told)
        return image

    def _settle(self, name: str, host: _Host, source: SourceRef, told: Told) -> None:
        with self._lock:
            before = host.circuit
            after = host.circuit = before.after(told, hash(source.url), self._clock(), self._patience)
        if after.until_s is not None and before.until_s is None:
            self._tell(f"{name} has failed {after.failures} times in a row and is left alone for a while")
        elif after.until_s is None and before.until_s is not None:
            self._tell(f"{name} answers again")


def told_by(error: OriginError) -> Told:
    """What *error* says about the host it came from: one that says 404 is well.

    >>> told_by(SourceTimeout("img.example.com was silent for too long"))
    <Told.FAILED: 2>
    """
    if isinstance(error, SourceTimeout | SourceDown):
        return Told.FAILED
    # Ours to refuse: nobody was asked, or somebody else.
    return Told.NOTHING if isinstance(error, SourceForbidden | BadRecipe | Overloaded) else Told.WELL
