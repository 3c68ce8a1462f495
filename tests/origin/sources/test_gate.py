import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from origin.errors import (
    OriginError,
    SourceDown,
    SourceFailed,
    SourceForbidden,
    SourceMissing,
    SourceTimeout,
    SourceUnavailable,
    TooCostly,
)
from origin.recipe import Scheme, SourceRef
from origin.sources.circuit import Patience
from origin.sources.gate import Gate
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.http import HttpSource
from tests.cachetiers.clocks import Clock
from tests.memcached import wait_until
from tests.origin.sources.fetching import ref, without_deadline
from tests.webserver import PICTURE, SourceServer, loopback_settings

IMAGE = SourceImage(b"picture")
DOWN = SourceDown("img.example.com refuses the connection")


class Fake:
    """A source that answers what it is told to, and counts."""

    def __init__(self) -> None:
        self.answer: SourceImage | BaseException = IMAGE
        self.asked = 0
        self.hook: Callable[[SourceRef], None] = lambda _: None

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        self.asked += 1
        self.hook(source)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def picture(host: str = "img.example.com") -> SourceRef:
    return SourceRef(Scheme.HTTPS, f"https://{host}/a.jpg")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def gate(fake: Fake, clock: Clock, told: list[str]) -> Gate:
    return Gate(fake, Patience(3, 60, 10), places=2, wait_s=0.05, clock=clock, tell=told.append)


def fail(gate: Gate, error: type[BaseException] = OriginError, times: int = 3, host: str = "img.example.com") -> None:
    for _ in range(times):
        with pytest.raises(error):
            gate.fetch(picture(host))


@pytest.mark.parametrize("error", [DOWN, SourceTimeout("img.example.com was silent for too long")])
def test_host_that_failed_too_often_is_not_asked(gate: Gate, fake: Fake, error: OriginError) -> None:
    fake.answer = error
    fail(gate, type(error))
    fake.answer = IMAGE
    with pytest.raises(SourceUnavailable) as caught:
        gate.fetch(picture())
    assert fake.asked == 3
    assert caught.value.retry_after_s == 10


@pytest.mark.parametrize(
    "error",
    [SourceMissing("404"), SourceFailed("403"), TooCostly("large"), SourceForbidden("closed"), ValueError("ours")],
)
def test_host_that_answers_is_asked_whatever_it_answers(gate: Gate, fake: Fake, error: Exception) -> None:
    fake.answer = error
    fail(gate, type(error), times=20)
    assert fake.asked == 20


def test_other_hosts_are_not_affected(gate: Gate, fake: Fake) -> None:
    fake.answer = DOWN
    fail(gate)
    fail(gate, times=1, host="IMG.example.com")
    fake.answer = IMAGE
    assert gate.fetch(picture("other.example.com")) is IMAGE
    with pytest.raises(SourceUnavailable):
        gate.fetch(picture("IMG.EXAMPLE.com"))


def test_after_the_pause_the_host_is_asked_again(gate: Gate, fake: Fake, clock: Clock, told: list[str]) -> None:
    fake.answer = DOWN
    fail(gate)
    clock.now_s += 10
    fail(gate, SourceDown, times=1)
    fail(gate, SourceUnavailable, times=5)
    fake.answer = IMAGE
    clock.now_s += 10
    assert gate.fetch(picture()) is IMAGE
    assert gate.fetch(picture()) is IMAGE
    assert fake.asked == 6
    assert told == [
        "img.example.com has failed 3 times in a row and is left alone for a while",
        "img.example.com answers again",
    ]


def test_only_one_at_a_time_finds_out(gate: Gate, fake: Fake, clock: Clock) -> None:
    fake.answer = DOWN
    fail(gate)
    clock.now_s += 10
    fake.answer = IMAGE

    def while_it_is_asked(_: SourceRef) -> None:
        fake.hook = lambda _: None
        with pytest.raises(SourceUnavailable) as caught:
            gate.fetch(picture())
        assert caught.value.retry_after_s == 1

    fake.hook = while_it_is_asked
    assert gate.fetch(picture()) is IMAGE
    assert fake.asked == 4


def test_probe_that_is_killed_lets_another_try(gate: Gate, fake: Fake, clock: Clock) -> None:
    fake.answer = DOWN
    fail(gate)
    clock.now_s += 10
    fake.answer = KeyboardInterrupt()
    fail(gate, KeyboardInterrupt, times=1)
    fake.answer = IMAGE
    assert gate.fetch(picture()) is IMAGE


@pytest.fixture
def held_up(fake: Fake) -> Iterator[threading.Event]:
    """Until it is set, fetches from slow.example.com do not end."""
    released = threading.Event()
    fake.hook = lambda source: None if source.host != "slow.example.com" else (released.wait(10), None)[1]
    yield released
    released.set()


