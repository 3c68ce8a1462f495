"""Answers that are counted where they come in, before anything is made of them.

What http.client and urllib3 do with bytes can loop for as long as bytes come and
produce nothing that anybody could count: interim answers without end (RFC 9110
section 15.2), trailers. Every read of the socket is counted here, and lets others go on.
"""

import io
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any, Final

from origin.errors import SourceDown, TooCostly

HEAD_BYTES: Final = 256 * 1024
"""What may come before a body, interim answers included. Real heads take a few KiB."""

FRAMING_BYTES: Final = 1024 * 1024
"""What may come beside a body: the sizes of its chunks, and trailers."""


def metered(body_bytes: int, breathe: Callable[[], None]) -> type[HTTPResponse]:
    """A kind of answer that reads a head, a body of *body_bytes* and its framing, and no more.

    Its reads raise SourceDown for a head and TooCostly for a body that is
    longer, and refuse to read all there is: nobody here asks for that, unless a
    source has declared a negative size.

    Args:
        body_bytes: The most a body may have, as it is transferred.
        breathe: Called after every read of the socket: data that is there already is not waited for, and without it
            no deadline could end what a fast source goes on with.
    """

    class Answer(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self._meter = _Meter(self.fp.detach(), breathe)
            self.fp = _InParts(self._meter)

        def begin(self) -> None:
            self._meter.allow(HEAD_BYTES, SourceDown(f"a source sent {HEAD_BYTES} bytes and no body"))
            super().begin()
            # http.client passes over 100 alone. To 101 nobody was invited.
            while 100 <= self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
                self.headers = None  # type: ignore[assignment]  # else it takes the head for read
                super().begin()
            self._meter.allow(body_bytes + FRAMING_BYTES, TooCostly(f"a source sent more than {body_bytes} bytes"))

    return Answer


class _Meter(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, breathe: Callable[[], None]) -> None:
        self._raw = raw
        self._breathe = breathe
        self._left_bytes, self._excess = 0, Exception()

    def allow(self, left_bytes: int, excess: Exception) -> None:
        """From here on *left_bytes* may come; what raises *excess* is the read that brings more."""
        self._left_bytes, self._excess = left_bytes, excess

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        self._left_bytes -= count or 0
        if self._left_bytes < 0:
            raise self._excess
        self._breathe()
        return count

    def close(self) -> None:
        # Else the socket stays open: it counts its files.
        self._raw.close()
        super().close()


class _InParts(io.BufferedReader):
    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            raise ValueError("a size that is negative")
        return super().read(size)
