"""Pictures made in native threads beside the event loop: nothing to start and nothing to copy, but no walls.

A picture made in a greenlet, or in a thread that gevent has patched, would stop
the whole process for as long as it takes. Here the greenlet waits and everybody
else goes on. A decoder that crashes takes the process along; `children` is for
whoever decodes the bytes of strangers.
"""

import os
import time
from functools import partial

from origin.concurrency import NativeThreads, in_background
from origin.errors import Overloaded
from origin.imaging.job import Job, Rendered
from origin.imaging.libvips import abilities, prepare_libvips
from origin.imaging.pipeline import transform
from origin.imaging.pool import NICE


class NativePool:
    """Makes variants in *threads* native threads, first come, first served.

    Build it in the process that uses it: libvips does not survive a fork once it
    has worked.

    Args:
        threads: How many pictures are made at once.
        queue_limit: How many more may wait.
        queue_timeout_s: How long one may wait to be begun.
    """

    def __init__(self, threads: int, queue_limit: int, queue_timeout_s: float) -> None:
        prepare_libvips()
        self.abilities = abilities()
        self._threads = NativeThreads(threads)
        self._room = threads + queue_limit
        self._queue_timeout_s = queue_timeout_s
        self._inside = 0

    def transform(self, body: bytes, job: Job) -> Rendered:
        """The variant, made in a native thread while this greenlet waits.

        Raises:
            Overloaded: As many pictures are waiting as may wait, or this one waited too long.
            OriginError: As `origin.imaging.pipeline.transform`.
        """
        self.check_room()
        self._inside += 1
        call = partial(_transform_in_the_background, body, job, time.monotonic() + self._queue_timeout_s)
        # A greenlet of its own: whoever waits may be gone before the thread is done, and the place is taken until then.
        return in_background(lambda: self._run(call)).wait()

    def check_room(self) -> None:
        """Raise Overloaded when as many pictures are waiting as may wait."""
        if self._inside >= self._room:
            raise Overloaded(f"{self._inside} pictures are being made or waiting")

    def _run(self, call: "partial[Rendered]") -> Rendered:
        try:
            return self._threads.run(call)
        finally:
            self._inside -= 1


def _transform_in_the_background(body: bytes, job: Job, begin_by_s: float) -> Rendered:
    if time.monotonic() > begin_by_s:
        raise Overloaded("the picture waited too long to be begun")
    _step_back()
    return transform(body, job)


def _step_back() -> None:
    # On Linux this reaches the calling thread alone. It costs a microsecond and needs no bookkeeping.
    if os.getpriority(os.PRIO_PROCESS, 0) < NICE:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
