import gc
import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress

import gevent
import pytest

from cachetiers.coalesce import Flights
from origin.concurrency import (
    NativeThreads,
    Promise,
    after,
    breathe,
    collect_process,
    deadline,
    in_background,
    socket_pair,
    start_process,
)


class Body:
    """Stands for the bytes of a source."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_result_and_an_error_come_back_from_a_native_thread() -> None:
    threads = NativeThreads(1)
    assert threads.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda: 1 // 0)


def test_the_event_loop_turns_while_a_native_thread_works() -> None:
    # The original, unpatched or not, blocks its thread.
    sleep = gevent.monkey.get_original("time", "sleep")
    turns: list[int] = []

    def tick() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0.005)

    ticking = gevent.spawn(tick)
    NativeThreads(1).run(lambda: sleep(0.2))
    ticking.kill()
    assert len(turns) > 10


def test_a_deadline_raises_the_error_it_was_given() -> None:
    with pytest.raises(LookupError, match="late"), deadline(0.01, LookupError("late")):
        gevent.sleep(5)


def test_breathing_lets_others_have_a_turn() -> None:
    said: list[str] = []
    gevent.spawn(said.append, "other")
    breathe()
    assert said == ["other"]


@pytest.mark.usefixtures("no_collector")
def test_a_failed_call_lets_go_of_what_it_was_given_at_once() -> None:
    """Without waiting for the garbage collector: a failing source may be fifty megabytes, many times a second."""

    def fail(body: Body) -> None:
        assert isinstance(body, Body)
        raise LookupError

    def attempt() -> weakref.ref[Body]:
        body = Body()
        flights: Flights[None] = Flights(1)
        threads = NativeThreads(1)
        with suppress(LookupError):
            flights.run("key", lambda: threads.run(lambda: fail(body)))
        return weakref.ref(body)

    gone = attempt()
    gevent.sleep(0.01)
    assert gone() is None


def test_a_promise_brings_a_result_or_an_error_to_whoever_waits() -> None:
    kept: Promise[int | None] = Promise()
    waiting = gevent.spawn(kept.wait)
    gevent.sleep(0)
    kept.keep(None)
    kept.keep(7)  # comes too late
    assert waiting.get(timeout=5) is None
    failed: Promise[int] = Promise()
    failed.fail(LookupError("gone"))
    with pytest.raises(LookupError, match="gone"):
        failed.wait()


def test_what_is_started_in_the_background_goes_on_without_whoever_started_it() -> None:
    done: list[str] = []

    def work() -> str:
        gevent.sleep(0.05)
        done.append("done")
        return "result"

    assert in_background(work).wait() == "result"
    waiting = gevent.spawn(lambda: in_background(work).wait())
    gevent.sleep(0.01)
    waiting.kill()
    with gevent.Timeout(5):
        while len(done) < 2:
            gevent.sleep(0.01)


def test_an_alarm_rings_unless_it_is_called_off() -> None:
    rung: list[str] = []
    off = after(0.01, lambda: rung.append("first"))
    after(0.01, lambda: rung.append("second"))
    off()
    with gevent.Timeout(5):
        while not rung:
            gevent.sleep(0.01)
    gevent.sleep(0.05)
    assert rung == ["second"]


def test_an_alarm_called_off_by_one_that_goes_off_at_the_same_moment_does_not_ring() -> None:
    rung: list[str] = []
    others: list[Callable[[], None]] = []
    after(0.01, lambda: others[0]())
    others.append(after(0.01, lambda: rung.append("second")))
    time.sleep(0.03)  # without a turn for the event loop, which then finds both due
    gevent.sleep(0.05)
    assert rung == []


@pytest.mark.parametrize(
    ("script", "status"), [("sleep 0.1; exit 3", 3), ("sleep 0.1; kill -9 $$", -9), ("sleep 0.1", 0)]
)
def test_a_process_is_started_and_collected_while_others_go_on(script: str, status: int) -> None:
    turns: list[int] = []

    def tick() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0.005)

    ticking = gevent.spawn(tick)
    pid = start_process(["/bin/sh", "-c", script], {}, {})
    assert os.getpgid(pid) == pid
    assert collect_process(pid) == status
    ticking.kill()
    assert turns
    assert collect_process(pid) is None  # somebody was quicker


def test_a_process_gets_the_descriptors_it_is_given_whatever_their_numbers() -> None:
    ours, theirs = socket_pair()
    with ours, theirs:
        # Crossed: one has to go where the other one is.
        low, high = sorted((ours.fileno(), theirs.fileno()))
        names = {low: high, high: low}
        script = f"echo for {theirs.fileno()} >&{names[theirs.fileno()]}"
        pid = start_process(["/bin/bash", "-c", script], {}, names)
        assert collect_process(pid) == 0
        assert ours.recv(100) == f"for {theirs.fileno()}\n".encode()
