"""What libvips can do on all cores when nothing else is asked of them: the limit of a cold request."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pyvips

from origin.imaging.libvips import prepare_libvips
from origin.imaging.savers import SAVERS, Settings
from origin.recipe import Encoding
from tests.bench.service.cases import Kind, Picture
from tests.bench.service.load import Load
from tests.bench.service.processes import resident_mib

BARE = "bare pyvips"


class Pyvips:
    """A process for each core that calls `thumbnail_buffer`, and the saver with the service's own settings.

    So a change of those settings moves the limit as it moves the service.
    """

    name = BARE
    takes = frozenset({Kind.COLD, Kind.PIXELS})

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        cores = len(os.sched_getaffinity(0))
        # An executor each: in one of several workers a quick one would take a slow one's turn.
        self._workers = [ProcessPoolExecutor(1, get_context("spawn")) for _ in range(cores)]

    def start(self) -> None:
        """Start the processes and let them import what they need."""
        for waiting in [worker.submit(prepare_libvips) for worker in self._workers]:
            waiting.result()

    def stop(self) -> None:
        """End them."""
        for worker in self._workers:
            worker.shutdown()

    def sample(self, picture: Picture) -> bytes:
        """What it makes of *picture*."""
        return self._workers[0].submit(_make, self._folder / picture.source, picture).result()

    def run(self, picture: Picture, seconds: float) -> tuple[Load, float, float]:
        """*picture* again and again: the load, processor time in s, resident memory of all in MiB at the end."""
        path = self._folder / picture.source
        for waiting in [worker.submit(_make, path, picture) for worker in self._workers]:
            waiting.result()
        told = [
            waiting.result()
            for waiting in [worker.submit(_make_on, path, picture, seconds) for worker in self._workers]
        ]
        taken_ms = [one_ms for taken, _, _ in told for one_ms in taken]
        # Each has its own time from the first picture to the last, so none is counted that was cut short.
        per_s = sum(len(taken) / (sum(taken) / 1000) for taken, _, _ in told)
        load = Load.of(taken_ms, len(taken_ms) / per_s)
        return load, sum(cpu_s for _, cpu_s, _ in told), sum(mib for _, _, mib in told)


def _make_on(path: Path, picture: Picture, seconds: float) -> tuple[list[float], float, float]:
    taken_ms: list[float] = []
    cpu_s, until_s = time.process_time(), time.perf_counter() + seconds
    while len(taken_ms) < 2 or time.perf_counter() < until_s:
        started_s = time.perf_counter()
        _make(path, picture)
        taken_ms.append((time.perf_counter() - started_s) * 1000)
    return taken_ms, time.process_time() - cpu_s, resident_mib(os.getpid())


def _make(path: Path, picture: Picture) -> bytes:
    image = pyvips.Image.thumbnail_buffer(_read(path), picture.box_px, height=picture.box_px, size="down")
    return bytes(SAVERS[picture.format](image, picture.quality, Settings(Encoding(), "none")))


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()
