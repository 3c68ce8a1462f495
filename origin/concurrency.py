"""How this process waits: greenlets on one event loop, native threads for what would block it.

The rest of the house takes these as arguments and knows no gevent.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

import gevent

T = TypeVar("T")

Deadline = Callable[[float, Exception], AbstractContextManager[object]]
"""Limits the block under it to some seconds, then raises the given exception inside it."""

Offload = Callable[[Callable[[], T]], T]
"""Runs a blocking call where it delays nobody else, and waits for its result."""


def deadline(seconds: float, error: Exception) -> AbstractContextManager[object]:
    """A `Deadline` for greenlets; bounds waits of every kind, not only those with a timeout of their own."""
    limit: AbstractContextManager[object] = gevent.Timeout(seconds, error)
    return limit


def in_native_thread(call: Callable[[], T]) -> T:
    """An `Offload` into the hub's own thread pool, for short blocking calls such as reading a file."""
    result: T = gevent.get_hub().threadpool.apply(call)
    return result