def test_slow_host_takes_its_own_places_and_no_others(gate: Gate, fake: Fake, held_up: threading.Event) -> None:
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(gate.fetch, picture("slow.example.com")) for _ in range(2)]
        wait_until(lambda: fake.asked == 2)
        with pytest.raises(SourceUnavailable, match="2 pictures of slow"):
            gate.fetch(picture("slow.example.com"))
        assert gate.fetch(picture()) is IMAGE
        held_up.set()
        assert [flight.result(10) for flight in slow] == [IMAGE, IMAGE]
    assert gate.fetch(picture("slow.example.com")) is IMAGE


def test_place_is_given_back_whatever_happens(gate: Gate, fake: Fake) -> None:
    fake.answer = SourceMissing("404")
    fail(gate, times=10)
    fake.answer = ValueError("ours")
    fail(gate, ValueError, times=10)
    fake.answer = IMAGE
    assert gate.fetch(picture()) is IMAGE


def test_hosts_that_say_nothing_are_not_remembered(gate: Gate, fake: Fake) -> None:
    fake.answer = SourceForbidden("closed")
    fail(gate, SourceForbidden)
    assert len(gate) == 0


def test_no_more_hosts_are_remembered_than_there_is_room_for(gate: Gate, fake: Fake) -> None:
    fake.answer = DOWN
    for number in range(3000):
        fail(gate, SourceDown, times=1, host=f"{number}.example.com")
    assert len(gate) == 1024
    fail(gate, SourceDown, times=2, host="2999.example.com")
    fail(gate, SourceUnavailable, times=1, host="2999.example.com")


@pytest.mark.parametrize("path", ["/status/500", "/status/503", "/status/429", "/hang"])
def test_real_host_that_fails_is_left_alone_and_comes_back(path: str) -> None:
    clock = Clock()
    with SourceServer() as server:
        source = HttpSource(loopback_settings(read_timeout_s=0.1), without_deadline)
        gate = Gate(source, Patience(3, 60, 10), places=8, wait_s=5, clock=clock)
        for _ in range(3):
            with pytest.raises((SourceDown, SourceTimeout)):
                gate.fetch(ref(server.url(path)))
        for _ in range(2):
            with pytest.raises(SourceUnavailable):
                gate.fetch(ref(server.url(path)))
        assert server.count(path) == 3
        with pytest.raises((SourceDown, SourceTimeout)):
            gate.fetch(ref(server.url("/status/502")))
        # One that has not failed may find out, once.
        with pytest.raises(SourceUnavailable):
            gate.fetch(ref(server.url("/ok")))
        assert server.count("/ok") == 0
        clock.now_s += 10
        assert gate.fetch(ref(server.url("/ok"))) == SourceImage(PICTURE)


def test_real_host_some_of_whose_pictures_fail_is_asked_for_the_others() -> None:
    with SourceServer() as server:
        source = HttpSource(loopback_settings(), without_deadline)
        gate = Gate(source, Patience(3, 60, 10), places=8, wait_s=5, clock=Clock())
        for number in range(4):
            assert gate.fetch(ref(server.url(f"/ok?{number}"))) == SourceImage(PICTURE)
            for status in (500, 502, 503, 504):
                with pytest.raises((SourceDown, SourceUnavailable)):
                    gate.fetch(ref(server.url(f"/status/{status}")))


def test_real_host_that_refuses_connections_is_left_alone() -> None:
    with SourceServer() as server:
        url = server.url("/ok")
    gate = Gate(HttpSource(loopback_settings(), without_deadline), Patience(3, 60, 10), places=8, wait_s=5)
    for expected in (SourceDown, SourceDown, SourceDown, SourceUnavailable, SourceUnavailable):
        with pytest.raises(expected):
            gate.fetch(ref(url))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20_000,
    ],
)
def test_real_host_that_always_breaks_off_or_speaks_no_http_is_left_alone(raw: bytes) -> None:
    with SourceServer() as server:
        paths = [f"/{number}" for number in range(4)]
        server.raw.update(dict.fromkeys(paths, raw))
        gate = Gate(HttpSource(loopback_settings(), without_deadline), Patience(3, 60, 10), places=8, wait_s=5)
        outcomes = [SourceDown, SourceDown, SourceDown, SourceDown, SourceUnavailable]
        for path, expected in zip([*paths, paths[0]], outcomes, strict=True):
            with pytest.raises(expected):
                # The fourth finds out at once: its picture has not failed.
                gate.fetch(ref(server.url(path)))


@pytest.mark.parametrize("path", ["/status/404", "/status/403", "/cut", "/large-chunked", "/redirect-loop"])
def test_real_host_that_has_no_such_picture_is_asked_for_others(path: str) -> None:
    with SourceServer() as server:
        gate = Gate(HttpSource(loopback_settings(), without_deadline), Patience(2, 60, 10), places=8, wait_s=5)
        for _ in range(5):
            with pytest.raises(OriginError):
                gate.fetch(ref(server.url(path)))
        assert gate.fetch(ref(server.url("/ok"))) == SourceImage(PICTURE)
