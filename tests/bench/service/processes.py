"""What a program and all it has started cost while something is asked of it."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import family, status_kib

_EVERY_S = 0.05
_REST_S = 0.2
_PATIENCE_S = 30.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Cost:
    """Filled in when the watching ends.

    Args:
        cpu_s: Processor time, user and system, of those that ended meanwhile included.
        resident_mib: What all of them held together, sampled; pages that they share count for each.
    """

    cpu_s: float = 0.0
    resident_mib: list[float] = field(default_factory=list)

    @property
    def peak_mib(self) -> float:
        """The most that was seen."""
        return max(self.resident_mib, default=0.0)


@contextmanager
def watched(process: int) -> Iterator[Cost]:
    """What *process* and its descendants cost inside this block."""
    cost, done = Cost(), threading.Event()

    def look_on() -> None:
        while True:
            cost.resident_mib.append(resident_mib(process))
            if done.wait(_EVERY_S):
                return

    thread = threading.Thread(target=look_on)
    before_s = cpu_s(process)
    thread.start()
    try:
        yield cost
    finally:
        cost.cpu_s = cpu_s(process) - before_s
        done.set()
        thread.join()


def rest(process: int) -> None:
    """Return once *process* and its descendants have nothing to do, or never stop doing something."""
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        before_s = cpu_s(process)
        time.sleep(_REST_S)
        if cpu_s(process) - before_s <= _REST_S / 10:
            return


def resident_mib(process: int) -> float:
    """Resident memory of *process* and its descendants now."""
    return sum(_all(process, lambda member: status_kib(member, "VmRSS"))) / 1024


def cpu_s(process: int) -> float:
    """Processor time that *process* and its descendants have used, those that have been waited for included."""
    return sum(_all(process, _ticks)) / _TICKS_PER_S


def _all(process: int, told: Callable[[int], int]) -> Iterator[int]:
    # One that ends while we look is no longer there to be asked.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, StopIteration):
        for member in family(process):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, StopIteration):
                yield told(member)


def _ticks(process: int) -> int:
    # proc_pid_stat(5): utime, stime, cutime, cstime are fields 14 to 17; the name before may hold spaces.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15])
