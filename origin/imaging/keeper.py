"""One pixel child, seen from the process that started it: handed work, listened to, killed, buried.

Nothing here ever waits for a child but the greenlets made for that. What a child
says is believed only as far as `wire` goes.
"""

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from origin.concurrency import (
    Promise,
    after,
    breathe,
    collect_process,
    in_background,
    socket_pair,
    start_process,
)
from origin.imaging.ending import Ending, Sentence
from origin.imaging.expectation import Work
from origin.imaging.jail import CHANNEL, SLOT_DESCRIPTORS, Terms
from origin.imaging.job import Rendered
from origin.imaging.pool import IsWanted, always
from origin.imaging.schedule import Seat
from origin.imaging.slot import AT_ONCE_BYTES, Slot
from origin.imaging.wire import (
    LENGTHS,
    SLOTS,
    BadAnswer,
    Hello,
    Order,
    Outcome,
    Withdrawn,
    read_answer,
    read_hello,
    read_lengths,
    read_number,
)
from origin.telemetry.logs import LOGGER

_START_S = 30.0
"""A child is ready within half a second; this is for machines that are busy with something else."""
_BUSY_SHARE = 0.05
"""Of its time, on a processor: whoever decodes has far more, even at nice 10 on a full machine, and whoever has nothing
to do has none at all."""
_LOOK_S = 2.0
"""Between two looks at a child that has nothing to do, the first of which finds it done with tidying up."""
_FAREWELL_S = 5.0
"""For a child that was told to go."""
_LINGER_S = 1.0
"""For one that has closed its end. A process that dies does both within a millisecond."""
_PAGE_BYTES, _TICKS_PER_S = os.sysconf("SC_PAGESIZE"), os.sysconf("SC_CLK_TCK")
_PASSED_ON = ("LD_LIBRARY_PATH", "LD_PRELOAD")
"""All that a child learns of the environment: where libraries lie, in case that is how this process found them."""


@dataclass(slots=True, eq=False)
class Task:
    """One picture to be made.

    Args:
        body: The source.
        job: What to make of it, pickled.
        promise: What somebody waits for.
        work: What is expected of it.
        is_wanted: Whether somebody does.
    """

    body: bytes = field(repr=False)
    job: bytes = field(repr=False)
    promise: Promise[Rendered]
    work: Work
    is_wanted: IsWanted = always


class House(Protocol):
    """Whoever keeps children hears from them."""

    def ready(self, hello: Hello) -> None:
        """Somebody more can be handed work."""

    def answered(self, child: "Child", task: Task | None, outcome: Outcome) -> None:
        """*child* is done with *task*, or with one that had been taken back."""

    def ended(self, child: "Child", ending: Ending, lost: Task | None, spared: list[Task]) -> None:
        """*child* is no more; it was at *lost*, and had not begun *spared*."""


@dataclass(slots=True, eq=False)
class _Held:
    """An order in a child's hands; without a task when that was taken back."""

    number: int
    task: Task | None
    since_s: float
    sent: bool = False


