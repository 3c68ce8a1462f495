"""More connections than a worker has places for: the idle give way, and if nobody is, /health is still answered."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.memcached import wait_until
from tests.pictures import jpeg
from tests.service import wire
from tests.service.conftest import RING, Service
from tests.webserver import SourceServer

PLACES = 4
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    environ = {"GUNICORN_CMD_ARGS": f"--worker-connections {PLACES}", "BLENDBEAT_LOCAL_ROOT": str(tmp_path)}
    running = Service(tmp_path / "log", environ)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def busy(small: Service) -> Iterator[tuple[list[socket.socket], threading.Event]]:
    """As many connections as there are places, each of which waits for its picture until the event."""
    with SourceServer({"/slow.jpg": jpeg()}) as source, contextlib.ExitStack() as stack:
        source.gates["/slow.jpg"] = gate = threading.Event()
        waiting = [stack.enter_context(wire.dial(small.port)) for _ in range(PLACES)]
        for number, sock in enumerate(waiting):
            target = sign_path(RING, path_for(source.url("/slow.jpg"), [f"w:{10 + number}"]))
            sock.sendall(f"HEAD {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_until(lambda: small.get("local:///a.jpg", "w:10").status == 503)
        yield waiting, gate
        gate.set()


def test_the_longest_idle_give_way(small: Service) -> None:
    with contextlib.ExitStack() as stack:
        idle = []
        for _ in range(3 * PLACES):
            idle.append(sock := stack.enter_context(wire.dial(small.port)))
            sock.sendall(HEAD)
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        assert [wire.listen(sock).ended for sock in idle[: 2 * PLACES]] == [True] * 2 * PLACES
        for sock in idle[2 * PLACES :]:
            sock.sendall(HEAD)
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.usefixtures("busy")
def test_when_nobody_is_idle_the_rest_is_refused_at_once_and_health_is_not(small: Service) -> None:
    for _ in range(5):
        assert small.ask("GET", "/health").status == 200
        refused = small.get("local:///a.jpg", "w:10")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["connection"] == "close"
        assert refused.problem["detail"] == "all connections are taken"
    assert small.ask("GET", "/ready").status == 200


@pytest.mark.usefixtures("busy")
def test_nobody_can_keep_others_out_by_saying_nothing_or_too_little(small: Service) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(100):
            sock = stack.enter_context(wire.dial(small.port))
            sock.sendall(
                (b"", b"GET /", b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")[
                    number % 4
                ]
            )
        with wire.dial(small.port) as sock:
            sock.sendall(HEALTH)
            assert wire.listen(sock).statuses == [200]


def test_whoever_waited_and_was_answered_is_idle_and_gives_way(
    small: Service, busy: tuple[list[socket.socket], threading.Event]
) -> None:
    waiting, gate = busy
    gate.set()
    for sock in waiting:
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert small.get("local:///a.jpg", "w:10").status == 200
    ended, _, _ = select.select(waiting, [], [], 20)
    assert ended[0].recv(65536) == b""
