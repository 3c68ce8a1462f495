"""Fetching as the service does it, from a server that misbehaves, past resolvers that lie."""

import os
import re
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from origin.errors import (
    OriginError,
)
from origin.recipe import Scheme, SourceRef
from origin.sources.http import HttpSource
from tests.webserver import SourceServer, loopback_settings

PROMPT_S = 10.0
"""What any single fetch here may take at the most: of processor time, the server included, or until a deadline has
bitten."""


def without_deadline(_seconds: float, _error: BaseException) -> AbstractContextManager[object]:
    """A deadline that never bites: gevent's does not in a process that it has not patched."""
    return nullcontext()


def ref(url: str) -> SourceRef:
    """As the grammar makes them."""
    return SourceRef(Scheme(url.split(":", 1)[0].lower()), url)


def fetch(url: str, **changes: Any) -> bytes:
    """Fetch *url* with a source of its own, loopback opened unless *changes* says otherwise."""
    image = HttpSource(loopback_settings(**changes), without_deadline).fetch(ref(url))
    assert image is not None
    return image.body


@contextmanager
def refused(error: type[OriginError] | tuple[type[OriginError], ...]) -> Iterator[pytest.ExceptionInfo[OriginError]]:
    """The block raises *error*, and works for no longer than it takes."""
    started_s = time.process_time()
    with pytest.raises(error) as caught:
        yield caught
    assert time.process_time() - started_s < PROMPT_S


def redirecting(server: SourceServer, location: str) -> str:
    """A URL of *server* that redirects to *location*, verbatim."""
    return server.url(f"/redirect-to?url={quote(location, safe='')}")


def answering(server: SourceServer, raw: bytes) -> str:
    """A URL of *server* that is answered with exactly these bytes, then closed."""
    server.raw["/raw"] = raw
    return server.url("/raw")


Resolver = Callable[..., list[Any]]
_real_getaddrinfo = socket.getaddrinfo


def numeric_only(host: str, port: int, **options: Any) -> list[Any]:
    """The real resolver's rules for names, localhost included, without its questions to the network."""
    host.encode("idna")
    if host.lower() == "localhost":
        host = "127.0.0.1"
    return _real_getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **options)


def resolver_that_raises(error: Exception) -> Resolver:
    def resolve(*_args: Any, **_options: Any) -> list[Any]:
        raise error

    return resolve


def resolving(server: SourceServer, table: dict[str, list[str]], asked: list[str] | None = None) -> Resolver:
    """A resolver that knows the names in *table*, all at the server's port, and addresses as they are."""

    def resolve(host: str, port: int, *_args: Any, **_options: Any) -> list[Any]:
        if asked is not None:
            asked.append(host)
        return [entry(address, server.port if host in table else port) for address in table.get(host, [host])]

    return resolve


def entry(address: str, port: int) -> tuple[int, int, int, str, tuple[Any, ...]]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


def recorded_connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    called: list[str] = []
    connect = socket.socket.connect

    def recorded(self: socket.socket, address: Any) -> None:
        called.append(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", recorded)
    return called


def outcome_of(url: str) -> str:
    """The name of the origin's error, or none; what is no error of the origin's passes through."""
    try:
        fetch(url)
    except OriginError as error:
        return type(error).__name__
    return "none"


@contextmanager
def memory_below(most_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most_bytes


_PATCHED = """
from gevent import monkey; monkey.patch_all()
import sys, time
from origin.concurrency import breathe, deadline
from origin.errors import OriginError
from origin.recipe import Scheme, SourceRef
from origin.sources.http import HttpSource
from tests.webserver import loopback_settings
settings = loopback_settings(timeout_s=0.4, connect_timeout_s=30, read_timeout_s=30, max_bytes=10**13)
source = HttpSource(settings, deadline, breathe)
for url in sys.argv[1:]:
    started_s = time.monotonic()
    try:
        source.fetch(SourceRef(Scheme.HTTP, url))
        error = "none"
    except OriginError as caught:
        error = type(caught).__name__
    print(error, time.monotonic() - started_s)
"""


def fetched_by_a_patched_process(urls: list[str]) -> list[tuple[str, float]]:
    """Fetch *urls* one after the other where gevent has patched the sockets, within 0.4 s each."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PATCHED, *urls],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(error, float(took_s)) for error, took_s in re.findall(r"^(\w+) ([\d.]+)$", done.stdout, re.MULTILINE)]


def self_signed(folder: Path, address: str = "127.0.0.1", days: int = 2) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS, and the certificate it shows: of *address*, for some *days*, past ones if negative."""
    key, request, certificate = folder / "key.pem", folder / "request.pem", folder / "certificate.pem"
    new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=source"
    sign = f"openssl x509 -req -days {days} -copy_extensions copy"
    for command in (
        [*new.split(), "-addext", f"subjectAltName=IP:{address}", "-keyout", str(key), "-out", str(request)],
        [*sign.split(), "-in", str(request), "-signkey", str(key), "-out", str(certificate)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
