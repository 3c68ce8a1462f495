"""Where hosts are, asked of a name server that may be slow, or a stranger's.

Whoever looks a name up holds a thread for as long as the name server likes. So
there are only so many threads, nobody waits for one longer than for a connection,
and hosts in use do not need one: what was known last serves while they are all taken.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cachetiers.coalesce import Flights, FollowerTimeout
from origin.concurrency import Deadline, Offload

Found = list[tuple[Any, ...]]
"""What `socket.getaddrinfo` returns."""

LookUp = Callable[[str, int, int], Found]
"""Host, port and flags, as `socket.getaddrinfo` takes them; blocks until it knows."""

RES_OPTIONS: Final = "timeout:1 attempts:2"
"""For the environment variable of that name (resolv.conf(5)): a name server that is silent is given up on in seconds
rather than half a minute, and its thread is free for other names."""

_FRESH_S: Final = 10.0
_LAST_RESORT_S: Final = 3600.0
"""How old an answer may be that serves because there is no newer one in time."""

_GRACE_S: Final = 0.2
"""What a newer answer may take where an old one would do."""

_MOST_HOSTS: Final = 1024


@dataclass(frozen=True, slots=True)
class _Known:
    found: Found
    at_s: float


class Resolver:
    """Looks hosts up in threads, one question per host at a time, and remembers good answers.

    Whether an address may be called is for the caller to judge, each time: an
    answer is used again, the judgement over it never.

    Args:
        look_up: Asks.
        offload: Runs it in one of some threads, which are for nothing else.
        deadline: Bounds the wait for a thread and an answer.
        wait_s: How long that is.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        look_up: LookUp,
        offload: Offload[Found],
        deadline: Deadline,
        wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = look_up
        self._offload = offload
        self._deadline = deadline
        self._wait_s = wait_s
        self._clock = clock
        self._flights: Flights[Found] = Flights(wait_s)
        self._known: dict[tuple[str, int], _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, host: str, port: int) -> Found:
        """The addresses of *host*.

        Raises:
            TimeoutError: Nobody could say in time.
            OSError: There are none.
            UnicodeError: It is no name.
        """
        try:
            # What is an address already, in any spelling, asks nobody and needs no thread.
            return self._look_up(host, port, socket.AI_NUMERICHOST)
        except socket.gaierror:
            return self._named(host.lower(), port)

    def _named(self, host: str, port: int) -> Found:
        known = self._known.get((host, port))
        age_s = self._clock() - known.at_s if known else float("inf")
        if known and age_s < _FRESH_S:
            return known.found
        stands_in = known if age_s < _LAST_RESORT_S else None
        wait_s = min(self._wait_s, _GRACE_S) if stands_in else self._wait_s
        try:
            found, _ = self._flights.run(f"{host} {port}", lambda: self._asked(host, port, wait_s))
        except (TimeoutError, FollowerTimeout):
            if stands_in is None:
                raise TimeoutError(f"{host} could not be looked up within {wait_s:g} s") from None
            return stands_in.found
        return found

    def _asked(self, host: str, port: int, wait_s: float) -> Found:
        with self._deadline(wait_s, TimeoutError()):
            found = self._offload(lambda: self._look_up(host, port, 0))
        self._known.pop((host, port), None)
        self._known[host, port] = _Known(found, self._clock())
        if len(self._known) > _MOST_HOSTS:
            # The one whose answer is oldest.
            del self._known[next(iter(self._known))]
        return found
