"""gunicorn's gevent worker, taught to stop without cutting anybody off, to let go of clients that hold it up, and to
answer what was asked for before without a parser.

The stock worker, told to stop, refuses at once what a load balancer still sends, and
then waits for every open connection, of which an edge keeps dozens that have nothing
to say. It waits for slow clients, too. Out of files, it prints a traceback for each
connection it cannot accept.
"""

import errno
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import gevent
import gunicorn.http.wsgi
from gevent.pool import Pool
from gunicorn.http import get_parser
from gunicorn.http.errors import InvalidHeader, NoMoreData
from gunicorn.workers.ggevent import GeventWorker

from origin import answers, plainhead
from origin.clientsocket import ClientSocket
from origin.concurrency import ended
from origin.draining import STOPPING, Drain, Phase
from origin.errors import Interrupted
from origin.exchange import IS_WANTED, NO_PLACE
from origin.fastpath import FastPath
from origin.host import names_its_host, says_close
from origin.listener import Exhausted, Listener
from origin.pace import Patience
from origin.places import STANDING, Places, Wait
from origin.refusals import refusal
from origin.telemetry import logs

_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)
_HEAD_BYTES = 8192
_LOOK_EVERY_S = 0.2
_PARTING_S = 0.5
"""For telling clients that their requests are cut."""
_ROOM = 16
"""Idle connections that make room for others when there are no files left."""

# What goes into the Server field of every answer: nobody needs to know who reads our HTTP.
gunicorn.http.wsgi.SERVER = answers.SERVER


