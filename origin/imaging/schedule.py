"""Who gets the next picture: idle children first, and nobody is left waiting behind somebody slow.

A child is handed a second picture while it works on the first, so that it never
waits for one. That is only worth it for short pictures, and only fair while the
first one is: a picture handed out and not begun can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE_S = 0.05
"""A hundred times what handing out takes. Whoever works on a picture for longer loses nothing by asking for the next
when it is done; and whoever waits behind such a picture for longer may be served elsewhere."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One child as far as handing out is concerned.

    Args:
        held: Pictures it has been handed and not answered.
        working_s: For how long it has worked on the first of them; 0.0 when it has none.
        waiting_s: For how long the second has waited; None when there is none that could be taken back.
        slots: How many it may hold.
    """

    held: int
    working_s: float
    waiting_s: float | None = None
    slots: int = 2

    @property
    def has_room(self) -> bool:
        """Whether it is to be handed another one now."""
        return self.held == 0 or (self.held < self.slots and self.working_s < PATIENCE_S)


def next_seat(seats: Sequence[Seat]) -> int | None:
    """Index of the one to hand the next picture to: an idle one, else whoever is likely to be done first.

    >>> next_seat([Seat(1, 0.01), Seat(0, 0.0)]), next_seat([Seat(1, 0.01), Seat(1, 0.02)]), next_seat([Seat(1, 2.0)])
    (1, 1, None)
    """
    free = [at for at, seat in enumerate(seats) if seat.has_room]
    return min(free, key=lambda at: (seats[at].held, -seats[at].working_s), default=None)


def overdue(seats: Sequence[Seat], taker: int, *, nothing_else: bool) -> int | None:
    """Index of the child whose second picture the *taker* should be given instead of the next in the queue.

    Args:
        seats: All of them.
        taker: Who has room.
        nothing_else: The queue is empty.

    >>> overdue([Seat(2, 0.01, 0.01), Seat(0, 0.0)], 1, nothing_else=True)
    0
    >>> overdue([Seat(2, 0.01, 0.01), Seat(1, 0.0)], 1, nothing_else=True)
    >>> overdue([Seat(2, 0.80, 0.79), Seat(1, 0.0)], 1, nothing_else=False)
    0
    """
    patience_s = 0.0 if nothing_else and seats[taker].held == 0 else PATIENCE_S
    waits = {at: seat.waiting_s for at, seat in enumerate(seats) if at != taker and seat.waiting_s is not None}
    longest = max(waits, key=lambda at: waits[at], default=None)
    return longest if longest is not None and waits[longest] >= patience_s else None
