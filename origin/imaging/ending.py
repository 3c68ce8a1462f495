"""How a pixel child ended, and whose fault that was: a verdict on the picture it had in hand."""

import signal
from dataclasses import dataclass
from enum import Enum

from origin.errors import BrokenImage, Interrupted, OriginError, TooCostly

_CRASHES = frozenset(
    {
        signal.SIGSEGV,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGTRAP,
        signal.SIGSYS,
    }
)
"""What a process does to itself."""


class Sentence(Enum):
    """Why we killed it, if we did."""

    TOO_SLOW = "its picture was not finished in time"
    STALLED = "it was given no processor to make its picture"
    RESTLESS = "it was busy with nothing to do"
    BABBLING = "it said something it never should"
    NEVER_READY = "it did not get ready in time"
    HUNG_UP = "it hung up and lived on"
    UNREACHABLE = "it could not be handed its picture"
    UNHEARD = "listening to it failed"
    RETIRED = "it had worked enough"


@dataclass(frozen=True, slots=True)
class Ending:
    """The last that is known of a child.

    Args:
        pid: Which.
        status: As `subprocess` has it: an exit status, or a negative signal; None when somebody else collected it.
        sentence: Why we killed it; None if it ended by itself or by somebody else's hand.
        answers: Pictures it had answered.
        was_ready: Whether it ever got ready for work.
    """

    pid: int
    status: int | None
    sentence: Sentence | None
    answers: int
    was_ready: bool

    @property
    def cause(self) -> str:
        """In a few words."""
        if self.sentence is not None:
            return self.sentence.value
        if self.status is None:
            return "unknown"
        return f"exit status {self.status}" if self.status >= 0 else _name(-self.status)

    def verdict(self) -> OriginError:
        """What whoever waits for the lost picture is told.

        Whether asking again makes sense: not where the picture itself did it, for it
        would do it again.
        """
        if self.sentence is Sentence.TOO_SLOW or self.status == -signal.SIGXCPU:
            return TooCostly("the picture takes longer to make than a picture may")
        by_itself = self.status is not None and (self.status >= 0 or -self.status in _CRASHES)
        gone_mad = self.sentence in (Sentence.BABBLING, Sentence.HUNG_UP)
        if gone_mad or (self.sentence is None and by_itself):
            return BrokenImage(f"the decoder ended over it: {self.cause}")
        return Interrupted("the process that made the picture was stopped from outside")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
