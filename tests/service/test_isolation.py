"""Hostile pictures and killed children through the whole service: one request each, and nobody else notices."""

import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.pictures import jpeg
from tests.service.conftest import KEY, TOKEN, Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    root = tmp_path_factory.mktemp("isolated")
    (root / "good.jpg").write_bytes(jpeg(600, 400))
    service = Service(
        root / "log",
        {
            "BLENDBEAT_LOCAL_ROOT": str(root),
            "BLENDBEAT_SVG": "1",
            "BLENDBEAT_PIXEL_WORKERS": "2",
            "BLENDBEAT_TRANSFORM_TIMEOUT_S": "3",
        },
    )
    yield service
    assert service.stop() == 0
    log = service.log.read_text()
    assert "Traceback" not in log
    assert len(re.findall("Booting worker", log)) == 1


def descendants(pid: int) -> list[int]:
    """Processes below *pid*."""
    below = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return below + [pid for child in below for pid in descendants(child)]


def children(service: Service) -> list[int]:
    """The pixel children of the service."""
    return [
        pid
        for pid in descendants(service.process.pid)
        if b"origin.imaging.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_a_drawing_that_never_ends_is_refused_and_the_next_request_served(service: Service) -> None:
    # Few enough elements to pass every count, each as large as the picture: minutes inside one call of the renderer.
    rect = '<rect id="l0" width="5000" height="5000" fill="red" fill-opacity="0.01"/>'
    groups = "".join(f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 90 + "</g>" for level in (1, 2))
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="5000" height="5000"><defs>{rect}{groups}</defs>'
    assert len(drawing) < 5000
    (service.log.parent / "endless.svg").write_text(drawing + '<use href="#l2"/></svg>')
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(service.get, "local:///endless.svg", "w:5000", extension="png")
        statuses: list[int] = []
        while not endless.done():
            statuses.append(service.get("local:///good.jpg", "w:100", f"cb:{len(statuses)}").status)
        reply = endless.result()
    assert (reply.status, reply.problem["type"].rpartition(":")[2]) == (422, "too-costly")
    assert set(statuses) == {200}
    assert service.get("local:///good.jpg", "w:101").status == 200
    assert "its picture was not finished in time" in service.log.read_text()


def test_killed_children_cost_the_requests_inside_them(service: Service) -> None:
    stop = threading.Event()
    statuses: list[int] = []

    def ask_on(client: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            statuses.append(service.get("local:///good.jpg", "w:300", f"cb:{client}-{number}").status)

    chance = random.Random(3)
    killed: set[int] = set()
    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask_on, client) for client in range(6)]
        try:
            for _ in range(8):
                time.sleep(0.2)
                if pids := [pid for pid in children(service) if pid not in killed]:
                    victim = chance.choice(pids)
                    os.kill(victim, signal.SIGKILL)
                    killed.add(victim)
        finally:
            stop.set()
        for one in asking:
            one.result(30)
    assert set(statuses) <= {200, 503}
    assert statuses.count(503) <= len(killed)
    until = time.monotonic() + 20
    while len(set(children(service)) - killed) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert service.get("local:///good.jpg", "w:103").status == 200


def test_nothing_secret_reaches_a_child(service: Service) -> None:
    for pid in children(service):
        environ = Path(f"/proc/{pid}/environ").read_bytes().decode()
        assert KEY not in environ
        assert TOKEN not in environ
        assert "BLENDBEAT" not in environ


def test_the_http_worker_has_no_libvips(service: Service) -> None:
    own = set(descendants(service.process.pid)) - set(children(service))
    assert own
    for pid in own:
        assert "libvips" not in Path(f"/proc/{pid}/maps").read_text()


def test_children_end_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    service = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    try:
        before = children(service)
        (worker,) = set(descendants(service.process.pid)) - set(before)
        os.kill(worker, signal.SIGKILL)
        until = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in before):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(20)


def test_threads_remain_as_a_setting(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    service = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(tmp_path), "BLENDBEAT_PIXEL_ISOLATION": "thread"})
    try:
        assert service.get("local:///a.jpg", "w:10").status == 200
        assert children(service) == []
    finally:
        assert service.stop() == 0
