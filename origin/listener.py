"""Where connections come in: as many as there is room for, and when it closes, nobody is left outside half-way.

Linux resets whoever is connected and not yet accepted when the last descriptor of a
listening socket is closed, with whatever they have asked by then.
"""

import ctypes
import os
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gevent.server import StreamServer

from origin.errors import EXHAUSTED
from origin.telemetry.logs import LOGGER

_TELL_EVERY_S = 10.0
_SO_ATTACH_FILTER = 26
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A program for the packet filter: return 0, which keeps nothing (socket(7), linux/filter.h)."""


class Exhausted(Exception):
    """There is no file or no memory left for another connection; gevent waits a moment before it tries again."""


class Listener(StreamServer):  # type: ignore[misc]  # gevent is untyped
    """Accepts connections, and when there is nothing left to accept them with, makes room and says so."""

    make_room: Callable[[], None]
    """Ends connections that say nothing; set before it starts."""
    _told_s = -_TELL_EVERY_S

    def do_read(self) -> Any:
        """The next connection and its address; None if nobody waits.

        Raises:
            Exhausted: There is no descriptor for it, or no memory.
        """
        try:
            return super().do_read()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self.make_room()
            if time.monotonic() - self._told_s > _TELL_EVERY_S:
                self._told_s = time.monotonic()
                LOGGER.error("connections cannot be accepted: %s; %d are open", error.strerror, len(self.pool))
            raise Exhausted from None

    def close_when_empty(self) -> None:
        """Take over whoever is connected already, and listen no more."""
        if not _somebody_goes_on(self.socket):
            _turn_newcomers_away(self.socket)
        with suppress(Exhausted):
            while not self.full() and (connection := self.do_read()):
                self.do_handle(*connection)
        self.close()


def _somebody_goes_on(sock: socket.socket) -> bool:
    """Whether the process that started this one still listens, too: it stops one worker of several, and not all.

    Then closing resets nobody, and what is done to the socket would be done to the other workers.
    """
    ours = os.fstat(sock.fileno())
    try:
        entries = list(Path(f"/proc/{os.getppid()}/fd").iterdir())
    except OSError:
        return True
    for entry in entries:
        with suppress(OSError):
            if os.path.samestat(entry.stat(), ours):
                return True
    return False


def _turn_newcomers_away(sock: socket.socket) -> None:
    """Have the kernel drop whatever asks for a new connection: it asks again in a second, and is refused then.

    Without it somebody would come between the last accept and the close, and be reset.
    """
    program = ctypes.create_string_buffer(_DROP_ALL, len(_DROP_ALL))
    # Sandboxes without packet filters have that moment.
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
