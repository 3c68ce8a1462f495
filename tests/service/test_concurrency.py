"""Many at once: one fetch and one encode for all, and an event loop that never waits for pixels."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import TypeVar

import pytest
import pyvips

from tests.pictures import encoded, jpeg
from tests.service.conftest import Reply, Service
from tests.webserver import SourceServer

T = TypeVar("T")


@pytest.fixture(scope="module")
def source() -> Iterator[SourceServer]:
    with SourceServer({"/photo.jpg": jpeg(1200, 900)}) as running:
        yield running


def at_once(people: int, ask: Callable[[int], T]) -> list[T]:
    """Everybody asks at the same moment."""
    barrier = threading.Barrier(people)

    def wait_and_ask(number: int) -> T:
        barrier.wait()
        return ask(number)

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(wait_and_ask, range(people)))


def told(service: Service, request_id: str) -> list[str]:
    return sorted(line["outcome"] for line in service.lines() if line["request_id"] == request_id)


def test_fifty_at_once_make_one_fetch_and_one_encode(service: Service, source: SourceServer) -> None:
    def ask(_: int) -> Reply:
        return service.get(source.url("/photo.jpg"), "w:700", X_Request_Id="herd")

    replies = at_once(50, ask)
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert source.count("/photo.jpg") == 1
    outcomes = told(service, "herd")
    assert outcomes.count("miss") == 1
    assert len(outcomes) == 50
    assert {reply.headers["cache-status"].partition("; ttl")[0] for reply in replies} <= {
        "blendbeat; fwd=uri-miss; stored",
        "blendbeat; fwd=uri-miss; collapsed; stored",
        "blendbeat; hit",
    }


def test_a_failure_is_shared_by_those_who_wait_and_forgotten_afterwards(service: Service, source: SourceServer) -> None:
    source.gates["/later.jpg"] = gate = threading.Event()
    source.raw["/later.jpg"] = b"HTTP/1.1 500 Not Yet\r\nContent-Length: 0\r\n\r\n"
    threading.Timer(0.5, gate.set).start()
    replies = at_once(20, lambda _: service.get(source.url("/later.jpg"), "w:20"))
    assert {reply.status for reply in replies} == {502}
    assert source.count("/later.jpg") < 20
    del source.raw["/later.jpg"]
    source.bodies["/later.jpg"] = jpeg()
    assert service.get(source.url("/later.jpg"), "w:20").status == 200


def test_six_widths_of_one_picture_at_once_and_a_seventh_later_share_a_fetch(
    service: Service, source: SourceServer
) -> None:
    source.bodies["/srcset.jpg"] = jpeg(1200, 900)
    replies = at_once(6, lambda number: service.get(source.url("/srcset.jpg"), f"w:{(number + 1) * 100}"))
    assert {reply.status for reply in replies} == {200}
    assert service.get(source.url("/srcset.jpg"), "w:650").status == 200
    assert source.count("/srcset.jpg") == 1


def test_different_pictures_are_all_made(service: Service, source: SourceServer) -> None:
    replies = at_once(24, lambda number: service.get(source.url("/photo.jpg"), f"w:{100 + number}"))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.headers["etag"] for reply in replies}) == 24


def test_a_second_of_pixels_does_not_delay_the_event_loop(service: Service, pictures: Path) -> None:
    noise = pyvips.Image.gaussnoise(4000, 4000, mean=128, sigma=60).cast("uchar")
    (pictures / "slow.png").write_bytes(
        encoded(noise.bandjoin([noise, noise]).copy(interpretation="srgb"), ".png", compression=1)
    )
    waits_ms: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(service.get, "local:///slow.png", "w:2000", extension="webp")
        while not making.done():
            asked_s = time.perf_counter()
            assert service.ask("GET", "/health").status == 200
            waits_ms.append((time.perf_counter() - asked_s) * 1000)
            time.sleep(0.005)
        assert making.result().status == 200
    (line,) = [line for line in service.lines() if "slow.png" in line["target"]]
    assert float(line["transform_ms"]) > 400
    # Inline in a greenlet the slowest of these would wait for the whole picture.
    assert len(waits_ms) > 20
    assert quantiles(waits_ms, n=10)[-1] < float(line["transform_ms"]) / 4
