"""The connection to one client, as gunicorn uses a socket, that waits for nobody without limit.

gunicorn's gevent worker has one time-out, for keeping alive. A head that drips, a
body that drips and an answer that nobody takes would each hold a greenlet, its
buffers and one of the worker's connections for as long as the client likes.
"""

import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from gunicorn.http.errors import LimitRequestHeaders, ParseException

from origin.concurrency import breathe, has_input
from origin.pace import Pace, Patience

_REST_BYTES = 64 * 1024
_ONE_PIECE_BYTES = 64 * 1024
"""To copy so much costs less than another system call."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HeadTooSlow(ParseException):  # type: ignore[misc]  # gunicorn is untyped
    """A request began and its head did not end in time."""


class BodyTooSlow(TimeoutError):
    """A body came more slowly than it may."""


class Body(Protocol):
    """What gunicorn reads of a request after its head."""

    def read(self, size: int) -> bytes:
        """Up to *size* bytes; none at the end."""
        ...


class _Transfer:
    """How much has moved since when."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._started_s = clock()
        self.moved_bytes = 0

    def left_s(self) -> float:
        return self._pace.left_s(self._clock() - self._started_s, self.moved_bytes)


class ClientSocket:
    """A socket whose every operation is over in time. A request at a time: head, body, answer.

    Args:
        sock: Connected, and of greenlets.
        patience: The limits.
        clock: Seconds that only grow.
    """

    def __init__(self, sock: socket.socket, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._sock = sock
        self._patience = patience
        self._clock = clock
        self._serves = False
        self._is_fresh = True
        self._was_probed = self._is_gone = False
        self._head: _Transfer | None = None
        self._body: _Transfer | None = None
        self._answer: _Transfer | None = None

    @property
    def was_served(self) -> bool:
        """Whether it ever had a request that could be read."""
        return not self._is_fresh

    @property
    def has_begun(self) -> bool:
        """Whether a request is on its way in, read or unread, or is being served."""
        return self._serves or self._head is not None or has_input(self._sock)

    @property
    def is_answering(self) -> bool:
        """Whether something was sent for the request that is being served."""
        return self._serves and self._answer is not None

    def first(self, size: int) -> bytes:
        """The first bytes of the next head, up to *size*; none once the client has hung up, or never said a word."""
        return self._first_of_head(size)

    def answer(self, head: bytes, body: bytes) -> None:
        """Send the whole answer to a request that `first` has read all of.

        Raises:
            BrokenPipeError: The client takes it too slowly, or is gone.
        """
        self.serve()
        if len(body) <= _ONE_PIECE_BYTES:
            self.sendall(head + body)
        else:
            self.sendall(head)
            self.sendall(body)
        self._serves, self._head = False, None
        # Who asks as quickly as it is answered would else keep everybody else waiting.
        breathe()

    def is_waiting(self) -> bool:
        """Whether the client waits for its answer, as far as `hear_end` was told."""
        return not self._is_gone

    def fileno(self) -> int:
        """Its descriptor."""
        return self._sock.fileno()

    def hear_end(self, *, for_good: bool, interim: bool) -> None:
        """The client has said that it sends no more, while it is being served.

        That may mean that it has hung up, or only that it has asked all it wants to.
        To find out it is sent "100 Continue", which means nothing to who still listens
        (RFC 9110 section 15.2.1) and to which the system of one that hung up says so.

        Args:
            for_good: The system says that it does not listen either.
            interim: Whether it knows interim answers, which HTTP/1.0 does not.
        """
        if for_good:
            self._is_gone = True
        elif interim and not self._was_probed and self._answer is None:
            self._was_probed = True
            with suppress(OSError):
                self._sock.settimeout(0)
                self._sock.send(_CONTINUE)

    def serve(self) -> None:
        """The head is read: what comes now is the body, what goes is the answer."""
        self._serves, self._is_fresh = True, False
        self._was_probed = False
        self._body = self._answer = None

    def finish(self, body: Body) -> bool:
        """The answer is sent: get rid of what is left of *body*; whether the next request starts where it ends.

        Closing at once would reset the connection under an answer that is still on its way (RFC 9112 section 9.6).
        `go_on` must follow if there is to be a next request.
        """
        self._body = _Transfer(self._patience.rest, self._clock)
        try:
            while body.read(_REST_BYTES):
                pass
        except (OSError, ParseException):
            return False
        return True

    def go_on(self, ahead_bytes: int) -> None:
        """Wait for the next request, of which *ahead_bytes* came with the last one."""
        self._serves, self._head = False, None
        if ahead_bytes:
            # Not idle: its head has begun, and must end in time.
            self._head = _Transfer(self._patience.head, self._clock)
            self._head.moved_bytes = ahead_bytes

    def hang_up(self) -> None:
        """Say that nothing more is sent, and let the client read what was."""
        rest = _Transfer(self._patience.rest, self._clock)
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            while self._received(rest, _REST_BYTES):
                breathe()

    def recv(self, size: int) -> bytes:
        """Up to *size* bytes; none once the client has hung up, or never said a word.

        Raises:
            HeadTooSlow: A head did not end in time.
            LimitRequestHeaders: It is longer than it may be.
            BodyTooSlow: A body came too slowly.
        """
        return self._of_body(size) if self._serves else self._of_head(size)

    def sendall(self, data: bytes) -> None:
        """Send *data*.

        Raises:
            BrokenPipeError: The client takes it too slowly, or is gone.
        """
        if self._answer is None:
            self._answer = _Transfer(self._patience.answer, self._clock)
        unsent = memoryview(data)
        while unsent:
            sent = self._sent(self._answer, unsent)
            self._answer.moved_bytes += sent
            unsent = unsent[sent:]

    def send(self, data: bytes) -> int:
        """Send all of *data*, which is "100 Continue"; its length."""
        self.sendall(data)
        return len(data)

    def setblocking(self, blocking: bool) -> None:
        """Nothing: how long an operation may take is decided here."""

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def _of_head(self, size: int) -> bytes:
        if self._head is None:
            return self._first_of_head(size)
        try:
            data = self._received(self._head, size)
        except TimeoutError:
            raise HeadTooSlow("the head did not end in time") from None
        if self._head.moved_bytes > self._patience.head_bytes:
            raise LimitRequestHeaders("the head is too long")
        return data

    def _first_of_head(self, size: int) -> bytes:
        # Who was served may think about the next request for as long as connections are kept alive.
        self._sock.settimeout(self._patience.head.total_s if self._is_fresh else None)
        try:
            data = self._sock.recv(size)
        except TimeoutError:
            return b""
        self._head = _Transfer(self._patience.head, self._clock)
        self._head.moved_bytes = len(data)
        return data

    def _of_body(self, size: int) -> bytes:
        if self._body is None:
            self._body = _Transfer(self._patience.body, self._clock)
        # A body that is there already is not waited for, and while it is read nobody else would have a turn.
        breathe()
        try:
            return self._received(self._body, size)
        except TimeoutError:
            raise BodyTooSlow(f"{self._body.moved_bytes} bytes came in the time there was") from None

    def _received(self, transfer: _Transfer, size: int) -> bytes:
        self._allow(transfer.left_s())
        data = self._sock.recv(size)
        transfer.moved_bytes += len(data)
        return data

    def _sent(self, transfer: _Transfer, data: memoryview) -> int:
        try:
            self._allow(transfer.left_s())
            return self._sock.send(data)
        except TimeoutError:
            # Of the errors that end a connection one that gunicorn is silent about.
            raise BrokenPipeError(errno.EPIPE, "the client takes its answer too slowly") from None

    def _allow(self, left_s: float) -> None:
        """Let the next operation take so long."""
        if left_s <= 0:
            raise TimeoutError("too late")
        self._sock.settimeout(left_s)
