"""Clients that drip and clients that do not listen: each is dropped in time, and nobody else notices them."""

import contextlib
import random
import resource
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from origin.places import STANDING
from tests.memcached import wait_until
from tests.pictures import jpeg
from tests.service import wire
from tests.service.conftest import RING, TOKEN, Service

UPLOAD = f"POST /resize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: image/jpeg\r\n"


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Service]:
    """A service with little patience, so that a test needs little, too."""
    environ = {
        "BLENDBEAT_LOCAL_ROOT": str(pictures),
        "BLENDBEAT_HEAD_TIMEOUT_S": "1",
        "BLENDBEAT_BODY_TIMEOUT_S": "3",
        "BLENDBEAT_CLIENT_STALL_S": "1",
        "BLENDBEAT_CLIENT_BYTES_PER_S": "1000",
    }
    running = Service(tmp_path_factory.mktemp("brisk") / "log", environ)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


def test_a_head_that_drips_is_cut_off_with_408(brisk: Service) -> None:
    with wire.dial(brisk.port) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        heard = wire.listen(sock)
    assert heard.statuses == [408]
    assert heard.ended
    with wire.dial(brisk.port) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nX: ")
        # A byte now and then does not buy more time.
        assert wire.dripped(sock, b"x", every_s=0.1) < 8


def test_who_never_says_a_word_is_let_go(brisk: Service) -> None:
    with wire.dial(brisk.port) as sock:
        heard = wire.listen(sock)
    assert (heard.data, heard.ended) == (b"", True)


def test_who_was_served_may_think_about_the_next_request(brisk: Service) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with wire.dial(brisk.port) as sock:
        sock.sendall(request)
        assert wire.listen(sock, patience_s=2).statuses == [200]  # longer than a head may take
        sock.sendall(request)
        assert wire.listen(sock, patience_s=1).statuses == [200]


def test_the_next_head_that_began_with_the_last_request_has_no_more_time_than_others(brisk: Service) -> None:
    whole = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with wire.dial(brisk.port) as sock:
        sock.sendall(whole + whole[:20])
        heard = wire.listen(sock)
    assert (heard.statuses, heard.ended) == ([200, 408], True)
    with wire.dial(brisk.port) as sock:
        sock.sendall(whole + whole[:20])
        sock.sendall(whole[20:-2] + b"Connection: close\r\n\r\n")
        assert wire.listen(sock).statuses == [200, 200]


