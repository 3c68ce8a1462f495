"""One flight per key: whoever asks for what is already being made waits for it instead of making it again."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from copy import copy
from typing import Generic, TypeVar

T = TypeVar("T")


class LeaderLost(Exception):
    """The leader of a flight was killed before it had an answer."""


class FollowerTimeout(Exception):
    """A follower waited its whole limit."""


class Flights(Generic[T]):
    """Runs at most one call per key at a time.

    The first to ask leads and makes the call in its own thread or greenlet; all
    others follow and get the same result or the same exception. If the leader is
    killed, one of the followers leads in its place.

    Args:
        wait_s: How long a follower waits before it gives up.
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._flights: dict[str, Future[T]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def is_flying(self, key: str) -> bool:
        """Whether somebody is making it right now."""
        return key in self._flights

    def run(self, key: str, call: Callable[[], T]) -> tuple[T, bool]:
        """The result of *call* for *key*, and whether it was somebody else's call.

        Raises:
            FollowerTimeout: The leader took longer than the limit.
            Exception: Whatever *call* raised, for its leader and every follower.
        """
        while True:
            flight, leads = self._join(key)
            try:
                return (self._lead(key, flight, call), False) if leads else (self._follow(flight), True)
            except LeaderLost:
                continue
            finally:
                # An error's traceback holds this frame; holding the flight, and so the error, would make a cycle
                # that keeps whatever the call was given until the next full garbage collection.
                del flight

    def _follow(self, flight: Future[T]) -> T:
        try:
            error = flight.exception(self._wait_s)
        except FutureTimeout:
            if not flight.done():
                raise FollowerTimeout(f"waited {self._wait_s:g} s") from None
            error = flight.exception()  # it landed as our patience ended
        try:
            if error is None:
                return flight.result()
            raise _copy(error)
        finally:
            del flight, error

    def _join(self, key: str) -> tuple[Future[T], bool]:
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Future()
            return flight, True

    def _lead(self, key: str, flight: Future[T], call: Callable[[], T]) -> T:
        try:
            result = call()
        except Exception as error:
            self._land(key)
            flight.set_exception(error)
            raise
        except BaseException:
            # A greenlet is killed by an exception that nobody else should die of.
            self._land(key)
            flight.set_exception(LeaderLost())
            raise
        else:
            self._land(key)
            flight.set_result(result)
            return result
        finally:
            del flight

    def _land(self, key: str) -> None:
        with self._lock:
            del self._flights[key]


def _copy(error: BaseException) -> BaseException:
    """*error* for somebody else to raise: raised by hundreds, one object would gather the tracebacks of them all."""
    try:
        copied = copy(error)
    except Exception:  # noqa: BLE001  whatever making one takes that is not there
        return error
    return copied if type(copied) is type(error) else error
