from concurrent.futures import ThreadPoolExecutor

from cachetiers.breaker import Breaker
from tests.cachetiers.test_memory import Clock


def test_nobody_is_refused_while_nothing_fails() -> None:
    breaker = Breaker(2, Clock())
    assert breaker.admits()
    assert not breaker.refuses


def test_one_failure_that_made_somebody_wait_is_enough() -> None:
    breaker = Breaker(2, Clock())
    breaker.failed(at_once=True)
    assert breaker.refuses
    assert not breaker.admits()


def test_quick_failures_are_enough_when_three_come_in_a_row() -> None:
    breaker = Breaker(2, Clock())
    for succeeds in (False, False, True, False, False):
        breaker.succeeded() if succeeds else breaker.failed(at_once=False)
        assert breaker.admits()
    breaker.failed(at_once=False)
    assert not breaker.admits()


def test_after_a_pause_one_of_many_may_try_and_one_after_the_next() -> None:
    clock = Clock()
    breaker = Breaker(2, clock)
    breaker.failed(at_once=True)
    for _ in range(3):
        clock.now_s += 2
        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(lambda _: breaker.admits(), range(200))) == 1
        assert breaker.refuses


def test_who_tries_and_fails_makes_the_pause_begin_anew() -> None:
    clock = Clock()
    breaker = Breaker(2, clock)
    breaker.failed(at_once=True)
    clock.now_s += 2
    assert breaker.admits()
    clock.now_s += 1.5
    breaker.failed(at_once=False)
    clock.now_s += 1.5
    assert not breaker.admits()
    clock.now_s += 0.5
    assert breaker.admits()


def test_all_may_try_once_somebody_was_answered() -> None:
    clock = Clock()
    breaker = Breaker(2, clock)
    breaker.failed(at_once=True)
    clock.now_s += 2
    assert breaker.admits()
    breaker.succeeded()
    assert all(breaker.admits() for _ in range(10))
    breaker.failed(at_once=False)
    assert breaker.admits()
