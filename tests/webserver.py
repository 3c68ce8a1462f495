"""A web server that behaves as badly as source servers do, on a port of its own."""

import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from origin.settings import SourceSettings

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
"""What ``/ok`` answers: bytes of every value, no real picture."""

BOMB_BYTES = 16 * 1024 * 1024
"""What `BOMB` becomes."""

BOMB = gzip.compress(bytes(BOMB_BYTES))
"""16 KiB of gzip, what ``/gzip`` answers."""

BLOCK_OF_NOTHING = b"\0\0\0\xff\xff"
"""Of deflate: stored, of no bytes, and not the last."""

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FLOODS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim headers": (b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n"),
    "a chunk of negative size": (_CHUNKED + b"-1\r\n", b"x"),
    "members of nothing": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    "members of nothing in chunks": (
        _CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"),
        b"14\r\n%s\r\n" % gzip.compress(b""),
    ),
    "blocks of nothing": (b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n", BLOCK_OF_NOTHING),
    "blocks of nothing in chunks": (
        _CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: deflate\r\n\r\n"),
        b"5\r\n%s\r\n" % BLOCK_OF_NOTHING,
    ),
    "trailers": (_CHUNKED + b"0\r\n", b"X: y\r\n"),
}
"""Answers that are for ever about to begin, by what comes: what is sent once, and then again and again."""

_STEP_S = 0.05
_OPEN = threading.Event()
_OPEN.set()
_FLOOD = b"\x00" * 65536
_MOST_FLOODS = 256  # a client that never hangs up gets 16 MiB, not everything there is

_SETTINGS = SourceSettings(
    local_root=None,
    s3_buckets=(),
    s3_endpoint="",
    s3_region="",
    allowed=(),
    networks=(IPv4Network("127.0.0.0/8"),),
    ports=(80, 443),
    connect_timeout_s=10.0,
    read_timeout_s=10.0,
    timeout_s=15.0,
    concurrency=32,
    failures=5,
    pause_s=10.0,
    max_bytes=1_000_000,
    max_redirects=3,
    tier_bytes=0,
    fresh_s=0,
)


def loopback_settings(**changes: Any) -> SourceSettings:
    """What a source needs to call a `SourceServer`: loopback opened on purpose, 1 MB, three redirects."""
    return replace(_SETTINGS, **changes)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""


