import ctypes
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import pytest

from origin.concurrency import NativeThreads, breathe, deadline, in_background, look_up
from origin.errors import SourceNowhere, SourceTimeout
from origin.sources.held import SourceImage
from origin.sources.http import HttpSource
from origin.sources.resolver import Found, Resolver
from tests.cachetiers.test_memory import Clock
from tests.origin.sources.fetching import entry, ref, refused, without_deadline
from tests.webserver import PICTURE, SourceServer, loopback_settings


class NameServer:
    """Answers with what it holds, or not at all while it is silent."""

    def __init__(self, **table: str) -> None:
        self.table = table
        self.asked: list[str] = []
        self.silent = False

    def __call__(self, host: str, port: int, flags: int) -> Found:
        if flags & socket.AI_NUMERICHOST:
            return look_up(host, port, flags)
        self.asked.append(host)
        if self.silent:
            raise TimeoutError
        if host not in self.table:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [entry(self.table[host], port)]


def at_once(call: Callable[[], Found]) -> Found:
    return call()


def of(server: NameServer, clock: Clock | None = None) -> Resolver:
    return Resolver(server, at_once, without_deadline, 1.0, clock or Clock())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f000001", "::1", "fe80::1%lo"])
def test_address_in_any_spelling_asks_nobody(host: str) -> None:
    server = NameServer()
    assert of(server)(host, 80) == look_up(host, 80, 0)
    assert server.asked == []


def test_good_answer_serves_for_ten_seconds() -> None:
    server, clock = NameServer(here="127.0.0.1"), Clock()
    resolver = of(server, clock)
    assert resolver("here", 80) == resolver("HERE", 80) == [entry("127.0.0.1", 80)]
    assert server.asked == ["here"]
    clock.now_s += 10
    server.table["here"] = "127.0.0.2"
    assert resolver("here", 80) == [entry("127.0.0.2", 80)]


def test_answer_for_one_port_is_none_for_another() -> None:
    resolver = of(NameServer(here="127.0.0.1"))
    assert resolver("here", 80) != resolver("here", 81)


def test_unknown_name_is_asked_for_each_time() -> None:
    server = NameServer()
    resolver = of(server)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            resolver("nowhere", 80)
    assert server.asked == ["nowhere"] * 2


def test_old_answer_stands_in_for_a_silent_name_server_for_an_hour() -> None:
    server, clock = NameServer(here="127.0.0.1"), Clock()
    resolver = of(server, clock)
    known = resolver("here", 80)
    server.silent = True
    clock.now_s += 3599
    assert resolver("here", 80) == known
    clock.now_s += 1
    with pytest.raises(TimeoutError, match="here could not be looked up within 1 s"):
        resolver("here", 80)


def test_less_is_waited_for_where_an_old_answer_would_do() -> None:
    waits_s: list[float] = []

    def limit(seconds: float, _error: Exception) -> AbstractContextManager[object]:
        waits_s.append(seconds)
        return nullcontext()

    clock = Clock()
    resolver = Resolver(NameServer(here="127.0.0.1"), at_once, limit, 3.0, clock)
    resolver("here", 80)
    clock.now_s += 10
    resolver("here", 80)
    assert waits_s == [3.0, 0.2]


def test_only_so_many_hosts_are_remembered() -> None:
    names = [f"host{number}" for number in range(1100)]
    resolver = of(NameServer(**dict.fromkeys(names, "127.0.0.1")))
    for name in names:
        resolver(name, 80)
    assert len(resolver) == 1024


def test_what_is_no_name_is_told_as_such() -> None:
    with pytest.raises(UnicodeError):
        of(NameServer())("a" * 64 + ".example", 80)


def test_answer_that_is_used_again_is_judged_again(server: SourceServer) -> None:
    names = of(NameServer(here="127.0.0.1"))
    judges = [loopback_settings(), loopback_settings(networks=())]
    trusting, wary = (HttpSource(settings, without_deadline, breathe, resolve=names) for settings in judges)
    assert trusting.fetch(ref(server.url("/ok", "here"))) == SourceImage(PICTURE)
    with refused(SourceNowhere):
        wary.fetch(ref(server.url("/ok", "here")))


def test_lookup_that_takes_too_long_is_a_timeout_of_its_source() -> None:
    names = NameServer()
    names.silent = True
    with refused(SourceTimeout):
        HttpSource(loopback_settings(), without_deadline, breathe, resolve=of(names)).fetch(
            ref("http://slow.example/a.jpg")
        )


def test_a_name_that_waits_for_a_thread_is_a_timeout_of_its_source() -> None:
    answer = threading.Event()

    def ask(host: str, port: int, flags: int) -> Found:
        if flags:
            raise socket.gaierror
        assert answer.wait(20)
        return [entry("127.0.0.1", port)]

    resolver = Resolver(ask, NativeThreads(2).run, deadline, 0.3)
    source = HttpSource(loopback_settings(), without_deadline, breathe, resolve=resolver)
    try:
        # Of eight names two have a thread, six wait for one, and all are given up on at the same time.
        fetches = [in_background(partial(source.fetch, ref(f"http://slow{n}.example/a.jpg"))) for n in range(8)]
        with refused(SourceTimeout):
            for fetch in fetches:
                with pytest.raises(SourceTimeout):
                    fetch.wait()
            source.fetch(ref("http://one.more.example/a.jpg"))
    finally:
        answer.set()


def test_names_that_are_slow_hold_up_no_host_in_use() -> None:
    answer, clock = threading.Event(), Clock()

    def ask(host: str, port: int, flags: int) -> Found:
        if host.startswith("slow"):
            if flags:
                raise socket.gaierror
            assert answer.wait(20)
        return [entry("127.0.0.1", port)] if not flags else look_up(host, port, flags)

    resolver = Resolver(ask, NativeThreads(2).run, deadline, 0.3, clock)
    known = resolver("used", 80)
    clock.now_s += 10
    try:
        strangers = [in_background(partial(resolver, f"slow{number}", 80)) for number in range(6)]
        breathe()
        assert resolver("used", 80) == known
        assert resolver("127.0.0.1", 80) == known
        for stranger in strangers:
            with pytest.raises(TimeoutError):
                stranger.wait()
    finally:
        answer.set()
    assert resolver("new", 80) == known


_GIVES_UP = """
import ctypes, os, socket
import origin.wsgi
try:
    socket.getaddrinfo("no.such.invalid", 80)
except OSError:
    pass
state = ctypes.CDLL(None).__res_state
state.restype = ctypes.POINTER(ctypes.c_int)
print(os.environ["RES_OPTIONS"], *state()[:2])
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "__res_state"), reason="needs glibc")
@pytest.mark.parametrize(
    ("environ", "printed"),
    [({}, "timeout:1 attempts:2 1 2"), ({"RES_OPTIONS": "timeout:3 attempts:1"}, "timeout:3 attempts:1 3 1")],
)
def test_a_name_server_that_is_silent_is_given_up_on_in_seconds(environ: dict[str, str], printed: str) -> None:
    ring = {"BLENDBEAT_KEYS": "11" * 32, "BLENDBEAT_SALTS": "22" * 32}
    told = subprocess.check_output([sys.executable, "-c", _GIVES_UP], env={**ring, **environ}, text=True, timeout=60)
    assert told.splitlines()[-1] == printed
