import signal

import pytest

from origin.errors import BrokenImage, Interrupted, OriginError, TooCostly
from origin.imaging.ending import Ending, Sentence


@pytest.mark.parametrize(
    ("status", "sentence", "verdict", "cause"),
    [
        (-signal.SIGSEGV, None, BrokenImage, "SIGSEGV"),
        (-signal.SIGABRT, None, BrokenImage, "SIGABRT"),
        (1, None, BrokenImage, "exit status 1"),
        (0, None, BrokenImage, "exit status 0"),
        (-signal.SIGKILL, Sentence.TOO_SLOW, TooCostly, "its picture was not finished in time"),
        (-signal.SIGKILL, Sentence.STALLED, Interrupted, "it was given no processor to make its picture"),
        (-signal.SIGXCPU, None, TooCostly, "SIGXCPU"),
        (-signal.SIGKILL, Sentence.BABBLING, BrokenImage, "it said something it never should"),
        # The kernel short of memory, or a person: the next try may go well.
        (-signal.SIGKILL, None, Interrupted, "SIGKILL"),
        (None, None, Interrupted, "unknown"),
        (-signal.SIGKILL, Sentence.RETIRED, Interrupted, "it had worked enough"),
        (-99, None, Interrupted, "signal 99"),
    ],
)
def test_whose_fault_it_was(
    status: int | None, sentence: Sentence | None, verdict: type[OriginError], cause: str
) -> None:
    ending = Ending(1, status, sentence, 0, was_ready=True)
    assert type(ending.verdict()) is verdict
    assert ending.cause == cause
