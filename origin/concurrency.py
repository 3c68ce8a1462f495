"""How this process waits: greenlets on one event loop, native threads for what would block it.

The only module that knows gevent; the rest of the house takes these as arguments.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import gevent
import gevent.threadpool

T = TypeVar("T")

Deadline = Callable[[float, Exception], AbstractContextManager[object]]
"""Limits the block under it to some seconds, then raises the given exception inside it."""

Offload = Callable[[Callable[[], T]], T]
"""Runs a blocking call where it delays nobody else, and waits for its result."""


def deadline(seconds: float, error: BaseException) -> AbstractContextManager[object]:
    """A `Deadline` for greenlets; bounds waits of every kind, not only those with a timeout of their own."""
    limit: AbstractContextManager[object] = gevent.Timeout(seconds, error)
    return limit


def breathe() -> None:
    """Let everybody else have a turn. Greenlets change only where one waits, and data that is there already is not
    waited for."""
    gevent.sleep(0)


class NativeThreads:
    """Threads of the operating system that gevent has not patched. Calls start in the order they came.

    Args:
        threads: How many calls run at once; more wait.
    """

    def __init__(self, threads: int) -> None:
        self._pool = gevent.threadpool.ThreadPool(threads)

    def run(self, call: Callable[[], T]) -> T:
        """The result of *call*, or its exception, while only this greenlet waits."""
        outcome: T | _Failed = self._pool.apply(_attempt, (call,))
        if isinstance(outcome, _Failed):
            try:
                raise outcome.error
            finally:
                # The error's traceback holds this frame and this frame held the error: a cycle that would keep
                # the call's arguments, megabytes of source, until the next full garbage collection.
                del outcome
        return outcome


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


def _attempt(call: Callable[[], T]) -> T | _Failed:
    # As a value: gevent prints the traceback of every exception that is raised in a pool.
    try:
        return call()
    except Exception as error:  # noqa: BLE001  raised again where the result is waited for
        return _Failed(error)
