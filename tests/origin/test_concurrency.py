import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress

import gevent
import pytest

from cachetiers.coalesce import Flights
from origin.concurrency import NativeThreads, breathe, deadline


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
