"""A server under test: a command, a port, and how it spells what is asked of it."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.service.cases import Kind, Picture
from tests.memcached import free_port

REPOSITORY = Path(__file__).parents[3]
_PATIENCE_S = 30
_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class DidNotStart(Exception):
    """A program that ended, or did not answer in time; the message is what it wrote."""


class Program:
    """A server on a port of its own.

    Args:
        name: As in the table.
        takes: The kinds of cases it can be asked to do.
        log: Where its output goes.
    """

    def __init__(self, name: str, takes: frozenset[Kind], log: Path) -> None:
        self.name = name
        self.takes = takes
        self.port = free_port()
        self.ready = "/health"
        """A path that it answers as soon as it can."""
        self.tree = REPOSITORY
        """The checkout that it is started in."""
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> Sequence[str]:
        """What starts it."""
        raise NotImplementedError

    @property
    def environ(self) -> Mapping[str, str]:
        """What it finds in its environment besides PATH, HOME and PORT."""
        return {}

    def path(self, picture: Picture, name: str) -> str:
        """Where *picture* is, made from a source that nobody has asked for under another *name*."""
        raise NotImplementedError

    @property
    def process(self) -> int:
        """Its first process; the others are descendants of that one."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers anything at all.

        Raises:
            DidNotStart: It does not.
        """
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                list(self.command),
                env={**kept, "PORT": str(self.port), **self.environ},
                cwd=self.tree,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until_s = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until_s:
                self.stop()
                raise DidNotStart(self._log.read_text())
            time.sleep(_EVERY_S)

    def stop(self) -> None:
        """End it, and whatever it has started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def kill(self) -> None:
        """End it at once, without the time that it would take to say goodbye; to be started anew."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, path: str) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            headers = {name.lower(): text for name, text in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()

    def _answers(self) -> bool:
        try:
            return self.ask(self.ready).status > 0
        except OSError:
            return False
