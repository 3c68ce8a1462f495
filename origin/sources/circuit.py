"""Whether a host that has failed is worth asking, as a pure judgement over frozen values.

A circuit lets everybody through while its host answers. After some failures in a
row it lets nobody through for a pause, and then one to find out: if that one is
answered everybody may pass again, if not there is another pause.

A few pictures that always fail are not their host. So during a pause one may find
out at once that is for a picture that has not failed; if the host was well lately, one
after the other may. And a picture that had failed before its host answered for another
says nothing about the host, for some time.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

_MOST_PICTURES: Final = 64
"""Pictures that are known to have failed, for each host; when there are more, they are all forgotten."""


class Told(Enum):
    """What one attempt says about its host."""

    WELL = auto()
    FAILED = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is put up with.

    Args:
        failures: So many in a row end it; 0: nothing ever does.
        within_s: And no more than this from the first of them to the last. For so long, too, a host that has
            answered was well lately.
        pause_s: How long nobody is let through.
    """

    failures: int
    within_s: float
    pause_s: float


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of one host.

    Args:
        failures: How often in a row it has failed.
        since_s: When the first of those was.
        until_s: Nobody is let through before; None: everybody is.
        probed: Whether one was let through after that, or before, and has not come back.
        early: Whether one was let through before that, in this pause.
        blamed: The pictures that failed since it answered last, each by a number of its own.
        excused: The pictures that had failed before.
        well_s: When it answered last; None: never.
    """

    failures: int = 0
    since_s: float = 0.0
    until_s: float | None = None
    probed: bool = False
    early: bool = False
    blamed: frozenset[int] = frozenset()
    excused: frozenset[int] = frozenset()
    well_s: float | None = None

    def left_s(self, now_s: float) -> float:
        """Seconds until somebody may try; 0 if now."""
        return 0.0 if self.until_s is None else max(0.0, self.until_s - now_s)

    def admits(self, picture: int, now_s: float, patience: Patience) -> bool:
        """Whether the caller may try to fetch *picture*."""
        if self.probed:
            return False
        if self.left_s(now_s) == 0:
            return True
        has_failed = picture in self.blamed or picture in self.excused
        return not has_failed and (not self.early or self._was_well(now_s, patience))

    def admitted(self, now_s: float) -> "Circuit":
        """After somebody was let through: a probe, unless everybody is."""
        return self if self.until_s is None else replace(self, probed=True, early=self.left_s(now_s) > 0)

    def after(self, told: Told, picture: int, now_s: float, patience: Patience) -> "Circuit":
        """After somebody came back from fetching *picture*."""
        if told is Told.WELL:
            return Circuit(excused=_few(self.excused | self.blamed) - {picture}, well_s=now_s)
        if self.until_s is not None:
            return self._while_closed(told, picture, now_s, patience)
        if told is Told.NOTHING or self._excuses(picture, now_s, patience):
            return self
        return self._counted(picture, now_s, patience)

    def _while_closed(self, told: Told, picture: int, now_s: float, patience: Patience) -> "Circuit":
        # Who was under way when the pause began brings no news; a probe that found nothing out is another's turn.
        if told is Told.NOTHING:
            return replace(self, probed=False, early=False)
        blamed = _few(self.blamed | {picture})
        if self.probed and not self.early:
            return replace(self, until_s=now_s + patience.pause_s, probed=False, blamed=blamed)
        return replace(self, probed=False, blamed=blamed)

    def _excuses(self, picture: int, now_s: float, patience: Patience) -> bool:
        return picture in self.excused and self._was_well(now_s, patience)

    def _was_well(self, now_s: float, patience: Patience) -> bool:
        return self.well_s is not None and now_s - self.well_s <= patience.within_s

    def _counted(self, picture: int, now_s: float, patience: Patience) -> "Circuit":
        goes_on = self.failures > 0 and now_s - self.since_s <= patience.within_s
        failures, since_s = (self.failures + 1, self.since_s) if goes_on else (1, now_s)
        ends = 0 < patience.failures <= failures
        return replace(
            self,
            failures=failures,
            since_s=since_s,
            until_s=now_s + patience.pause_s if ends else None,
            blamed=_few(self.blamed | {picture}),
        )


def _few(pictures: frozenset[int]) -> frozenset[int]:
    return pictures if len(pictures) <= _MOST_PICTURES else frozenset()