class DrainingWorker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Told to stop, serves on for a grace, finishes what it has, and hangs up on connections that say nothing."""

    patience: Patience
    """How long clients are waited for; this and what follows is set before the worker runs."""
    drain: Drain
    """How long stopping may take."""
    wsgi: Any
    """The application; gunicorn's."""
    tell_of_cuts: Callable[[], None]
    """Called when requests had to be cut."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told_s: float | None = None
        self._fast: FastPath | None = None
        self._clients: dict[gevent.Greenlet, ClientSocket] = {}
        self._requests: dict[gevent.Greenlet, Any] = {}
        # Those that are given an answer that needed no request to be parsed.
        self._sending: set[ClientSocket] = set()
        self._places = Places(self.worker_connections)

    @property
    def phase(self) -> Phase:
        """What it is at."""
        return self.drain.phase(None if self._told_s is None else time.monotonic() - self._told_s)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002  gunicorn's
        """SIGTERM: from now on every answer is the last of its connection, also those that are being made."""
        self._told_s = self._told_s or time.monotonic()
        for greenlet, req in list(self._requests.items()):
            # Whoever has been told that the connection stays may be asking on it already.
            if not self._clients[greenlet].is_answering:
                req.force_close()

    def load_wsgi(self) -> None:
        """Load the application, and tell it with every request whether the worker is stopping, or has no place."""
        super().load_wsgi()
        application = self.wsgi
        self._fast = application.fast

        def informed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ[STOPPING] = self._told_s is not None
            environ[IS_WANTED] = self._clients[gevent.getcurrent()].is_waiting
            environ[NO_PLACE] = self._places.is_standing()
            answer: Iterable[bytes] = application(environ, start_response)
            return answer

        self.wsgi = informed

    def timeout_ctx(self) -> Wait:
        """How long a connection may wait for its next request."""
        return self._places.wait(self.cfg.keepalive, self._clients[gevent.getcurrent()])

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection to its end.

        Args:
            listener: The name of the socket it came in by, which may be closed by now.
            client: The connection.
            addr: Who is at its other end.
        """
        here = gevent.getcurrent()
        sock = self._clients[here] = ClientSocket(client, self.patience)
        try:
            with self._places.one():
                self._serve(listener, sock, addr)
        except OSError as error:
            if error.errno not in _GONE:
                logs.LOGGER.error("a connection failed: %s", error)
        finally:
            del self._clients[here]
            sock.close()

    def _serve(self, name: Any, sock: ClientSocket, addr: Any) -> None:
        """One request after another, as gunicorn's own loop for HTTP/1.1, but for those that need no parser."""
        parser = get_parser(self.cfg, sock, addr)
        req = None
        try:
            while True:
                req = None
                # After a body that could not be read nobody knows where the next request begins.
                if not (parser.finish_body() and self._answer_quickly(parser.unreader, sock, addr)):
                    return
                with self.timeout_ctx():
                    req = next(parser)
                if req is None:
                    return
                self.handle_request(name, req, sock, addr)
        except (StopIteration, NoMoreData):
            return
        except OSError:
            raise
        except BaseException as error:  # noqa: BLE001  a client is told that something went wrong, whatever it was
            self.handle_error(req, sock, addr, error)

    def _answer_quickly(self, unreader: Any, sock: ClientSocket, addr: Any) -> bool:
        """Answer what can be answered without a parser, and leave to it what cannot; whether there is anything left."""
        if (fast := self._fast) is None or self._told_s is not None or self._places.is_standing():
            return True
        if begun := unreader.take_buffered():
            # It came with the request before: where it ends only the parser can tell.
            unreader.unread(begun)
            return True
        while True:
            data = b""
            with self.timeout_ctx():
                data = sock.first(_HEAD_BYTES)
            if not data:
                return False
            head = plainhead.read(data)
            # A socket in the file system has nobody's address.
            peer = addr[0] if addr else ""
            reply = None if head is None or self._told_s is not None else fast.answer(head, peer)
            if reply is None:
                unreader.unread(data)
                return True
            self._sending.add(sock)
            try:
                sock.answer(*reply)
            finally:
                self._sending.remove(sock)

    def handle_request(self, listener_name: Any, req: Any, sock: ClientSocket, addr: Any) -> None:
        """Serve one request; StopIteration ends its connection."""
        if not names_its_host(req.version, req.headers):
            raise InvalidHeader("HOST", req=req)
        here = gevent.getcurrent()
        self._requests[here] = req
        if self._told_s is not None or self._places.is_standing() or says_close(req.headers):
            req.force_close()
        sock.serve()
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            self._part(partial(sock.finish, req.body))
            raise
        finally:
            del self._requests[here]
        if not sock.finish(req.body):
            raise StopIteration
        sock.go_on(req.unreader.buf.getbuffer().nbytes)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002  gunicorn's
        """Answer a connection that went wrong before or beside the application."""
        message = refusal(exc)
        with suppress(OSError):
            client.sendall(message)
            self._part(client.hang_up)

    def run(self) -> None:
        """Serve until told to stop, and then until everything is answered."""
        # Told in our own words; gevent would print a traceback for each.
        gevent.get_hub().NOT_ERROR += (Exhausted,)
        servers = [self._server(sock) for sock in self.sockets]
        while self.phase in (Phase.SERVING, Phase.GRACE):
            self._watch()
        self.alive = False
        for server in servers:
            server.close_when_empty()
        while any(server.pool for server in servers) and self.phase is not Phase.OVER:
            self._places.end_silent()
            self._watch()
        if self._requests or self._sending:
            self._cut()
        for server in servers:
            server.pool.kill(timeout=_PARTING_S / 2)

    def _server(self, sock: Any) -> Listener:
        sock.setblocking(True)
        server = Listener(
            sock, handle=partial(self.handle, sock.getsockname()), spawn=Pool(self.worker_connections + STANDING)
        )
        server.make_room = partial(self._places.make_room, _ROOM)
        if self.cfg.workers > 1:
            # Else one would take a whole burst, and the others have nothing to do.
            server.max_accept = 1
        server.start()
        return server

    def _watch(self) -> None:
        """See to it that those who wait for answers are still there."""
        self.notify()
        served = {self._clients[greenlet].fileno(): greenlet for greenlet in self._requests}
        for descriptor, for_good in ended(served).items():
            greenlet = served[descriptor]
            interim = self._requests[greenlet].version >= (1, 1)
            self._clients[greenlet].hear_end(for_good=for_good, interim=interim)
        gevent.sleep(_LOOK_EVERY_S)

    def _part(self, politely: Callable[[], object]) -> None:
        # Who has no place must not take up what is left by not hanging up; it may lose its answer.
        if not self._places.is_standing():
            politely()

    def _cut(self) -> None:
        self.tell_of_cuts()
        unfinished = len(self._requests) + len(self._sending)
        logs.LOGGER.error("%d requests were not finished in time and are cut", unfinished)
        cut = [greenlet for greenlet in self._requests if not self._clients[greenlet].is_answering]
        for greenlet in cut:
            greenlet.kill(Interrupted("the service ends"), block=False)
        gevent.joinall(cut, _PARTING_S)
