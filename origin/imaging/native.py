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
from origin.errors import Forsaken, Overloaded
from origin.imaging.admission import Bounds, Crowd, mean_s, objection
from origin.imaging.job import Job, Rendered
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
        self._bodies: list[bytes] = []
        self._each_s = 0.0

    def transform(self, body: bytes, job: Job, is_wanted: IsWanted = always) -> Rendered:
        """The variant, made in a native thread while this greenlet waits.

        Raises:
            Overloaded: As many pictures are waiting as may wait, or this one waited too long.
            Forsaken: Nobody wanted it any more when it was its turn.
            OriginError: As `origin.imaging.pipeline.transform`.
        """
        self._admit(body)
        self._bodies.append(body)
        begin_by_s = time.monotonic() + self._bounds.wait_s
        call = partial(_transform_in_the_background, body, job, begin_by_s, is_wanted)
        # A greenlet of its own: whoever waits may be gone before the thread is done, and the place is taken until then.
        return in_background(partial(self._run, call, body)).wait()

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
        # Variants of one source share its bytes.
        bodies = {id(body): len(body) for body in (one_more, *self._bodies)}
        return Crowd(self._workers, len(self._bodies), sum(bodies.values()), self._each_s)

    def _run(self, call: "partial[Rendered]", body: bytes) -> Rendered:
        try:
            rendered = self._threads.run(call)
        finally:
            # By what it is and not by what it says: another may be equal, but compares megabytes.
            del self._bodies[next(at for at, ours in enumerate(self._bodies) if ours is body)]
        self._each_s = mean_s(self._each_s, rendered.transform_s)
        return rendered


def _transform_in_the_background(body: bytes, job: Job, begin_by_s: float, is_wanted: IsWanted) -> Rendered:
    if not is_wanted():
        raise Forsaken("nobody waits for the picture any more")
    if time.monotonic() > begin_by_s:
        raise Overloaded("the picture waited too long to be begun")
    _step_back()
    return transform(body, job)


def _step_back() -> None:
    # On Linux this reaches the calling thread alone. It costs a microsecond and needs no bookkeeping.
    if os.getpriority(os.PRIO_PROCESS, 0) < NICE:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