class SourceServer:
    """A source of images on 127.0.0.1, well behaved or not, in threads of its own.

    Use it as a context manager. Whatever is in *bodies* is answered with 200,
    whatever is in *raw* is written to the socket as it is, instead of an
    answer, and then the connection is closed; what is in *endless* is written
    after it again and again, for as long as anybody reads. What is in *etags* and *modified*
    goes with a body, and to whoever has it already a 304 goes instead. All of them
    may be changed while it runs.

    ====================  ==================================================
    ``/ok``               `PICTURE`
    ``/slow-headers``     a header every 50 ms, never the last one
    ``/endless-headers``  headers as fast as they are read, never the last one
    ``/drip``             a body of one byte every 50 ms
    ``/hang``             no answer
    ``/cut``              Content-Length larger than what is sent
    ``/large``            Content-Length of 1 TB, and no body
    ``/large-chunked``    16 MiB in chunks, undeclared
    ``/redirect/N``       N redirects, then `PICTURE`
    ``/redirect-loop``    to itself
    ``/redirect-to?url=`` there, verbatim
    ``/redirect-large``   a redirect to ``/ok`` with a body of 16 MiB
    ``/status/N``         that status, with a short body
    ``/gzip``             16 MiB of zeros, compressed to 16 KiB
    ``/gzip-chunked``     the same in chunks
    ``/cookie``           sets a cookie
    ``/hang-up``          `PICTURE`, then closes what it said it would keep alive
    ====================  ==================================================

    Args:
        bodies: What to answer with 200, by path.
        tls: Speak https with this; none: http.
    """

    def __init__(self, bodies: Mapping[str, bytes] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.bodies: dict[str, bytes] = {"/ok": PICTURE, **(bodies or {})}
        self.raw: dict[str, bytes] = {}
        self.endless: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        """Entity tags of bodies, by path."""
        self.gates: dict[str, threading.Event] = {}
        """Paths that are answered only once this is set."""
        self.modified: dict[str, str] = {}
        """Dates of bodies, by path."""
        self.hanging: set[str] = set()
        """Paths that behave as ``/hang`` does."""
        self.dripping: set[str] = set()
        """Paths that behave as ``/drip`` does."""
        self.seen: list[Seen] = []
        self.connections = 0
        """How many were accepted."""
        self.flooded_bytes = 0
        """How much of the endless answers clients took."""
        self.stopping = threading.Event()
        self.open: set[socket.socket] = set()
        self._scheme = "http" if tls is None else "https"
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/ok", host: str = "127.0.0.1") -> str:
        """The address of *path*."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    def flood(self, kind: str) -> str:
        """The address of one of `FLOODS`."""
        path = "/" + kind.replace(" ", "-")
        self.raw[path], self.endless[path] = FLOODS[kind]
        return self.url(path)

    def count(self, path: str | None = None) -> int:
        """How many requests arrived, for *path* or altogether."""
        return sum(path is None or seen.target.split("?")[0] == path for seen in self.seen)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End everything, what hangs included."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def __enter__(self) -> "SourceServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: SourceServer, tls: ssl.SSLContext | None) -> None:
        self.owner = owner
        self._tls = tls
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.owner.connections += 1
        if self._tls is not None:
            # The handshake belongs to the connection's own thread: a silent client must not stop the others.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.owner.open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.owner.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose; say nothing."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every body waits 40 ms for the headers to be acknowledged
    server: _Server

    def do_GET(self) -> None:
        owner = self.server.owner
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.seen.append(Seen(self.command, self.path, headers))
        path = urlsplit(self.path).path
        owner.gates.get(path, _OPEN).wait()
        if path in owner.raw:
            self.wfile.write(owner.raw[path])
            self.close_connection = True
            if path in owner.endless:
                self._go_on_with(owner.endless[path])
        elif path in owner.bodies:
            self._answer_unless_held(path)
        else:
            self._behave("/hang" if path in owner.hanging else "/drip" if path in owner.dripping else path)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the library's
        """Say nothing."""

    def _behave(self, path: str) -> None:
        behaviours: dict[str, Callable[[], None]] = {
            "/slow-headers": self._slow_headers,
            "/endless-headers": self._endless_headers,
            "/drip": self._drip,
            "/hang": self._hang,
            "/cut": self._cut,
            "/large": self._large,
            "/large-chunked": self._large_chunked,
            "/redirect-loop": lambda: self._redirect("/redirect-loop"),
            "/redirect-to": lambda: self._redirect(parse_qs(urlsplit(self.path).query).get("url", [""])[0]),
            "/redirect-large": self._redirect_large,
            "/gzip": self._gzip,
            "/gzip-chunked": self._gzip_chunked,
            "/cookie": lambda: self._answer(200, PICTURE, {"Set-Cookie": "crumb=1; Path=/"}),
            "/hang-up": self._hang_up,
        }
        name, _, number = path[1:].partition("/")
        if path in behaviours:
            behaviours[path]()
        elif name == "status" and number.isdecimal():
            self._answer(int(number), b"" if number in ("204", "304") else b"no picture")
        elif name == "redirect" and number.isdecimal():
            self._redirect("/ok" if int(number) <= 1 else f"/redirect/{int(number) - 1}")
        else:
            self._answer(404, b"nothing here")

    def _answer_unless_held(self, path: str) -> None:
        owner = self.server.owner
        etag, modified = owner.etags.get(path, ""), owner.modified.get(path, "")
        validators = {"ETag": etag, "Last-Modified": modified}
        headers = {name: value for name, value in validators.items() if value}
        asked = self.headers.get("If-None-Match")
        held = etag if asked is not None else modified  # RFC 9110 13.1.3: a date counts only where no tag is sent
        if held and held == (asked or self.headers.get("If-Modified-Since")):
            self._begin(304, headers)
        else:
            self._answer(200, owner.bodies[path], headers)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _redirect(self, location: str) -> None:
        self._answer(302, b"elsewhere", {"Location": location})

    def _ticks(self) -> Iterator[None]:
        while not self.server.owner.stopping.wait(_STEP_S):
            yield

    def _slow_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in self._ticks():
            self.wfile.write(b"X-Wait: more\r\n")

    def _endless_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._flood(lambda: self.wfile.write(b"X-Wait: more\r\n" * 4096))

    def _drip(self) -> None:
        self._begin(200, {"Content-Length": "100000"})
        for _ in self._ticks():
            self.wfile.write(b"x")

    def _hang(self) -> None:
        self.server.owner.stopping.wait()
        self.close_connection = True

    def _cut(self) -> None:
        self._begin(200, {"Content-Length": "4096"})
        self.wfile.write(PICTURE[:1000])
        self.close_connection = True

    def _large(self) -> None:
        self._begin(200, {"Content-Length": str(10**12)})
        self._hang()

    def _large_chunked(self) -> None:
        self._begin(200, {"Transfer-Encoding": "chunked"})
        self._flood(lambda: self.wfile.write(b"%x\r\n%s\r\n" % (len(_FLOOD), _FLOOD)))
        self.wfile.write(b"0\r\n\r\n")

    def _redirect_large(self) -> None:
        self._begin(302, {"Location": "/ok", "Content-Length": str(len(_FLOOD) * _MOST_FLOODS)})
        self._flood(lambda: self.wfile.write(_FLOOD))

    def _flood(self, write: Callable[[], object]) -> None:
        for _ in range(_MOST_FLOODS):
            write()
            self.server.owner.flooded_bytes += len(_FLOOD)

    def _go_on_with(self, unit: bytes) -> None:
        part = unit * (len(_FLOOD) // len(unit) + 1)
        while not self.server.owner.stopping.is_set():
            self.wfile.write(part)
            self.server.owner.flooded_bytes += len(part)

    def _gzip(self) -> None:
        self._answer(200, BOMB, {"Content-Encoding": "gzip"})

    def _gzip_chunked(self) -> None:
        self._begin(200, {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"})
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BOMB), BOMB))

    def _hang_up(self) -> None:
        self._answer(200, PICTURE)
        self.close_connection = True
