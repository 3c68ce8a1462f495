"""gunicorn's gevent worker, taught to let go of idle connections and to refuse in our own words.

The stock worker, told to stop, waits for every open connection, and an edge keeps
dozens open that have nothing to say. With a keep-alive time above the graceful
time-out each deploy would wait in vain and then be killed. And what it cannot read
as HTTP it answers with a page of its own, and logs with the signature in it.
"""

import json
import uuid
from contextlib import suppress
from typing import Any

import gevent
from gunicorn.http.errors import (
    ExpectationFailed,
    ForbiddenProxyRequest,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.ggevent import GeventWorker

from origin.telemetry import logs
from origin.telemetry.events import RequestTold

_LOOK_EVERY_S = 0.2
_REFUSALS = {
    LimitRequestLine: (414, "URI Too Long"),
    LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    UnsupportedTransferCoding: (501, "Not Implemented"),
    ExpectationFailed: (417, "Expectation Failed"),
    ForbiddenProxyRequest: (403, "Forbidden"),
}


class DrainingWorker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Finishes the requests it has when told to stop, and hangs up on connections that wait for their next one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._idle: dict[_Waiting, gevent.Greenlet] = {}

    def timeout_ctx(self) -> "_Waiting":
        """How long a connection may wait for its next request: not at all once the worker stops."""
        return _Waiting(self.cfg.keepalive if self.alive else 0, self._idle)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a connection that went wrong before or beside the application."""
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        status, title = _REFUSALS.get(type(exc), (400, "Bad Request"))
        request_id = uuid.uuid4().hex
        content = {"type": "urn:blendbeat:problem:not-http", "title": title, "status": status, "request_id": request_id}
        body = json.dumps(content).encode() + b"\n"
        head = (
            f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
            f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        # The name of the error, not its text, which quotes the request line.
        logs.tell(
            RequestTold(request_id, "-", "-", status, "not-http", len(body), 0.0, {"problem": type(exc).__name__})
        )
        with suppress(OSError):
            client.sendall(head.encode("ascii") + body)

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
