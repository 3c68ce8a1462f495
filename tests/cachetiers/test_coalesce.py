import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from cachetiers.coalesce import Flights, FollowerTimeout


class Gate:
    """A call that counts itself and waits until it is let go."""

    def __init__(self, then: Callable[[], str] = lambda: "made") -> None:
        self.calls = 0
        self.entered = threading.Event()
        self.open = threading.Event()
        self._then = then

    def __call__(self) -> str:
        self.calls += 1
        self.entered.set()
        assert self.open.wait(5)
        return self._then()


def wait_for_followers(flights: Flights[str], key: str, count: int) -> None:
    flight = flights._flights[key]
    while len(flight._condition._waiters) < count:  # type: ignore[attr-defined]
        threading.Event().wait(0.001)


def fly(flights: Flights[str], gate: Gate, people: int) -> list[object]:
    """Everybody asks for one key while the first call is still under way."""

    def ask() -> object:
        try:
            return flights.run("key", gate)
        except BaseException as error:  # noqa: BLE001  the outcome is what is looked at
            return error

    with ThreadPoolExecutor(people) as pool:
        first = pool.submit(ask)
        assert gate.entered.wait(5)
        others = [pool.submit(ask) for _ in range(people - 1)]
        wait_for_followers(flights, "key", people - 1)
        gate.open.set()
        return [first.result(5), *(other.result(5) for other in others)]


def test_fifty_at_once_make_one_call() -> None:
    flights: Flights[str] = Flights(wait_s=5)
    gate = Gate()
    outcomes = fly(flights, gate, 50)
    assert gate.calls == 1
    assert outcomes[0] == ("made", False)
    assert outcomes[1:] == [("made", True)] * 49
    assert len(flights) == 0


def test_a_failure_reaches_everybody_and_is_not_remembered() -> None:
    def fail() -> str:
        raise LookupError("no source")

    flights: Flights[str] = Flights(wait_s=5)
    gate = Gate(fail)
    assert [type(outcome) for outcome in fly(flights, gate, 5)] == [LookupError] * 5
    assert flights.run("key", lambda: "fine") == ("fine", False)


def test_a_killed_leader_strands_nobody() -> None:
    class Killed(BaseException):
        pass

    times = iter([True])

    def be_killed_once() -> str:
        if next(times, False):
            raise Killed
        return "made by another"

    flights: Flights[str] = Flights(wait_s=5)
    outcomes = fly(flights, Gate(be_killed_once), 5)
    assert isinstance(outcomes[0], Killed)
    assert all(isinstance(outcome, tuple) and outcome[0] == "made by another" for outcome in outcomes[1:])


def test_a_follower_waits_no_longer_than_its_limit() -> None:
    flights: Flights[str] = Flights(wait_s=0.05)
    gate = Gate()
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(flights.run, "key", gate)
        assert gate.entered.wait(5)
        with pytest.raises(FollowerTimeout):
            flights.run("key", gate)
        gate.open.set()
        assert leader.result(5) == ("made", False)


def test_a_call_that_times_out_itself_is_not_taken_for_an_impatient_follower() -> None:
    def time_out() -> str:
        raise TimeoutError("the source's own")

    outcomes = fly(Flights(wait_s=5), Gate(time_out), 3)
    assert [str(outcome) for outcome in outcomes] == ["the source's own"] * 3


def test_different_keys_do_not_wait_for_each_other() -> None:
    flights: Flights[str] = Flights(wait_s=5)
    assert flights.run("a", lambda: flights.run("b", lambda: "inner")[0]) == ("inner", False)
