"""Pictures made in child processes that can be killed: the queue, and as many children as there are cores.

A decoder that crashes, hangs or eats memory ends its own process and the one
picture in it. Every other picture goes on, and the next child is started at once.
docs/isolation.md tells why it is built as it is.
"""

import os
from collections import deque
from dataclasses import dataclass
from functools import partial

from origin.concurrency import Promise, after, pause
from origin.errors import Forsaken, Interrupted, OriginError, Overloaded
from origin.imaging.admission import Bounds, Crowd, objection
from origin.imaging.ending import Ending, Sentence
from origin.imaging.expectation import work_of
from origin.imaging.jail import Terms
from origin.imaging.job import Job, Rendered, packed
from origin.imaging.keeper import Child, Task
from origin.imaging.ledger import Ledger
from origin.imaging.pool import Abilities, IsWanted, always
from origin.imaging.schedule import next_seat, overdue
from origin.imaging.wire import Fault, Hello, Outcome, Withdrawn
from origin.telemetry.logs import LOGGER

_FIRST_REST_S, _LONGEST_REST_S = 0.1, 5.0
_GLANCE_S = 0.005
_READY_S = 45.0
"""Until the first child is ready a service cannot say what it reads."""


class ChildFault(Exception):
    """An exception in a child that is a fault of ours; the message is its traceback."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What children may use, and when they have worked enough.

    Args:
        workers: How many there are.
        deadline_s: How long one picture may take.
        memory_bytes: Address space of each.
        retire_pictures: After so many a child is replaced,
        retire_bytes: or when it has grown to so much resident memory.
    """

    workers: int
    deadline_s: float = 20.0
    memory_bytes: int = 2 * 1024**3
    retire_pictures: int = 2000
    retire_bytes: int = 512 * 1024**2

    def terms(self) -> Terms:
        """What a child is started with. The limit of processor time is a backstop: no good child comes near it."""
        return Terms(os.getpid(), self.memory_bytes, int(60 + 2 * self.deadline_s * min(self.retire_pictures, 10_000)))


