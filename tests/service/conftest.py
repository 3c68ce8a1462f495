"""The whole program over a socket: a real gunicorn with real settings on a free port."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from origin.client import path_for, sign_path, sign_query
from origin.signing import KeyRing, pair_up

KEY, SALT, TOKEN = "943b421c9eb07c830af81030552c8600", "520f986b998545b4785e0defbc4f3c12", "0123456789abcdef"
ADMIN_TOKEN = "admin-0123456789abcdef"
RING = KeyRing(pair_up([KEY], [SALT]))


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        content: dict[str, Any] = json.loads(self.body)
        assert content["status"] == self.status
        return content


class Service:
    """One running gunicorn."""

    def __init__(
        self,
        log: Path,
        environ: Mapping[str, str],
        application: str = "origin.wsgi:application",
        around: Sequence[str] = (),
    ) -> None:
        self.port = free_port()
        self.log = log
        self._around = tuple(around)
        self._application = application
        self.environ = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "BLENDBEAT_KEYS": KEY,
            "BLENDBEAT_SALTS": SALT,
            "BLENDBEAT_UPLOAD_TOKENS": TOKEN,
            "BLENDBEAT_ADMIN_TOKENS": ADMIN_TOKEN,
            "BLENDBEAT_LOG_FORMAT": "json",
            # Nobody here needs to be given time to see that a service stops.
            "BLENDBEAT_DRAIN_GRACE_S": "0",
            "BLENDBEAT_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
            # `make test-all` asks everything once more on the long way.
            "BLENDBEAT_FAST_PATH": os.environ.get("BLENDBEAT_FAST_PATH", "1"),
            **environ,
        }
        self.start()

    def start(self) -> None:
        command = [
            *self._around,
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:origin.gunicorn_conf",
            self._application,
        ]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, env=self.environ, stdout=out, stderr=out)
        until = time.monotonic() + 20
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/health").status == 200
        except OSError:
            return False

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """One request on a connection of its own, the target exactly as given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, source: str, *options: str, extension: str = "", **headers: str) -> Reply:
        """A signed variant; header names with underscores."""
        path = sign_path(RING, path_for(source, options, extension=extension))
        return self.ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def resize(self, query: str) -> Reply:
        return self.ask("GET", sign_query(RING, f"/resize?{query}"))

    def lines(self) -> list[dict[str, Any]]:
        """The log of requests so far."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["message"] == "request"]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory behind local:/// of every service."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="session", params=["1", "0"], ids=["fast path", "long way"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pictures: Path
) -> Iterator[Service]:
    """One service for all tests that only ask: with the fast path, and without."""
    environ = {"BLENDBEAT_LOCAL_ROOT": str(pictures), "BLENDBEAT_FAST_PATH": request.param}
    running = Service(tmp_path_factory.mktemp("service") / "log", environ)
    yield running
    assert running.stop() == 0, running.log.read_text()
