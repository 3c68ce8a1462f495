"""Told to stop, the service says so first, finishes what it has, and waits for nobody who says nothing."""

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.memcached import wait_until
from tests.pictures import decoded, jpeg
from tests.processes import family
from tests.service import wire
from tests.service.conftest import RING, Service
from tests.webserver import SourceServer

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Service] = []

    def begin(**environ: str) -> Service:
        running.append(Service(tmp_path / f"{len(running)}.log", {"BLENDBEAT_LOCAL_ROOT": str(tmp_path), **environ}))
        return running[-1]

    yield begin
    for service in running:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()


def is_ready(service: Service) -> bool:
    return service.ask("GET", "/ready").status == 200


def test_a_service_that_serves_is_ready(start: Start) -> None:
    service = start()
    reply = service.ask("GET", "/ready")
    assert (reply.status, json.loads(reply.body)) == (200, {"ready": True})
    assert reply.headers["cache-control"] == "no-store"
    assert service.stop() == 0
    assert "/ready" not in service.log.read_text()


def test_ready_is_never_rationed(start: Start) -> None:
    service = start(BLENDBEAT_RATE_LIMIT="1/60s")
    assert {service.ask("GET", "/ready").status for _ in range(20)} == {200}
    assert service.stop() == 0


def test_in_the_grace_it_is_not_ready_and_serves_as_before(start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    service = start(BLENDBEAT_DRAIN_GRACE_S="3")
    assert is_ready(service)
    started_s = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not is_ready(service))
    reply = service.ask("GET", "/ready")
    assert (reply.status, json.loads(reply.body)) == (503, {"ready": False, "reason": "stopping"})
    assert service.get("local:///a.jpg", "w:10").status == 200
    assert service.ask("GET", "/health").status == 200
    assert service.process.wait(20) == 0
    assert time.monotonic() - started_s > 2.5
    with pytest.raises(ConnectionRefusedError):
        service.ask("GET", "/health")
    assert service.log.read_text().count("not ready: stopping") == 1


def test_in_the_grace_every_answer_is_the_last_of_its_connection(start: Start) -> None:
    service = start(BLENDBEAT_DRAIN_GRACE_S="3")
    with wire.dial(service.port) as kept:
        kept.sendall(HEALTH)
        assert b"keep-alive" in kept.recv(65536)
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not is_ready(service))
        kept.sendall(HEALTH)
        heard = wire.listen(kept)
    assert (heard.statuses, heard.ended) == ([200], True)
    assert b"Connection: close" in heard.data
    assert service.process.wait(20) == 0


def test_idle_connections_do_not_hold_up_a_stop(start: Start) -> None:
    service = start()
    with ExitStack() as stack:
        for _ in range(5):
            sock = stack.enter_context(wire.dial(service.port))
            sock.sendall(HEALTH)
            assert sock.recv(65536)
            stack.enter_context(wire.dial(service.port))  # and one that never says a word
        started_s = time.monotonic()
        assert service.stop() == 0
    # Far below the 30 s for which requests in flight are waited for.
    assert time.monotonic() - started_s < 10


def test_interrupted_at_a_keyboard_it_stops_at_once(start: Start) -> None:
    service = start(BLENDBEAT_DRAIN_GRACE_S="20")
    started_s = time.monotonic()
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(20) == 0
    assert time.monotonic() - started_s < 10


def test_a_request_in_flight_is_answered_before_the_process_ends(start: Start) -> None:
    with SourceServer({"/a.jpg": jpeg()}) as source, ThreadPoolExecutor(1) as pool:
        source.gates["/a.jpg"] = threading.Event()
        service = start()
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        connection.request("GET", sign_path(RING, path_for(source.url("/a.jpg"), ["w:10"])))
        wait_until(lambda: source.count("/a.jpg") == 1)
        service.process.send_signal(signal.SIGTERM)
        ended = pool.submit(service.process.wait, 30)
        wait_until(lambda: refuses(service))
        assert not ended.done()
        source.gates["/a.jpg"].set()
        response = connection.getresponse()
        assert (response.status, response.getheader("Connection")) == (200, "close")
        assert decoded(response.read()).width == 10
        assert ended.result() == 0


def refuses(service: Service) -> bool:
    try:
        service.ask("GET", "/health")
    except ConnectionError:
        return True
    return False


def test_a_request_whose_head_is_still_on_its_way_is_answered(start: Start) -> None:
    service = start()
    with wire.dial(service.port) as slow:
        slow.sendall(HEALTH[:20])
        assert is_ready(service)  # by now the first part has been read
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(service))
        slow.sendall(HEALTH[20:])
        assert wire.listen(slow).statuses == [200]
    assert service.process.wait(20) == 0


