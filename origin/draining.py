"""How a worker stops: what it does, and for how long, once it was told to. Pure; `worker` does it.

told ----- grace_s -----> no new connections ----- until the last second -----> cut
/ready says 503,          what was asked is answered,                           who still waits gets 503,
all is served             idle connections are closed                           and the exit status is 1
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STOPPING: Final = "blendbeat.stopping"
"""In the environ of a request (PEP 3333) that came, or was answered, after the worker was told to stop."""

CUT_STATUS: Final = 1
"""What the process exits with when requests had to be cut."""

_ENDING_S: Final = 1.0
"""For the end itself: telling those who are cut, and ending processes, before somebody else kills them."""


class Phase(StrEnum):
    """What a worker is at."""

    SERVING = "serving"
    GRACE = "grace"
    """Still serving, so that whoever sends it requests can find out and stop."""
    FINISHING = "finishing"
    """Nothing new; what was asked is answered."""
    OVER = "over"
    """What is not answered by now is cut."""


@dataclass(frozen=True, slots=True)
class Drain:
    """How long a stop may take.

    Args:
        total_s: Altogether, from being told to the end of the process.
        grace_s: The part of it in which everything is still served; less than the total.
    """

    total_s: int
    grace_s: int

    def phase(self, since_s: float | None) -> Phase:
        """What a worker is at that was told to stop *since_s* ago, None for never.

        >>> drain = Drain(total_s=30, grace_s=5)
        >>> [drain.phase(since_s).value for since_s in (None, 0.0, 5.0, 29.0)]
        ['serving', 'grace', 'finishing', 'over']
        """
        if since_s is None:
            return Phase.SERVING
        if since_s < self.grace_s:
            return Phase.GRACE
        return Phase.FINISHING if since_s < self.total_s - _ENDING_S else Phase.OVER
