"""Where pixels are made: native threads beside the event loop, as many as there are cores.

A picture made in a greenlet, or in a thread that gevent has patched, would stop
the whole process for as long as it takes. Here the greenlet waits and everybody
else goes on.
"""

import os
from functools import partial
from pathlib import Path
from typing import Protocol

import pyvips

from origin.concurrency import NativeThreads
from origin.errors import Overloaded
from origin.imaging.job import Job, Rendered
from origin.imaging.pipeline import transform

_NICE = 10
"""Whoever makes pixels gives way to whoever answers hits. Idle priority would starve beside a busy neighbour."""


class Pixels(Protocol):
    """Something that makes variants without holding up the event loop."""

    def transform(self, body: bytes, job: Job) -> Rendered:
        """As `origin.imaging.pipeline.transform`; raises Overloaded when too much waits already."""
        ...

    def check_room(self) -> None:
        """Raise Overloaded when too much waits already, so that nobody fetches a source in vain."""
        ...


class NativePool:
    """Makes variants in *threads* native threads, first come, first served.

    Build it in the process that uses it: libvips does not survive a fork once it
    has worked.

    Args:
        threads: How many pictures are made at once.
        queue_limit: How many more may wait.
    """

    def __init__(self, threads: int, queue_limit: int) -> None:
        prepare_libvips()
        self._threads = NativeThreads(threads)
        self._room = threads + queue_limit
        self._inside = 0

    def transform(self, body: bytes, job: Job) -> Rendered:
        """The variant, made in a native thread while this greenlet waits.

        Raises:
            Overloaded: As many pictures are waiting as may wait.
            OriginError: As `origin.imaging.pipeline.transform`.
        """
        self.check_room()
        self._inside += 1
        try:
            return self._threads.run(partial(_transform_in_the_background, body, job))
        finally:
            self._inside -= 1

    def check_room(self) -> None:
        """Raise Overloaded when as many pictures are waiting as may wait."""
        if self._inside >= self._room:
            raise Overloaded(f"{self._inside} pictures are being made or waiting")


def _transform_in_the_background(body: bytes, job: Job) -> Rendered:
    _step_back()
    return transform(body, job)


def _step_back() -> None:
    # On Linux this reaches the calling thread alone. It costs a microsecond and needs no bookkeeping.
    if os.getpriority(os.PRIO_PROCESS, 0) < _NICE:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)


def prepare_libvips() -> None:
    """Set libvips up for a server, once per process, after the fork."""
    pyvips.block_untrusted_set(True)  # loaders nobody fuzzed
    # Drawings are untrusted too, and so read only where they are switched on, after they have been made harmless.
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    # Before the first text: without it a container that has no fonts complains, and letters differ from host to host.
    os.environ.setdefault("FONTCONFIG_FILE", str(Path(__file__).parent / "fonts" / "fonts.conf"))
    pyvips.cache_set_max(0)  # remembering operations costs a tenth and never hits
    pyvips.concurrency_set(1)  # every core already has a picture of its own


def encoder_version() -> str:
    """What decides the bytes besides the recipe and the source; enters every cache key."""
    return f"libvips-{'.'.join(str(pyvips.version(part)) for part in range(3))}-2"
