"""The walls around a child that decodes strangers' bytes: what it may use, reach and outlive.

`enter` comes first of all, while the process has one thread and only our own code
has run. `lock` comes last, when every library is loaded and before the first byte
from outside. What a kernel refuses is told, not hidden: the child works on without
that wall, and the log says so.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from origin.imaging import landlock, seccomp
from origin.imaging.pool import NICE

CHANNEL, SLOT_DESCRIPTORS = 0, (3, 4)
"""All that a child has open: a socket to its parent, and the memory in which its orders lie."""

_MOST_DESCRIPTORS = 64
"""Fonts and modules are opened now and then, one at a time."""
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


@dataclass(frozen=True, slots=True)
class Terms:
    """What a child is started with.

    Args:
        parent_pid: Whose end is its end.
        memory_bytes: Address space, code and threads' stacks included.
        cpu_s: Processor seconds in its whole life, should nobody kill it before.
    """

    parent_pid: int
    memory_bytes: int
    cpu_s: int

    def as_argument(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, text: str) -> "Terms":
        """What `as_argument` wrote."""
        return cls(**json.loads(text))


def enter(terms: Terms) -> tuple[str, ...]:
    """Die with the parent, see no file but code, own no descriptor but the given ones, and keep within limits.

    Returns:
        What this kernel would not do.
    """
    _die_with(terms.parent_pid)
    # Control-C and a supervisor's SIGTERM may reach everybody; children end when their parent has finished.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(SLOT_DESCRIPTORS[-1] + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    os.chdir("/")
    if os.getpriority(os.PRIO_PROCESS, 0) < NICE:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    # RLIMIT_NPROC is not among them: it counts every process of the user, the neighbour's too. seccomp forbids fork.
    for kind, most in (
        (resource.RLIMIT_AS, terms.memory_bytes),
        (resource.RLIMIT_CPU, terms.cpu_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _MOST_DESCRIPTORS),
    ):
        _limit(kind, most)
    missing = () if _prctl(_PR_SET_NO_NEW_PRIVS, 1) else ("no_new_privs",)
    program = Path(getattr(sys.modules["__main__"], "__file__", __file__))
    return missing if landlock.restrict(landlock.code_paths(program)) else (*missing, "landlock")


def lock() -> tuple[str, ...]:
    """Let go of every call to the kernel that decoding does not need.

    Returns:
        What this kernel would not do.
    """
    return () if seccomp.install() else ("seccomp",)


def _die_with(parent_pid: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before it was asked for a sign.
    if os.getppid() != parent_pid:
        sys.exit("the parent is gone")


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _prctl(option: int, value: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)
