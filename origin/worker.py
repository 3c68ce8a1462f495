"""gunicorn's gevent worker, taught to let go of clients that hold it up and to refuse in our own words.

The stock worker, told to stop, waits for every open connection, and an edge keeps
dozens open that have nothing to say. With a keep-alive time above the graceful
time-out each deploy would wait in vain and then be killed. It waits for slow clients,
too. And what it cannot read as HTTP it answers with a page of its own, and logs with
the signature in it.
"""

import traceback
import uuid
from contextlib import suppress
from typing import Any

import gevent
import gunicorn.http.wsgi
from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    ForbiddenProxyRequest,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.ggevent import GeventWorker

from origin import answers
from origin.clientsocket import ClientSocket, HeadTooSlow
from origin.pace import Patience
from origin.telemetry import logs
from origin.telemetry.events import RequestTold

_LOOK_EVERY_S = 0.2
_CROWDED = 0.9
"""The share of its connections that a worker may have before new ones take the place of idle ones."""

_REFUSALS = {
    HeadTooSlow: (408, "Request Timeout"),
    LimitRequestLine: (414, "URI Too Long"),
    LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    UnsupportedTransferCoding: (501, "Not Implemented"),
    ExpectationFailed: (417, "Expectation Failed"),
    ForbiddenProxyRequest: (403, "Forbidden"),
}
_OURS = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)
"""What gunicorn counts among the faults of a client."""

# What goes into the Server field of every answer: nobody needs to know who reads our HTTP.
gunicorn.http.wsgi.SERVER = "blendBeat"


class DrainingWorker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Finishes the requests it has when told to stop, and hangs up on connections that wait for their next one."""

    patience: Patience
    """How long clients are waited for; set before the worker runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = 0
        # In the order in which they began to wait.
        self._idle: dict[_Waiting, gevent.Greenlet] = {}

    def timeout_ctx(self) -> "_Waiting":
        """How long a connection may wait for its next request: not at all once the worker stops."""
        return _Waiting(self.cfg.keepalive if self.alive else 0, self._idle)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection to its end."""
        self._connections += 1
        if self._connections > self.worker_connections * _CROWDED:
            gevent.get_hub().loop.run_callback(self._hang_up_on_the_longest_idle)
        try:
            super().handle(listener, ClientSocket(client, self.patience), addr)
        finally:
            self._connections -= 1

    def handle_request(self, listener_name: Any, req: Any, sock: ClientSocket, addr: Any) -> None:
        """Serve one request; StopIteration ends its connection."""
        sock.serve()
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            sock.finish(req.body)
            raise
        if not sock.finish(req.body):
            raise StopIteration

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002  gunicorn's
        """Answer a connection that went wrong before or beside the application."""
        request_id = uuid.uuid4().hex
        if isinstance(exc, ParseException) and not isinstance(exc, _OURS):
            slug = "not-http"
            status, title = _REFUSALS.get(type(exc), (400, "Bad Request"))
        else:
            # Neither with the request line, as gunicorn would, nor with the error's text: both have the signature.
            where = "".join(traceback.format_tb(exc.__traceback__))
            logs.LOGGER.error("request %s failed beside the application:\n%s", request_id, where)
            slug, status, title = "internal", 500, "Internal error"
        body = answers.problem_body(slug, title, status, request_id)
        # The name of the error, not its text, which quotes the request line.
        logs.tell(RequestTold(request_id, "-", "-", status, slug, len(body), 0.0, {"problem": type(exc).__name__}))
        with suppress(OSError):
            client.sendall(_head(status, title, len(body)) + body)
            client.hang_up()

    def run(self) -> None:
        """Serve until told to stop."""
        gevent.spawn(self._hang_up_when_told)
        super().run()

    def _hang_up_when_told(self) -> None:
        while self.alive:
            gevent.sleep(_LOOK_EVERY_S)
        # In the hub itself: between this look and the throw no connection can turn busy.
        gevent.get_hub().loop.run_callback(self._hang_up)

    def _hang_up(self) -> None:
        for waiting, greenlet in list(self._idle.items()):
            greenlet.throw(waiting)

    def _hang_up_on_the_longest_idle(self) -> None:
        if self._idle:
            waiting, greenlet = next(iter(self._idle.items()))
            greenlet.throw(waiting)


def _head(status: int, title: str, length_bytes: int) -> bytes:
    fields = (
        ("Connection", "close"),
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        *answers.CLOSED,
        ("Content-Length", str(length_bytes)),
    )
    lines = [f"HTTP/1.1 {status} {title}", *(f"{name}: {value}" for name, value in fields)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


class _Waiting(gevent.Timeout):  # type: ignore[misc]  # gevent is untyped
    """A silent time-out that is known to the worker while a connection is under it."""

    def __init__(self, seconds: float, idle: dict["_Waiting", gevent.Greenlet]) -> None:
        super().__init__(seconds, False)
        self._idle = idle

    def __enter__(self) -> "_Waiting":
        self._idle[self] = gevent.getcurrent()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        self._idle.pop(self, None)
        silenced: bool | None = super().__exit__(*error)
        return silenced