class Child:
    """A child process, from its start to its burial.

    Args:
        house: Who hears of it.
        program: The module that it runs, `origin.imaging.child` or one like it.
        terms: Its limits.
        deadline_s: How long it may work on one picture.

    Raises:
        OSError: There is no room for another process, or no descriptor left.
    """

    def __init__(self, house: House, program: str, terms: Terms, deadline_s: float) -> None:
        self._house = house
        self._deadline_s = deadline_s
        self.ready = self.leaving = self._was_ready = False
        self.answers = 0
        self._held: deque[_Held] = deque()
        self._unsent: deque[_Held] = deque()
        self._sending = self._deaf = False
        self._numbers = count()
        self._sentence: Sentence | None = None
        with ExitStack() as opened:
            self._slots = [opened.enter_context(Slot()) for _ in range(SLOTS)]
            self._socket, theirs = socket_pair()
            opened.callback(self._socket.close)
            with theirs:
                places = {
                    CHANNEL: theirs.fileno(),
                    **dict(zip(SLOT_DESCRIPTORS, map(Slot.fileno, self._slots), strict=True)),
                }
                self.pid = start_process(_command(program, terms), _environment(), places)
            self._answers = opened.enter_context(self._socket.makefile("rb", 64 * 1024))
            self._opened = opened.pop_all()
        self._alarm = after(_START_S, lambda: self.kill(Sentence.NEVER_READY))
        in_background(self._live)

    @property
    def making(self) -> tuple[Task, float] | None:
        """What it works on, and for how many seconds; None if that is nothing, or nothing that anybody asked for."""
        first = self._held[0] if self._held else None
        return None if first is None or first.task is None else (first.task, time.monotonic() - first.since_s)

    def seat(self) -> Seat:
        """It as the schedule sees it."""
        now_s = time.monotonic()
        working_s = now_s - self._held[0].since_s if self._held else 0.0
        second = self._held[1] if len(self._held) > 1 else None
        waiting_s = now_s - second.since_s if second is not None and second.task is not None else None
        return Seat(len(self._held), working_s, waiting_s, SLOTS)

    def resident_bytes(self) -> int:
        """The memory it has now, by the kernel's account and not by its own."""
        with suppress(OSError):
            return int(self._account("statm").split()[1]) * _PAGE_BYTES
        return 0

    def processor_s(self) -> float:
        """Processor time it has used so far, by the kernel's account."""
        with suppress(OSError):
            after_name = self._account("stat").rpartition(b")")[2].split()
            return (int(after_name[11]) + int(after_name[12])) / _TICKS_PER_S
        return 0.0

    def take(self, task: Task) -> None:
        """Hand it *task*. It must have room; returns before it has all of a large one."""
        held = _Held(next(self._numbers), task, time.monotonic())
        self._held.append(held)
        self._unsent.append(held)
        if self._sending:
            return
        self._sending = True
        if len(task.job) + len(task.body) <= AT_ONCE_BYTES:
            self._send()
        else:
            # Others have turns meanwhile, which whoever hands out must not wait for.
            in_background(self._send)

    def take_back(self, task: Task | None = None) -> Task | None:
        """*task*, or whichever it has not begun; None if it has begun it or never had it.

        It may just be beginning; then it works for nothing.
        """
        second = self._held[1] if len(self._held) > 1 else None
        if second is None or second.task is None or task not in (None, second.task):
            return None
        taken, second.task = second.task, None
        if second.sent:
            self._slot(second).empty()
        return taken

    def retire(self) -> None:
        """Hand it nothing more; it ends when it has done what it holds."""
        self.leaving = True
        if self.ready and not self._held:
            self.ready = False
            self._sentence = self._sentence or Sentence.RETIRED
            self._alarm()
            self._alarm = after(_FAREWELL_S, lambda: self.kill(Sentence.RETIRED))
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def kill(self, sentence: Sentence) -> None:
        """End it now."""
        self._sentence = self._sentence or sentence
        # Until `_bury` has collected it, its pid is nobody else's.
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _account(self, name: str) -> bytes:
        # Two of these for every picture: `Path.read_text` takes four times as long.
        descriptor = os.open(f"/proc/{self.pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, 4096)
        finally:
            os.close(descriptor)

    def _slot(self, held: _Held) -> Slot:
        return self._slots[held.number % SLOTS]

    def _send(self) -> None:
        try:
            while self._unsent and not self._deaf:
                self._send_one(self._unsent.popleft())
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has ended or hung up, and whoever listens to it finds out which
        except OSError:
            # There is no memory for its slot, and it would wait for ever.
            if not self._deaf:
                self.kill(Sentence.UNREACHABLE)
        finally:
            self._sending = False

    def _send_one(self, held: _Held) -> None:
        slot, task = self._slot(held), held.task
        job, body = (task.job, task.body) if task else (b"-", b"")
        for _ in slot.fill(job, body):
            breathe()
            if self._deaf:
                return
        if held.task is None:
            slot.empty()
        # Two dozen bytes: there is always room for them, so this neither waits nor sends half.
        self._socket.sendall(Order(held.number, len(job), len(body)).packed())
        held.sent = True
        if held is self._held[0]:
            self._begin()

    def _begin(self) -> None:
        """The time of the first picture in its hands starts to run; if there is none, it has nothing to do."""
        self._alarm()
        if not self._held:
            self._alarm = after(_LOOK_S, self._rest)
        first = self._held[0] if self._held else None
        if first is not None and first.sent:
            first.since_s, worked_s = time.monotonic(), self.processor_s()
            self._alarm = after(self._deadline_s, lambda: self._end_slow(worked_s))

    def _rest(self) -> None:
        worked_s = self.processor_s()
        self._alarm = after(_LOOK_S, lambda: self._look(worked_s))

    def _look(self, worked_s: float) -> None:
        # A decoder that was taken over can leave a thread behind, which would have a core until the child is replaced.
        if self.processor_s() - worked_s > _LOOK_S * _BUSY_SHARE:
            self.kill(Sentence.RESTLESS)
        else:
            self._rest()

    def _end_slow(self, worked_s: float) -> None:
        # One that was stopped, or given no processor, has nothing to do with its picture.
        busy = self.processor_s() - worked_s > self._deadline_s * _BUSY_SHARE
        self.kill(Sentence.TOO_SLOW if busy else Sentence.STALLED)

    def _live(self) -> None:
        try:
            hello = read_hello(self._frame()[0])
            self._begin()
            self.ready = self._was_ready = True
            self._house.ready(hello)
            while True:
                self._hear(*self._frame(self._judge))
        except BadAnswer:
            self.kill(Sentence.BABBLING)
        except (OSError, EOFError):
            pass  # it has ended, or hung up and is about to
        except Exception:  # noqa: BLE001  a fault of ours, which must not leave a child that nobody hears
            LOGGER.exception("listening to pixel child %d failed", self.pid)
            self.kill(Sentence.UNHEARD)
        finally:
            self._bury()

    def _frame(self, judge: Callable[[bytes], None] = lambda _: None) -> tuple[bytes, bytes]:
        header_bytes, body_bytes = read_lengths(self._read(LENGTHS.size))
        header = self._read(header_bytes)
        judge(header)  # before the body, which may be large
        return header, self._read(body_bytes)

    def _judge(self, header: bytes) -> None:
        number = read_number(header)
        if not self._held or not self._held[0].sent or number != self._held[0].number:
            raise BadAnswer(f"an answer to order {number}")

    def _read(self, length: int) -> bytes:
        parts = []
        while length > 0:
            part = self._answers.read(min(length, AT_ONCE_BYTES))
            if not part:
                raise EOFError
            length -= len(part)
            parts.append(part)
            if length:
                breathe()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _hear(self, header: bytes, body: bytes) -> None:
        answer = read_answer(header, body)
        if isinstance(answer.outcome, Withdrawn) and self._held[0].task is not None:
            raise BadAnswer(f"order {answer.number} was not taken back")
        held = self._held.popleft()
        self._slot(held).trim()
        self._begin()
        self.answers += 1
        self._house.answered(self, held.task, answer.outcome)
        if self.leaving:
            self.retire()

    def _bury(self) -> None:
        self.ready, self._deaf = False, True
        self._alarm()
        # It may have hung up and live on.
        self._alarm = after(_LINGER_S, lambda: self.kill(Sentence.HUNG_UP))
        status = collect_process(self.pid)
        self._alarm()
        self._opened.close()
        began = bool(self._held) and self._held[0].sent
        lost = self._held[0].task if began else None
        spared = [held.task for held in self._held if held.task is not None and held.task is not lost]
        self._held.clear()
        self._house.ended(self, Ending(self.pid, status, self._sentence, self.answers, self._was_ready), lost, spared)


def _command(program: str, terms: Terms) -> list[str]:
    # -P: the folder we happen to be in is no place to find modules.
    return [sys.executable, "-P", "-m", program, terms.as_argument()]


def _environment() -> dict[str, str]:
    """No secrets: nothing of ours but where code lies."""
    root = Path(__file__).parents[2]
    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # Two arenas halve the memory (docs/performance.md). And no picture goes to disk, where a child may not write.
    return {**inherited, "PYTHONPATH": str(root), "MALLOC_ARENA_MAX": "2", "VIPS_DISC_THRESHOLD": "1000g"}
