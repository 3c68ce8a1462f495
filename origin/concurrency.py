"""How this process waits: greenlets on one event loop, native threads for what would block it.

The only module that knows gevent; the rest of the house takes these as arguments.
"""

import fcntl
import os
import select
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import gevent
import gevent.event
import gevent.monkey
import gevent.socket
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


def pause(seconds: float) -> None:
    """Wait, and let everybody else go on."""
    gevent.sleep(seconds)


def look_up(host: str, port: int, flags: int) -> list[tuple[Any, ...]]:
    """`socket.getaddrinfo` for streams, which blocks its thread: what gevent puts in its place shares a few threads
    among all who ask."""
    found: list[tuple[Any, ...]] = gevent.monkey.get_original("socket", "getaddrinfo")(
        host, port, type=socket.SOCK_STREAM, flags=flags
    )
    return found


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of one local stream; only a greenlet that reads or writes waits, whether or not anything is patched."""
    ends: tuple[socket.socket, socket.socket] = gevent.socket.socketpair()
    return ends


def has_input(sock: socket.socket) -> bool:
    """Whether a read of *sock* would return at once. Waits for nothing, so the event loop itself may ask."""
    look = gevent.monkey.get_original("select", "poll")()
    look.register(sock.fileno(), select.POLLIN)
    return bool(look.poll(0))


def ended(descriptors: Iterable[int]) -> dict[int, bool]:
    """Those of the connections whose other end sends no more: True if it does not listen either. Waits for nothing."""
    look = gevent.monkey.get_original("select", "poll")()
    for descriptor in descriptors:
        if descriptor >= 0:  # else it is closed already
            look.register(descriptor, select.POLLRDHUP)
    return {descriptor: bool(events & (select.POLLHUP | select.POLLERR)) for descriptor, events in look.poll(0)}


def start_process(command: Sequence[str], environ: Mapping[str, str], descriptors: Mapping[int, int]) -> int:
    """Start a program in a process group of its own; its pid.

    Call it in the thread that lives as long as this process: a child may have asked
    the kernel to die with the thread that started it.

    Args:
        command: The program, by its absolute path, and its arguments.
        environ: Its whole environment.
        descriptors: What it gets beside standard output and error: descriptors of this process, by those of the
            program's. Whatever else was made inheritable it inherits too.
    """
    # Never a fork: libvips and native threads would not survive it, and nor would the event loop. And not what gevent
    # puts in its place, which collects children behind our back: then their pids could not be trusted any more.
    spawn = gevent.monkey.get_original("os", "posix_spawn")
    # Out of the way first, lest one of them is where another one has to go.
    moved = [(fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, 64), theirs) for theirs, ours in descriptors.items()]
    try:
        places = [(os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in moved]
        pid: int = spawn(command[0], command, environ, file_actions=places, setpgroup=0, setsigmask=())
    finally:
        for ours, _ in moved:
            os.close(ours)
    return pid


def collect_process(pid: int) -> int | None:
    """Wait for the end of a process that `start_process` began; its exit status, or a negative signal.

    Returns:
        None if somebody else collected it.
    """
    wait = gevent.monkey.get_original("os", "waitpid")
    pause_s = 0.0005
    while True:
        try:
            ended, status = wait(pid, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended:
            return os.waitstatus_to_exitcode(status)
        pause(pause_s)
        pause_s = min(pause_s * 2, 0.05)


def after(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
    """Have *call* run in *seconds*, unless what this returns is called before."""
    # A greenlet only when the time has come: most are called off, and a timer costs a tenth of one.
    timer = gevent.get_hub().loop.timer(seconds)
    begun: list[gevent.Greenlet] = []

    def begin() -> None:
        timer.close()
        begun.append(gevent.spawn(call))

    def call_off() -> None:
        timer.close()
        for greenlet in begun:
            greenlet.kill(block=False)

    timer.start(begin)
    return call_off


class Promise(Generic[T]):
    """A result that one greenlet waits for and another one brings. What comes after the first is dropped."""

    def __init__(self) -> None:
        self._come = gevent.event.Event()
        self._outcome: list[T | _Failed] = []

    def keep(self, value: T) -> None:
        """Bring the result."""
        self._settle(value)

    def fail(self, error: Exception) -> None:
        """Have *error* raised where the result is waited for."""
        self._settle(_Failed(error))

    def wait(self) -> T:
        """The result, or the exception, once. No other greenlet may wait for the same."""
        self._come.wait()
        # Not held here any longer, for the same reason as in `_opened`.
        return _opened(self._outcome.pop())

    def _settle(self, outcome: "T | _Failed") -> None:
        if not self._come.is_set():
            self._outcome.append(outcome)
            self._come.set()


def in_background(call: Callable[[], T]) -> Promise[T]:
    """Start *call* in a greenlet of its own, which goes on even if nobody waits for it any more."""
    promise: Promise[T] = Promise()

    def run() -> None:
        outcome = _attempt(call)
        promise.fail(outcome.error) if isinstance(outcome, _Failed) else promise.keep(outcome)

    gevent.spawn(run)
    return promise


class NativeThreads:
    """Threads of the operating system that gevent has not patched. Calls start in the order they came.

    Args:
        threads: How many calls run at once; more wait.
    """

    def __init__(self, threads: int) -> None:
        self._pool = gevent.threadpool.ThreadPool(threads)

    def run(self, call: Callable[[], T]) -> T:
        """The result of *call*, or its exception, while only this greenlet waits."""
        return _opened(cast("T | _Failed", self._pool.apply(_attempt, (call,))))


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


def _opened(outcome: T | _Failed) -> T:
    if isinstance(outcome, _Failed):
        try:
            raise outcome.error
        finally:
            # The error's traceback holds this frame and this frame held the error: a cycle that would keep
            # the call's arguments, megabytes of source, until the next full garbage collection.
            del outcome
    return outcome


def _attempt(call: Callable[[], T]) -> T | _Failed:
    # As a value: gevent prints the traceback of every exception that is raised in a pool or a greenlet.
    try:
        return call()
    except Exception as error:  # noqa: BLE001  raised again where the result is waited for
        return _Failed(error)