class ChildPool:
    """Makes variants in child processes, first come, first served.

    Returns when the first child is ready; build it in the process that uses it.

    Args:
        upkeep: How many children, and what they may use.
        bounds: What may wait beside those that are being made.
        program: The module that the children run.
    """

    def __init__(self, upkeep: Upkeep, bounds: Bounds, program: str = "origin.imaging.child") -> None:
        self._upkeep = upkeep
        self._bounds = bounds
        self._ledger = Ledger(upkeep.workers)
        self._program = program
        self._waiting: deque[Task] = deque()
        self._children: list[Child] = []
        self._worn: list[Child] = []
        self._failures = 0
        self._resting = False
        self._open = True
        self._hello: Promise[Hello] = Promise()
        self._fill()
        late = after(_READY_S, lambda: self._hello.fail(ChildFault("no pixel child got ready")))
        try:
            hello = self._hello.wait()
        except ChildFault:
            self.close()
            raise
        late()
        self.abilities: Abilities = hello.abilities
        if hello.missing:
            LOGGER.warning("pixel children work without %s: this kernel forbids it", ", ".join(hello.missing))

    @property
    def pids(self) -> tuple[int, ...]:
        """The children that are ready to work."""
        return tuple(child.pid for child in self._children if child.ready)

    def transform(self, body: bytes, job: Job, is_wanted: IsWanted = always) -> Rendered:
        """The variant, made in a child while this greenlet waits.

        Raises:
            Overloaded: It would have to wait too long, or what waits would be too much; or it did wait too long.
            TooCostly: It took longer than a picture may, or more memory.
            BrokenImage: The decoder died of it.
            Interrupted: Somebody else killed the child.
            Forsaken: Nobody wanted it any more, and it was not begun.
            OriginError: As `origin.imaging.pipeline.transform`.
        """
        self._admit(body)
        task = Task(body, packed(job), Promise(), work_of(body, job), is_wanted)
        self._ledger.enter(task, body, task.work)
        self._waiting.append(task)
        self._deal()
        late = after(self._bounds.wait_s, partial(self._expire, task))
        try:
            return task.promise.wait()
        finally:
            late()
            self._withdraw(task)  # whoever asked may be gone, and what is not begun need not be
            # An error's traceback holds this frame; through the task it would hold megabytes, too.
            del task, body

    def check_room(self) -> None:
        """Raise Overloaded when one more picture would be too much, whatever its source."""
        self._admit(b"")

    def trouble(self) -> str:
        """As `Workshop.trouble`. A child that is being replaced is none: whoever sends what kills children would
        otherwise stop a whole service."""
        if self._failures and not self.pids:
            return "no pixel child gets ready"
        return objection(self._crowd(), self._bounds)

    def close(self) -> None:
        """End all children and wait until they are gone; what they have in hand is lost."""
        self._open = False
        for child in self._children:
            child.kill(Sentence.RETIRED)
        while self._children:
            pause(_GLANCE_S)
        while self._waiting:
            self._give_up(self._waiting.popleft(), Interrupted("the service ends"))

    def ready(self, hello: Hello) -> None:
        """A child can be handed work. If it was started to replace a worn one, that one may go."""
        self._failures = 0
        self._hello.keep(hello)
        if self._worn:
            worn = self._worn.pop(0)
            if (task := worn.take_back()) is not None:
                self._waiting.appendleft(task)
            worn.retire()
        self._deal()

    def answered(self, child: Child, task: Task | None, outcome: Outcome) -> None:
        """A child is done with a picture, and has begun the next one by now."""
        self._deal()
        if task is not None:
            self._ledger.leave(task)
            if isinstance(outcome, Rendered):
                self._ledger.learn(task.work, outcome.transform_s)
            _settle(task.promise, outcome)
        if child not in self._worn and not child.leaving and self._is_worn(child):
            self._worn.append(child)
            self._fill()

    def ended(self, child: Child, ending: Ending, lost: Task | None, spared: list[Task]) -> None:
        """A child is no more: whoever waits for what it was at is told, the rest goes to others, and it is replaced."""
        self._children.remove(child)
        if child in self._worn:
            self._worn.remove(child)
        if ending.sentence is not Sentence.RETIRED:
            LOGGER.warning("pixel child %d ended after %d pictures: %s", ending.pid, ending.answers, ending.cause)
        if lost is not None:
            self._give_up(lost, ending.verdict())
        self._waiting.extendleft(reversed(spared))
        if not ending.was_ready:
            self._rest()
        self._fill()
        self._deal()

    def _admit(self, body: bytes) -> None:
        self._drop_forsaken()
        if why := objection(self._crowd(body), self._bounds):
            raise Overloaded(why)

    def _crowd(self, one_more: bytes = b"") -> Crowd:
        making = (child.making for child in self._children)
        return self._ledger.crowd([(task.work, so_far_s) for task, so_far_s in filter(None, making)], one_more)

    def _drop_forsaken(self) -> None:
        for task in [task for task in self._waiting if not task.is_wanted()]:
            self._waiting.remove(task)
            self._give_up(task, Forsaken("nobody waits for the picture any more"))

    def _deal(self) -> None:
        """Hand out whatever somebody has room for."""
        self._drop_forsaken()
        while True:
            able = [child for child in self._children if child.ready and not child.leaving]
            seats = [child.seat() for child in able]
            taker = next_seat(seats)
            if taker is None:
                return
            behind = overdue(seats, taker, nothing_else=not self._waiting)
            task = None if behind is None else able[behind].take_back()
            if task is None and not self._waiting:
                return
            able[taker].take(task or self._waiting.popleft())

    def _expire(self, task: Task) -> None:
        if self._withdraw(task):
            task.promise.fail(Overloaded(f"the picture was not begun within {self._bounds.wait_s:g} s"))

    def _withdraw(self, task: Task) -> bool:
        """Whether *task* was still waiting; it is no longer."""
        if task in self._waiting:
            self._waiting.remove(task)
        elif not any(child.take_back(task) is not None for child in self._children):
            return False
        self._ledger.leave(task)
        return True

    def _give_up(self, task: Task, why: Exception) -> None:
        self._ledger.leave(task)
        task.promise.fail(why)

    def _is_worn(self, child: Child) -> bool:
        upkeep = self._upkeep
        return child.answers >= upkeep.retire_pictures or child.resident_bytes() > upkeep.retire_bytes

    def _fill(self) -> None:
        """Start what is missing: at once, unless the last ones never got ready."""
        while self._open and not self._resting and self._missing() > 0:
            try:
                self._children.append(Child(self, self._program, self._upkeep.terms(), self._upkeep.deadline_s))
            except OSError as error:
                LOGGER.error("no pixel child could be started: %s", error)
                self._rest()

    def _missing(self) -> int:
        staying = [child for child in self._children if not child.leaving and child not in self._worn]
        return self._upkeep.workers - len(staying)

    def _rest(self) -> None:
        """Start nobody for a while, longer each time: what fails at once would fail a thousand times a second."""
        self._failures += 1
        if not self._resting:
            self._resting = True
            after(min(_LONGEST_REST_S, _FIRST_REST_S * 2 ** (self._failures - 1)), self._rested)

    def _rested(self) -> None:
        self._resting = False
        self._fill()


def _settle(promise: Promise[Rendered], outcome: Outcome) -> None:
    match outcome:
        case Rendered():
            promise.keep(outcome)
        case Fault():
            promise.fail(ChildFault(outcome.traceback))
        case Withdrawn():
            promise.fail(Interrupted("the picture was taken back"))
        case OriginError():
            promise.fail(outcome)
