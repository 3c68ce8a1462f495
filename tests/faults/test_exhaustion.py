"""No files, no memory, no disk, and processes killed: clear answers meanwhile, and all as before when it has passed."""

import contextlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.memcached import wait_until
from tests.pictures import decoded, jpeg
from tests.processes import family, processor_s, status_kib
from tests.service import wire
from tests.service.conftest import RING, TOKEN, Service
from tests.webserver import SourceServer

MIB = 1024 * 1024
PATIENCE_S = 20
Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "photo.jpg").write_bytes(jpeg(600, 400))
    running: list[Service] = []

    def begin(**environ: str) -> Service:
        settings = {"BLENDBEAT_LOCAL_ROOT": str(tmp_path), "BLENDBEAT_PIXEL_WORKERS": "2", **environ}
        running.append(Service(tmp_path / f"{len(running)}.log", settings))
        return running[-1]

    yield begin
    for service in running:
        if service.process.poll() is None:
            assert service.stop() == 0, service.log.read_text()


def is_child(process: int) -> bool:
    return b"origin.imaging.child" in Path(f"/proc/{process}/cmdline").read_bytes()


def worker_of(service: Service) -> int:
    """The HTTP worker."""
    (worker,) = [process for process in family(service.process.pid)[1:] if not is_child(process)]
    return worker


def next_file(process: int) -> int:
    """The number that the next file it opens gets."""
    taken = {int(entry.name) for entry in Path(f"/proc/{process}/fd").iterdir()}
    return next(number for number in count() if number not in taken)


def test_a_killed_http_worker_costs_the_requests_inside_it(start: Start) -> None:
    service, over = start(), threading.Event()

    def ask_on(client: int) -> tuple[int, int]:
        """Answers, and connections that broke."""
        good = lost = 0
        while not over.is_set():
            try:
                assert service.get("local:///photo.jpg", "w:100", f"cb:{client}-{good}").status == 200
                good += 1
            except OSError:
                lost += 1
        return good, lost

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask_on, client) for client in range(4)]
        before = worker_of(service)
        os.kill(before, signal.SIGKILL)
        with contextlib.suppress(OSError):
            wait_until(lambda: service.process.poll() is not None or serves(service), PATIENCE_S)
        over.set()
        told = [one.result(60) for one in asking]
    # The arbiter holds the port, so whoever comes in between waits; at most the request inside is lost.
    assert all(lost <= 1 for _, lost in told)
    assert worker_of(service) != before
    assert service.get("local:///photo.jpg", "w:101").status == 200


def serves(service: Service) -> bool:
    with contextlib.suppress(OSError):
        return service.ask("GET", "/ready").status == 200
    return False


def test_nothing_outlives_a_killed_arbiter(start: Start) -> None:
    service = start()
    processes = family(service.process.pid)
    assert len(processes) >= 3
    service.process.kill()
    service.process.wait()
    wait_until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes), PATIENCE_S)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", service.port))


def test_idle_connections_that_take_all_files_make_room(start: Start) -> None:
    service = start()
    worker = worker_of(service)
    _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    # Below what the service counts with, as if something else had taken them.
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (next_file(worker) + 24, hard))
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(wire.dial(service.port))
        wait_until(lambda: "connections cannot be accepted: Too many open files" in service.log.read_text())
        before_s, began_s = processor_s(worker), time.monotonic()
        for number in range(5):
            assert service.ask("GET", "/health").status == 200
            assert service.get("local:///photo.jpg", "w:50", f"cb:{number}").status in (200, 503)
        assert processor_s(worker) - before_s < 0.5 + (time.monotonic() - began_s) * 0.8  # and nobody spins
    assert service.get("local:///photo.jpg", "w:60").status == 200
    assert worker_of(service) == worker
    assert "Traceback" not in service.log.read_text()


def test_without_a_file_left_a_source_is_not_blamed(start: Start) -> None:
    with SourceServer({"/a.jpg": jpeg()}) as source:
        service = start(BLENDBEAT_SOURCE_FAILURES="1", BLENDBEAT_SOURCE_TIER_BYTES="0")
        worker = worker_of(service)
        soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        # One that is open already; there is no file for another.
        with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)) as kept:
            kept.request("GET", "/health")
            kept.getresponse().read()
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (next_file(worker), hard))
            for url in (source.url("/a.jpg"), "local:///photo.jpg"):
                kept.request("GET", sign_path(RING, path_for(url, ["w:10"])))
                reply = kept.getresponse()
                assert (reply.status, reply.getheader("Retry-After")) == (503, "1")
                assert b"urn:blendbeat:problem:overloaded" in reply.read()
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (soft, hard))
        # One failure would have closed its gate.
        assert service.get(source.url("/a.jpg"), "w:10").status == 200
        assert service.get("local:///photo.jpg", "w:10").status == 200


def test_without_memory_the_answer_is_503_and_then_all_is_as_before(start: Start, tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.write(jpeg(64, 64))
        file.truncate(150 * MIB)
    service = start(BLENDBEAT_MAX_SOURCE_BYTES=str(200 * MIB))
    assert service.get("local:///photo.jpg", "w:20").status == 200
    worker = worker_of(service)
    soft, hard = resource.prlimit(worker, resource.RLIMIT_AS)
    resource.prlimit(worker, resource.RLIMIT_AS, (status_kib(worker, "VmSize") * 1024 + 8 * MIB, hard))
    for width in range(3):
        reply = service.get("local:///large.jpg", f"w:{30 + width}")
        assert reply.status == 503
        assert reply.headers["retry-after"] == "1"
        assert service.ask("GET", "/health").status == 200
        assert service.get("local:///photo.jpg", "w:20").status == 200
    resource.prlimit(worker, resource.RLIMIT_AS, (soft, hard))
    assert service.get("local:///large.jpg", "w:40").status == 200
    assert worker_of(service) == worker
    assert "used up the memory it may have" in service.log.read_text()


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg(600, 400))
    # Where it logs to is full before it starts.
    service = Service(Path("/dev/full"), {"BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    try:
        for width in range(10, 20):
            assert decoded(service.get("local:///photo.jpg", f"w:{width}").body).width == width
        assert service.get("local:///absent.jpg", "w:1").status == 404
        assert service.ask("GET", "/wrong/w:1/plain/local:///a.jpg").status == 403
    finally:
        # Python's own, for a last line that could not be written either.
        assert service.stop() in (0, 120)


DISKS = {
    "full": "mount -t tmpfs -o size=64k none /dev/shm; cat /dev/zero > /dev/shm/full 2>/dev/null || true",
    "read-only": "mount -t tmpfs -o ro none /dev/shm",
}


@pytest.mark.parametrize("disk", DISKS)
def test_a_disk_that_cannot_be_written_stops_nobody(tmp_path: Path, disk: str) -> None:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not have a mount table of its own")
    (tmp_path / "photo.jpg").write_bytes(jpeg(600, 400))
    around = ["unshare", "-m", "sh", "-c", f'{DISKS[disk]}\nexec "$@"', "sh"]
    service = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(tmp_path)}, around=around)
    try:
        assert service.get("local:///photo.jpg", "w:10").status == 200
        body, token = jpeg(600, 400) + bytes(2_000_000), {"Authorization": f"Bearer {TOKEN}"}
        assert service.ask("POST", "/resize?width=10", token, body).status == 200
    finally:
        assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()
