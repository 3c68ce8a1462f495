"""Where a host lives, found out beside whoever asks: a name server that is slow costs nobody more than their wait."""

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

_GOOD_FOR_S = 10.0
_NAME = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/|]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a host: what `socket.socket` and `connect` take."""

    family: int
    sockaddr: tuple[str | int | bytes, ...]


def parse_name(name: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[address]:port``.

    Raises:
        ValueError: It is neither.

    >>> parse_name("[::1]:11211"), parse_name("cache.internal:11211")
    (('::1', 11211), ('cache.internal', 11211))
    """
    found = _NAME.fullmatch(name)
    if found is None or not 0 < int(found[3]) < 65536:
        raise ValueError(f"{name!r} is not host:port")
    return found[1] or found[2], int(found[3])


def getaddrinfo(host: str, port: int) -> tuple[Address, ...]:
    """All addresses of *host*, however long that takes.

    Raises:
        OSError: There are none, or nobody could say.
    """
    # Named through the module, so that a server on greenlets has it patched however early this was imported.
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(Address(family, sockaddr) for family, _, _, _, sockaddr in found)


class Lookup:
    """The addresses of one host, asked for again in the background when they are older than ten seconds.

    What was known last stays known while nobody can say anything newer.

    Args:
        host: A name, or an address, which is not looked up.
        port: The TCP port.
        resolve: Blocks until it knows.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        host: str,
        port: int,
        resolve: Callable[[str, int], tuple[Address, ...]] = getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host, self._port, self._resolve, self._clock = host, port, resolve, clock
        self._lock = threading.Lock()
        self._known: tuple[Address, ...] = ()
        self._due_s = clock()
        self._pending: threading.Event | None = None
        if _is_literal(host):
            self._known, self._due_s = getaddrinfo(host, port), float("inf")

    def addresses(self, wait_s: float) -> tuple[Address, ...]:
        """What is known, waiting up to *wait_s* if nothing is.

        Raises:
            OSError: Nothing is known yet.
        """
        pending = self._start_if_due()
        if not self._known and pending is not None:
            pending.wait(wait_s)
        if not self._known:
            raise OSError(f"no address is known for {self._host}")
        return self._known

    def _start_if_due(self) -> threading.Event | None:
        with self._lock:
            if self._pending is not None or self._clock() < self._due_s:
                return self._pending
            self._pending = pending = threading.Event()
        try:
            threading.Thread(target=self._run, args=(pending,), daemon=True).start()
        except BaseException as error:
            self._pending = None
            if isinstance(error, RuntimeError):
                raise OSError(f"{self._host} cannot be looked up: {error}") from None
            raise
        return pending

    def _run(self, pending: threading.Event) -> None:
        found: tuple[Address, ...] = ()
        try:
            found = self._resolve(self._host, self._port)
        except (OSError, UnicodeError):
            pass  # whoever waits is told that nothing is known
        finally:
            with self._lock:
                self._pending, self._due_s = None, self._clock() + _GOOD_FOR_S
                self._known = found or self._known
            pending.set()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
