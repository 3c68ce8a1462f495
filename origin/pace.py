"""How slow a client may be: a rule, and no clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The least speed at which bytes must move.

    Args:
        grace_s: How long nothing at all may move, at any time.
        least_bytes_per_s: What must move on average, once the grace is over.
        total_s: After how long it is over, however much has moved.
    """

    grace_s: float
    least_bytes_per_s: int
    total_s: float = float("inf")

    @classmethod
    def at_most(cls, total_s: float) -> "Pace":
        """No pace, only an end."""
        return cls(total_s, 1, total_s)

    def left_s(self, spent_s: float, moved_bytes: int) -> float:
        """Seconds in which something must move again, asked when something has just moved; too late if not above 0.

        >>> Pace(grace_s=10, least_bytes_per_s=1000, total_s=60).left_s(spent_s=12, moved_bytes=5000)
        3.0
        """
        owed_s = self.grace_s + moved_bytes / self.least_bytes_per_s - spent_s
        return min(self.grace_s, owed_s, self.total_s - spent_s)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long clients are waited for.

    Args:
        head: The end of a head, from its first byte; also how long a new connection may say nothing.
        head_bytes: The most that a head may have, all fields together.
        body: The pace of a body that is read.
        answer: The pace at which an answer is taken.
        rest: The end of taking in what nobody wants to read, so that the client gets to read its answer.
    """

    head: Pace
    head_bytes: int
    body: Pace
    answer: Pace
    rest: Pace
