"""Whether a host that has failed is worth asking, as a pure judgement over frozen values.

A circuit lets everybody through while its host answers. After some failures in a
row it lets nobody through for a pause, and then one to find out: if that one is
answered everybody may pass again, if not there is another pause.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto


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
        within_s: And no more than this from the first of them to the last.
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
        probed: Whether one was let through after that and has not come back.
    """

    failures: int = 0
    since_s: float = 0.0
    until_s: float | None = None
    probed: bool = False

    def left_s(self, now_s: float) -> float:
        """Seconds until somebody may try; 0 if now."""
        return 0.0 if self.until_s is None else max(0.0, self.until_s - now_s)

    def admits(self, now_s: float) -> bool:
        """Whether the caller may try."""
        return not self.probed and self.left_s(now_s) == 0

    def admitted(self) -> "Circuit":
        """After somebody was let through: a probe, unless everybody is."""
        return self if self.until_s is None else replace(self, probed=True)

    def after(self, told: Told, now_s: float, patience: Patience) -> "Circuit":
        """After somebody came back."""
        if told is Told.WELL:
            return Circuit()
        if self.until_s is not None:
            if told is Told.FAILED and self.probed:
                return replace(self, until_s=now_s + patience.pause_s, probed=False)
            # Who was under way when the pause began brings no news; a probe that found nothing out is another's turn.
            return replace(self, probed=False)
        return self._counted(now_s, patience) if told is Told.FAILED else self

    def _counted(self, now_s: float, patience: Patience) -> "Circuit":
        goes_on = self.failures > 0 and now_s - self.since_s <= patience.within_s
        failures, since_s = (self.failures + 1, self.since_s) if goes_on else (1, now_s)
        ends = 0 < patience.failures <= failures
        return Circuit(failures, since_s, now_s + patience.pause_s if ends else None)
