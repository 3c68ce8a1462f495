"""Pictures made in native threads beside the event loop: nothing to start and nothing to copy, but no walls.

A picture made in a greenlet, or in a thread that gevent has patched, would stop
the whole process for as long as it takes. Here the greenlet waits and everybody
else goes on. A decoder that crashes takes the process along; `children` is for
whoever decodes the bytes of strangers.
"""

import os
import time
from dataclasses import dataclass
from functools import partial
from itertools import islice

from origin.concurrency import NativeThreads, in_background
from origin.errors import Forsaken, Overloaded
from origin.imaging.admission import Bounds, Crowd, objection
from origin.imaging.expectation import Work, work_of
from origin.imaging.job import Job, Rendered
from origin.imaging.ledger import Ledger
from origin.imaging.libvips import abilities, prepare_libvips
from origin.imaging.pipeline import transform
from origin.imaging.pool import NICE, IsWanted, always


class NativePool:
    """Makes variants in *threads* native threads, first come, first served.

    Build it in the process that uses it: libvips does not survive a fork once it
    has worked.

    Args:
        threads: How many pictures are made at once.
        bounds: What may wait beside them.
    """

    def __init__(self, threads: int, bounds: Bounds) -> None:
        prepare_libvips()
        self.abilities = abilities()
        self._threads = NativeThreads(threads)
        self._workers = threads
        self._bounds = bounds
        self._orders: list[_Order] = []
        self._ledger = Ledger(threads)

    def transform(self, body: bytes, job: Job, is_wanted: IsWanted = always) -> Rendered:
        """The variant, made in a native thread while this greenlet waits.

        Raises:
            Overloaded: As many pictures are waiting as may wait, or this one waited too long.
            Forsaken: Nobody wanted it any more when it was its turn.
            OriginError: As `origin.imaging.pipeline.transform`.
        """
        self._admit(body)
        order = _Order(work_of(body, job), time.monotonic() + self._bounds.wait_s, is_wanted)
        self._orders.append(order)
        self._ledger.enter(order, body, order.work)
        # A greenlet of its own: whoever waits may be gone before the thread is done, and the place is taken until then.
        return in_background(partial(self._run, order, body, job)).wait()

    def check_room(self) -> None:
        """Raise Overloaded when one more picture would be too much, whatever its source."""
        self._admit(b"")

    def trouble(self) -> str:
        """As `Workshop.trouble`."""
        return objection(self._crowd(), self._bounds)

    def _admit(self, body: bytes) -> None:
        if why := objection(self._crowd(body), self._bounds):
            raise Overloaded(why)

    def _crowd(self, one_more: bytes = b"") -> Crowd:
        now_s = time.monotonic()
        # Threads take orders as they come, so those that are being made are the oldest.
        oldest = islice(self._orders, self._workers)
        return self._ledger.crowd([(order.work, now_s - (order.begun_s or now_s)) for order in oldest], one_more)

    def _run(self, order: "_Order", body: bytes, job: Job) -> Rendered:
        try:
            rendered = self._threads.run(partial(_transform_in_the_background, order, body, job))
        finally:
            self._orders.remove(order)
            self._ledger.leave(order)
        self._ledger.learn(order.work, rendered.transform_s)
        return rendered


@dataclass(slots=True, eq=False)
class _Order:
    """One picture to be made.

    Args:
        work: What is expected of it.
        begin_by_s: When it is too late to begin it, on the monotonic clock, as is:
        begun_s: When a thread began it; None if none has.
    """

    work: Work
    begin_by_s: float
    is_wanted: IsWanted
    begun_s: float | None = None


def _transform_in_the_background(order: _Order, body: bytes, job: Job) -> Rendered:
    if not order.is_wanted():
        raise Forsaken("nobody waits for the picture any more")
    order.begun_s = time.monotonic()
    if order.begun_s > order.begin_by_s:
        raise Overloaded("the picture waited too long to be begun")
    _step_back()
    return transform(body, job)


def _step_back() -> None:
    # On Linux this reaches the calling thread alone. It costs a microsecond and needs no bookkeeping.
    if os.getpriority(os.PRIO_PROCESS, 0) < NICE:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
