"""Two hosts with two workers each, and one memcached: what one made, all have."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.memcached import Memcached, wait_until
from tests.pictures import jpeg
from tests.service.conftest import Reply, Service
from tests.webserver import SourceServer


@pytest.fixture(scope="module")
def memcached() -> Iterator[Memcached]:
    with Memcached() as running:
        yield running


@pytest.fixture
def source() -> Iterator[SourceServer]:
    with SourceServer({"/photo.jpg": jpeg(1200, 900)}) as running:
        yield running


@pytest.fixture
def hosts(tmp_path_factory: pytest.TempPathFactory, memcached: Memcached) -> Iterator[tuple[Service, Service]]:
    folder = tmp_path_factory.mktemp("fleet")
    # Two hundred clients and four workers on two cores: what is late here is not memcached.
    environ = {"BLENDBEAT_MEMCACHED": memcached.name, "BLENDBEAT_MEMCACHED_TIMEOUT_S": "5", "WEB_CONCURRENCY": "2"}
    running = (Service(folder / "a", environ), Service(folder / "b", environ))
    yield running
    for host in running:
        host.stop()


def outcomes(hosts: tuple[Service, ...], target: str) -> list[str]:
    return [line["outcome"] for host in hosts for line in host.lines() if target in line["target"]]


def test_four_workers_asked_two_hundred_times_fetch_once_and_encode_once(
    hosts: tuple[Service, Service], source: SourceServer
) -> None:
    url, everybody = source.url("/photo.jpg"), threading.Barrier(200)

    def ask(number: int) -> Reply:
        everybody.wait()
        return hosts[number % 2].get(url, "w:640")

    with ThreadPoolExecutor(200) as pool:
        replies = list(pool.map(ask, range(200)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert len({reply.headers["etag"] for reply in replies}) == 1
    assert source.count("/photo.jpg") == 1
    assert outcomes(hosts, "w:640").count("miss") == 1
    assert set(outcomes(hosts, "w:640")) <= {"miss", "coalesced", "hit"}


def test_a_host_that_starts_later_finds_what_the_others_made(
    hosts: tuple[Service, Service], source: SourceServer
) -> None:
    url = source.url("/photo.jpg")
    first = hosts[0].get(url, "w:320")
    wait_until(lambda: "detail=mem" in hosts[1].get(url, "w:320").headers["cache-status"])
    assert hosts[1].get(url, "w:320").body == first.body
    assert source.count("/photo.jpg") == 1
    assert "memcached" in {line.get("tier") for line in hosts[1].lines()}


def test_a_remembered_failure_is_remembered_by_all(hosts: tuple[Service, Service], source: SourceServer) -> None:
    assert hosts[0].get(source.url("/absent.jpg"), "w:320").status == 404
    wait_until(lambda: "detail=mem" in hosts[1].get(source.url("/absent.jpg"), "w:320").headers.get("cache-status", ""))
    assert source.count("/absent.jpg") == 1


def test_when_the_worker_that_makes_it_is_killed_another_goes_on(
    tmp_path_factory: pytest.TempPathFactory, memcached: Memcached, source: SourceServer
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    environ = {"BLENDBEAT_MEMCACHED": memcached.name}
    doomed, other = Service(folder / "a", environ), Service(folder / "b", environ)
    source.gates["/slow.jpg"] = gate = threading.Event()
    source.bodies["/slow.jpg"] = jpeg(1200, 900)
    url = source.url("/slow.jpg")
    try:
        with ThreadPoolExecutor(2) as pool:
            lost = pool.submit(doomed.get, url, "w:640")
            wait_until(lambda: source.count("/slow.jpg") == 1)
            waiting = pool.submit(other.get, url, "w:640")
            wait_until(lambda: memcached.stat("cmd_set") >= 1)
            (worker,) = subprocess.check_output(["pgrep", "-P", str(doomed.process.pid)], text=True).split()[:1]
            os.kill(int(worker), signal.SIGKILL)
            gate.set()
            assert waiting.result(20).status == 200
            assert lost.exception(20) is not None
    finally:
        doomed.stop()
        other.stop()
    assert outcomes((other,), "slow.jpg") == ["miss"]
