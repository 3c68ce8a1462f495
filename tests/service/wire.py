"""What goes over the wire, byte by byte, for requests that no client library would send."""

import contextlib
import re
import socket
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Heard:
    """All that came until the server hung up, or stayed silent for too long."""

    data: bytes
    ended: bool
    """Whether it hung up."""
    after_s: float

    @property
    def statuses(self) -> list[int]:
        """The status of each answer, "100 Continue" left out. Bodies of ours never hold a status line."""
        found = [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", self.data)]
        return [status for status in found if status != 100]


def dial(port: int, receive_buffer_bytes: int = 0) -> socket.socket:
    """A connection to a service here, with a small window if a client is to be slow."""
    sock = socket.socket()
    if receive_buffer_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    sock.settimeout(20)
    sock.connect(("127.0.0.1", port))
    return sock


def listen(sock: socket.socket, patience_s: float = 20) -> Heard:
    """Read until the end."""
    started_s, data, ended = time.monotonic(), b"", False
    sock.settimeout(patience_s)
    with contextlib.suppress(TimeoutError):
        try:
            while more := sock.recv(65536):
                data += more
            ended = True
        except ConnectionError:
            ended = True
    return Heard(data, ended, time.monotonic() - started_s)


def say(port: int, data: bytes, patience_s: float = 20) -> Heard:
    """Send *data* on a connection of its own and read until the end."""
    with dial(port) as sock:
        sock.sendall(data)
        return listen(sock, patience_s)


def dripped(sock: socket.socket, byte: bytes, every_s: float, most_s: float = 20) -> float:
    """Send *byte* again and again until the server hangs up; seconds that took."""
    started_s = time.monotonic()
    sock.settimeout(every_s)
    while time.monotonic() - started_s < most_s:
        with contextlib.suppress(TimeoutError):
            try:
                sock.sendall(byte)
                if not sock.recv(65536, socket.MSG_PEEK):
                    break
                # An answer: what counts is when the connection ends.
                sock.recv(65536)
            except ConnectionError:
                break
    return time.monotonic() - started_s