@pytest.mark.parametrize("framing", ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n186a0\r\n"])
def test_a_body_that_drips_or_stops_is_answered_408(brisk: Service, framing: str) -> None:
    with wire.dial(brisk.port) as sock:
        sock.sendall((UPLOAD + framing + "only this").encode())
        heard = wire.listen(sock)
    assert (heard.statuses, heard.ended) == ([408], True)
    assert b"urn:blendbeat:problem:too-slow" in heard.data
    with wire.dial(brisk.port) as sock:
        sock.sendall((UPLOAD + framing).encode())
        assert wire.dripped(sock, b"x", every_s=0.1) < 10


def test_a_body_that_never_stops_quite_enough_ends_at_its_total(brisk: Service) -> None:
    with wire.dial(brisk.port) as sock:
        sock.sendall((UPLOAD + "Content-Length: 9000000\r\n\r\n").encode())
        assert 2 < wire.dripped(sock, bytes(1000), every_s=0.2) < 12
    assert brisk.lines()[-1]["outcome"] == "too-slow"


def test_a_slow_body_within_the_pace_is_served(brisk: Service) -> None:
    body = jpeg(64, 48)
    with wire.dial(brisk.port) as sock:
        sock.sendall((UPLOAD + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode())
        for start in range(0, len(body), 1 + len(body) // 5):
            sock.sendall(body[start : start + 1 + len(body) // 5])
            time.sleep(0.1)  # that is what is slow about it
        assert wire.listen(sock).statuses == [200]


def test_a_body_that_nobody_wants_is_answered_before_it_has_come(brisk: Service) -> None:
    body = bytes(30_000_000)
    with wire.dial(brisk.port) as sock:
        sock.sendall((UPLOAD + f"Content-Length: {len(body)}\r\n\r\n").encode())
        # A client that sends on regardless can still read the answer.
        with contextlib.suppress(OSError):
            sock.sendall(body[:5_000_000])
        heard = wire.listen(sock)
    assert heard.statuses == [413]
    assert heard.ended


@pytest.fixture(scope="module")
def heavy(pictures: Path) -> str:
    """The target of an answer of some megabytes."""
    (pictures / "heavy.bmp").write_bytes(bmp(random.Random(1).randbytes(8_000_000)))
    return sign_path(RING, path_for("local:///heavy.bmp", ["raw:1"]))


def bmp(pixels: bytes) -> bytes:
    """A grey BMP of 2000 px width."""
    height = len(pixels) // 2000
    offset = 54 + 1024
    palette = b"".join(struct.pack("<BBBB", n, n, n, 0) for n in range(256))
    head = struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, 2000, height, 1, 8, 0, len(pixels), 2835, 2835, 256, 0)
    return head + info + palette + pixels


def test_a_client_that_never_reads_is_dropped(brisk: Service, heavy: str) -> None:
    with wire.dial(brisk.port, receive_buffer_bytes=4096) as sock:
        sock.sendall(f"GET {heavy} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_until(lambda: connections(brisk) == 1, patience_s=30)
        wait_until(lambda: connections(brisk) == 0, patience_s=30)
        heard = wire.listen(sock)
    assert heard.ended
    assert len(heard.data) < 8_000_000


def connections(service: Service) -> int:
    """Connections that the service has not closed yet."""
    port = f":{service.port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(port) and row[3] == "01" for row in rows)


def test_a_client_that_reads_slowly_within_the_pace_gets_all_of_it(brisk: Service, heavy: str) -> None:
    got = 0
    with wire.dial(brisk.port, receive_buffer_bytes=65536) as sock:
        sock.sendall(f"GET {heavy} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while data := sock.recv(400_000):
            got += len(data)
            time.sleep(0.01)  # that is what is slow about it
    assert got > 8_000_000


def test_a_head_may_be_long_but_not_longer_than_32_kib(brisk: Service) -> None:
    def head(fields: int) -> bytes:
        lines = "".join(f"X-{number}: {'x' * 7000}\r\n" for number in range(fields))
        return f"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode()

    assert wire.say(brisk.port, head(4)).statuses == [200]
    assert wire.say(brisk.port, head(7)).statuses == [431]
    assert wire.say(brisk.port, b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 65 + b"\r\n").statuses == [431]
    assert wire.say(brisk.port, b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n").statuses == [414]


def test_five_hundred_dripping_heads_disturb_nobody(brisk: Service) -> None:
    with contextlib.ExitStack() as stack:
        drips = [stack.enter_context(wire.dial(brisk.port)) for _ in range(500)]
        for sock in drips:
            sock.sendall(b"GET /health HTTP/1.1\r\nX-Drip: ")
        for round_ in range(5):
            for sock in drips:
                with contextlib.suppress(OSError):
                    sock.sendall(b"x")
            assert brisk.ask("GET", "/health").status == 200, round_
            assert brisk.get("local:///heavy.bmp", "w:16").status == 200
        wait_until(lambda: connections(brisk) == 0, patience_s=15)
    assert brisk.ask("GET", "/health").status == 200


@pytest.fixture
def many_files() -> Iterator[None]:
    """Leave for as many connections as the next test needs, in this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip(f"a process may open {hard} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_when_all_connections_are_taken_the_idle_ones_make_room(tmp_path: Path) -> None:
    # As many as one worker has, and then some; each was served once, so each might stay for 75 s.
    service = Service(tmp_path / "log", {})
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(2100):
                sock = stack.enter_context(wire.dial(service.port))
                sock.sendall(b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert sock.recv(4096).startswith(b"HTTP/1.1 200")
            assert service.ask("GET", "/health").status == 200
            # And those for whom there is no place, of whom each has one answer and goes.
            wait_until(lambda: connections(service) <= 2000 + STANDING)
    finally:
        assert service.stop() == 0