def test_a_request_that_outlives_the_drain_is_told_so_and_the_exit_status_tells_it(start: Start) -> None:
    with SourceServer() as source, ThreadPoolExecutor(1) as pool:
        service = start(BLENDBEAT_DRAIN_S="3", BLENDBEAT_SOURCE_READ_TIMEOUT_S="60", BLENDBEAT_SOURCE_TIMEOUT_S="60")
        waiting = pool.submit(service.get, source.url("/hang"), "w:10")
        wait_until(lambda: source.count("/hang") == 1)
        started_s = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        reply = waiting.result(20)
        assert (reply.status, reply.problem["type"].rpartition(":")[2]) == (503, "interrupted")
        assert service.process.wait(20) == 1
        assert time.monotonic() - started_s < 10
    assert "1 requests were not finished in time" in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


def test_who_is_connected_when_the_grace_ends_is_answered(start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    service = start(BLENDBEAT_DRAIN_GRACE_S="1")
    begun = threading.Event()

    def ask_on() -> list[str]:
        """What went wrong on connections of their own, until nobody listens any more."""
        bad: list[str] = []
        while True:
            try:
                reply = service.get("local:///a.jpg", "w:30")
            except ConnectionRefusedError:
                return bad
            except OSError as error:
                bad.append(repr(error))
            else:
                bad += [] if reply.status == 200 else [str(reply.status)]
            begun.set()

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask_on) for _ in range(8)]
        assert begun.wait(10)
        service.process.send_signal(signal.SIGTERM)
        assert [one.result(30) for one in asking] == [[]] * 8
        assert service.process.wait(20) == 0
    assert "failed" not in service.log.read_text()


@pytest.mark.parametrize("fast_path", ["1", "0"])
def test_an_answer_that_outlives_the_drain_is_told_and_the_exit_status_tells_it(
    start: Start, tmp_path: Path, fast_path: str
) -> None:
    # More than the system's buffers take.
    (tmp_path / "large.jpg").write_bytes(jpeg(64, 64) + bytes(20_000_000))
    service = start(BLENDBEAT_DRAIN_S="3", BLENDBEAT_FAST_PATH=fast_path, BLENDBEAT_MAX_SOURCE_BYTES="30000000")
    path = sign_path(RING, path_for("local:///large.jpg", ["raw:1"]))
    for _ in range(2):
        assert service.ask("GET", path).status == 200
    with wire.dial(service.port, 4096) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(12) == b"HTTP/1.1 200"
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(20) == 1
    assert "1 requests were not finished in time" in service.log.read_text()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_under_load_nothing_is_cut_and_every_byte_is_right(start: Start, tmp_path: Path, workers: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg(1200, 900))
    service = start(WEB_CONCURRENCY=workers, BLENDBEAT_DRAIN_GRACE_S="1")
    right = service.get("local:///photo.jpg", "w:300").body
    ended = threading.Event()
    with SourceServer({"/slow.jpg": jpeg(1200, 900)}) as source, ThreadPoolExecutor(12) as pool:
        source.gates["/slow.jpg"] = threading.Event()

        def ask_on(client: int) -> tuple[int, list[str]]:
            """Answers that were right, and what was not, until nobody listens any more."""
            good, bad = 0, []
            while not ended.is_set():
                try:
                    reply = service.get("local:///photo.jpg", "w:300", f"cb:{client}-{good}")
                except ConnectionRefusedError:
                    break
                except OSError as error:
                    bad.append(repr(error))
                    break
                good += reply.body == right
                bad += [] if reply.body == right else [str(reply.status)]
            return good, bad

        asking = [pool.submit(ask_on, client) for client in range(8)]
        slow = [pool.submit(service.get, source.url("/slow.jpg"), f"w:{width}") for width in (100, 200)]
        wait_until(lambda: source.count("/slow.jpg") > 0)
        service.process.send_signal(signal.SIGTERM)
        told = [one.result(30) for one in asking]
        source.gates["/slow.jpg"].set()
        assert [decoded(one.result(30).body).width for one in slow] == [100, 200]
        assert service.process.wait(30) == 0
    assert [bad for _, bad in told] == [[]] * 8
    assert sum(good for good, _ in told) > 8


def test_a_worker_that_is_replaced_takes_the_port_from_nobody(start: Start) -> None:
    service = start()
    before = set(family(service.process.pid))
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not before & set(family(service.process.pid)[1:]), 20)
    for _ in range(20):
        began_s = time.monotonic()
        assert is_ready(service)
        assert time.monotonic() - began_s < 10
    assert service.stop() == 0
