"""The places of one worker: who has one, and who of those that say nothing gives way to a newcomer.

A connection that was answered may stay for longer than a minute. If those had to
end by themselves, nobody could come in once all places had been taken, not even
whoever asks for /health.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import gevent

from origin.clientsocket import ClientSocket
from origin.concurrency import breathe

STANDING: Final = 32
"""Connections beyond the places, for whoever finds nobody idle. Each gets one answer, for which nothing is made. When
half of them are there, the one whose request has not come for the longest time goes."""

_SETTLE_S = 1.0
"""Who has just connected is about to say something."""
_LOOK_AT = 16
"""So many of those who waited longest are asked whether they have just said something; each costs a system call."""


class Wait(gevent.Timeout):  # type: ignore[misc]  # gevent is untyped
    """A silent time-out that others know of while a connection is under it."""

    def __init__(self, seconds: float, client: ClientSocket, among: dict["Wait", None]) -> None:
        super().__init__(seconds, False)
        self.client = client
        self.greenlet = gevent.getcurrent()
        self.since_s = time.monotonic()
        # In the order in which they began to wait.
        self._among = among

    @property
    def is_settled(self) -> bool:
        """Whether the client has had time to send a request."""
        return self.client.was_served or time.monotonic() - self.since_s > _SETTLE_S

    @property
    def is_silent(self) -> bool:
        """Whether it had time, and nothing has come."""
        return self.is_settled and not self.client.has_begun

    def end(self) -> None:
        """Hang up. Only in the hub: between a look at it and this no connection can turn busy there."""
        self.greenlet.throw(self)

    def __enter__(self) -> "Wait":
        self._among[self] = None
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        self._among.pop(self, None)
        silenced: bool | None = super().__exit__(*error)
        return silenced


class Places:
    """Gives places to connections, each of which is a greenlet.

    Args:
        number: How many there are.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._placed: set[gevent.Greenlet] = set()
        self._standing: set[gevent.Greenlet] = set()
        self._idle: dict[Wait, None] = {}
        self._idle_standing: dict[Wait, None] = {}

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for the connection that is served in this block, if there is one or somebody gives way."""
        here = gevent.getcurrent()
        if len(self._placed) >= self._number:
            self.make_room(1)
            breathe()
        taken = self._placed if len(self._placed) < self._number else self._standing
        taken.add(here)
        if len(self._standing) > STANDING // 2:
            _in_the_hub(self._end_longest_standing)
        try:
            yield
        finally:
            taken.remove(here)

    def is_standing(self) -> bool:
        """Whether there was no place for the connection that this is called for."""
        return gevent.getcurrent() in self._standing

    def wait(self, seconds: float, client: ClientSocket) -> Wait:
        """The time for which *client*, served here, may wait for its next request."""
        return Wait(seconds, client, self._idle_standing if self.is_standing() else self._idle)

    def make_room(self, connections: int) -> None:
        """Soon hang up on those who have had nothing to say for the longest time."""
        _in_the_hub(lambda: _end_longest(self._idle, connections))

    def end_silent(self) -> None:
        """Soon hang up on all who have nothing to say."""
        _in_the_hub(self._end_silent)

    def _end_longest_standing(self) -> None:
        for wait in list(islice(self._idle_standing, 1)):
            wait.end()

    def _end_silent(self) -> None:
        for wait in [*self._idle, *self._idle_standing]:
            if wait.is_silent:
                wait.end()


def _in_the_hub(call: Callable[[], object]) -> None:
    gevent.get_hub().loop.run_callback(call)


def _end_longest(idle: dict[Wait, None], connections: int) -> None:
    for _ in range(connections):
        longest = [wait for wait in islice(idle, _LOOK_AT) if wait.is_settled]
        if not longest:
            return
        # If none of them is silent, they are slow: the slowest goes.
        next((wait for wait in longest if wait.is_silent), longest[0]).end()
