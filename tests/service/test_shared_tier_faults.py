"""The whole service over a shared tier that is killed, hangs, lies, fills up or is of another version.

Whatever happens there: every answer is the picture it should be, and none waits.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pyvips

from tests.memcached import Memcached, wait_until
from tests.pictures import encoded, jpeg
from tests.service.conftest import ADMIN_TOKEN, Service
from tests.tampering import TamperingProxy, cut_in_the_middle, flipped, garbage

URLS = [("local:///photo.jpg", f"w:{width}", f"bl:{blur}") for width in range(20, 32) for blur in (1, 2)]
PEOPLE = 8
HERE = Path(__file__).parents[2]
"""What sitecustomize is to import is what is tested, wherever it is installed from."""
NO_MEMORY = {"BLENDBEAT_MEMORY_TIER_BYTES": "0"}
"""So that every hit is one of the shared tier."""
PATIENCE_S = 10.0
"""Far below what waiting for a source or a picture may take; far above a time-out of the shared tier."""


@dataclass(frozen=True)
class Asked:
    """One answer."""

    url: int
    status: int
    body: bytes
    seconds: float


@pytest.fixture
def memcached() -> Iterator[Memcached]:
    with Memcached() as running:
        yield running


@pytest.fixture
def local(pictures: Path) -> None:
    (pictures / "photo.jpg").write_bytes(jpeg(320, 240))


@pytest.fixture
def expected(service: Service, local: None) -> list[bytes]:
    """What each URL is, as a service without a shared tier makes it."""
    return [service.get(source, *options).body for source, *options in URLS]


@pytest.fixture
def start(tmp_path: Path, pictures: Path) -> Iterator[Callable[..., Service]]:
    running: list[Service] = []

    def begin(server: str, **environ: str) -> Service:
        settings = {"BLENDBEAT_MEMCACHED": server, "BLENDBEAT_LOCAL_ROOT": str(pictures), **NO_MEMORY, **environ}
        running.append(Service(tmp_path / f"{len(running)}.log", settings))
        return running[-1]

    yield begin
    for service in running:
        assert service.stop() == 0, service.log.read_text()


def under_load(service: Service, meanwhile: Callable[[], None]) -> list[Asked]:
    """All answers of eight people who ask for everything, over and over, until *meanwhile* has ended."""
    over = threading.Event()

    def person(number: int) -> list[Asked]:
        answers: list[Asked] = []
        while not over.is_set():
            url = (number * 7 + len(answers)) % len(URLS)
            source, *options = URLS[url]
            began_s = time.monotonic()
            reply = service.get(source, *options)
            answers.append(Asked(url, reply.status, reply.body, time.monotonic() - began_s))
        return answers

    with ThreadPoolExecutor(PEOPLE) as pool:
        people = [pool.submit(person, number) for number in range(PEOPLE)]
        try:
            meanwhile()
        finally:
            over.set()
        return [asked for one in people for asked in one.result()]


def check(answers: list[Asked], expected: list[bytes]) -> None:
    assert len(answers) > PEOPLE
    for asked in answers:
        assert asked.status == 200, asked.body
        assert asked.body == expected[asked.url]
        assert asked.seconds < PATIENCE_S


def counters(service: Service) -> dict[str, Any]:
    reply = service.ask("GET", "/counters", {"Authorization": f"Bearer {ADMIN_TOKEN}"})
    content: dict[str, Any] = json.loads(reply.body)
    tier = content["memcached"]
    assert content["read"]["gets"] == content["read"]["hits"] + content["read"].get("misses", 0)
    return {**tier, "read": content["read"]}


def hit(service: Service) -> None:
    """Wait until an answer comes from the shared tier."""
    source, *options = URLS[0]
    wait_until(lambda: "detail=memcached" in service.get(source, *options).headers["cache-status"])


def test_a_server_that_is_killed_and_comes_back(
    start: Callable[..., Service], memcached: Memcached, expected: list[bytes]
) -> None:
    service = start(memcached.name)
    hit(service)

    def kill_and_start_again() -> None:
        memcached.kill()
        wait_until(lambda: counters(service)["errors"] + counters(service)["skipped"] > 0)
        memcached.start()
        hit(service)

    check(under_load(service, kill_and_start_again), expected)


def test_a_server_that_hangs_for_ten_seconds(
    start: Callable[..., Service], memcached: Memcached, expected: list[bytes]
) -> None:
    service = start(memcached.name)
    hit(service)

    def hang() -> None:
        memcached.pause()
        # Once it is known to hang, nobody waits for it but the few who probe.
        wait_until(lambda: counters(service)["skipped"] > 50)
        before = counters(service)
        time.sleep(10)  # what the fault is
        after = counters(service)
        assert after["errors"] - before["errors"] < (after["skipped"] - before["skipped"]) / 4
        memcached.resume()
        hit(service)

    check(under_load(service, hang), expected)


def test_a_server_that_is_full(start: Callable[..., Service], pictures: Path, expected: list[bytes]) -> None:
    noise = pyvips.Image.gaussnoise(400, 300, mean=128, sigma=60).cast("uchar")
    (pictures / "noise.png").write_bytes(encoded(noise, ".png"))
    with Memcached(2) as small:
        service = start(small.name)

        def fill() -> None:
            for number in range(60):
                assert service.get("local:///noise.png", "raw:1", f"cb:{number}").status == 200
            # Room for some is made by forgetting others; where even that is impossible, it says so.
            wait_until(lambda: small.stat("evictions") + counters(service)["errors"] > 0)

        check(under_load(service, fill), expected)


@pytest.mark.parametrize("lie", [cut_in_the_middle, garbage, flipped])
def test_a_server_that_answers_nonsense(
    start: Callable[..., Service], memcached: Memcached, expected: list[bytes], lie: Callable[[bytes], Iterator[bytes]]
) -> None:
    with TamperingProxy(memcached.port) as proxy:
        service = start(proxy.name)
        hit(service)

        def answer_nonsense() -> None:
            proxy.answer = lie
            wait_until(lambda: counters(service)["errors"] + counters(service)["corrupt"] > 5)
            time.sleep(1)  # the fault lasts
            proxy.answer = lambda data: iter([data])
            hit(service)

        check(under_load(service, answer_nonsense), expected)


def test_a_server_that_is_slower_than_its_time(
    start: Callable[..., Service], memcached: Memcached, expected: list[bytes]
) -> None:
    with TamperingProxy(memcached.port) as proxy:
        service = start(proxy.name)
        hit(service)

        def drip() -> None:
            proxy.answer = proxy.drip
            wait_until(lambda: counters(service)["skipped"] > 20)

        check(under_load(service, drip), expected)


A_YEAR_AHEAD = "import time\n_now = time.time\ntime.time = lambda: _now() + 365 * 86400\n"

OTHER_VERSION = """
import {module}
{module}.{name} = {value}
"""


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [("cachetiers.codec", "VERSION", "99"), ("origin.grammar", "GRAMMAR_VERSION", '"99"')],
)
def test_two_fleets_of_different_versions_share_a_server(
    start: Callable[..., Service],
    memcached: Memcached,
    expected: list[bytes],
    tmp_path: Path,
    module: str,
    name: str,
    value: str,
) -> None:
    """What another version wrote is a miss, whether its codec differs or what its URLs mean."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(OTHER_VERSION.format(module=module, name=name, value=value))
    ours, theirs = start(memcached.name), start(memcached.name, PYTHONPATH=f"{folder}:{HERE}")
    check(under_load(ours, lambda: hit(ours)), expected)
    check(under_load(theirs, lambda: hit(theirs)), expected)
    check(under_load(ours, lambda: hit(ours)), expected)
    for service in (ours, theirs):
        assert counters(service)["corrupt"] == 0


def test_a_host_whose_clock_is_a_year_ahead_poisons_nobody(
    start: Callable[..., Service], memcached: Memcached, expected: list[bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "future"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(A_YEAR_AHEAD)
    ahead, ours = start(memcached.name, PYTHONPATH=f"{folder}:{HERE}"), start(memcached.name)
    check(under_load(ahead, lambda: hit(ahead)), expected)
    check(under_load(ours, lambda: hit(ours)), expected)
    assert counters(ours)["expired"] > 0
