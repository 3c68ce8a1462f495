"""Who is inside a pool, waiting or being made, and what is expected of them: kept as they come and go."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable

from origin.imaging.admission import Crowd
from origin.imaging.expectation import Kind, Pace, Work


class Ledger:
    """Counts pictures, their work and their sources; each costs the same however many are inside.

    Work is kept as it was guessed, kind by kind, and only weighed when somebody
    asks: what is learnt from one picture holds for those that wait already.

    Args:
        workers: How many pictures are made at once.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._inside: dict[Hashable, tuple[bytes, Work]] = {}
        self._guessed_s: defaultdict[Kind, float] = defaultdict(float)
        self._sources: Counter[int] = Counter()
        self._source_bytes = 0
        self._paces: dict[Kind, Pace] = {}
        self._usual = Pace()

    def enter(self, picture: Hashable, body: bytes, work: Work) -> None:
        """*picture* waits from now on, and holds its source, which others may hold, too."""
        self._inside[picture] = (body, work)
        self._guessed_s[work.kind] += work.guess_s
        self._sources[id(body)] += 1
        if self._sources[id(body)] == 1:
            self._source_bytes += len(body)

    def leave(self, picture: Hashable) -> None:
        """*picture* is neither waiting nor being made; nothing happens if it was not before."""
        if (found := self._inside.pop(picture, None)) is None:
            return
        body, work = found
        self._guessed_s[work.kind] -= work.guess_s
        self._sources[id(body)] -= 1
        if not self._sources[id(body)]:
            del self._sources[id(body)]
            self._source_bytes -= len(body)
        if not self._inside:
            self._guessed_s.clear()  # and with it what rounding has left over

    def learn(self, work: Work, taken_s: float) -> None:
        """A picture is made."""
        pace = self._paces.get(work.kind) or Pace(self._usual.factor)
        self._paces[work.kind] = pace.after(work.guess_s, taken_s)
        self._usual = self._usual.after(work.guess_s, taken_s)

    def expected_s(self, work: Work) -> float:
        """How long it takes. Of a kind that was not seen yet, what pictures take lately is all there is to go by."""
        return work.guess_s * self._pace(work.kind).factor

    def crowd(self, making: Iterable[tuple[Work, float]], one_more: bytes = b"") -> Crowd:
        """Everybody, as admission sees them.

        Args:
            making: What is being made, and for how many seconds.
            one_more: The source of who would come in.
        """
        begun = [(self.expected_s(work), so_far_s) for work, so_far_s in making]
        inside_s = sum(guessed_s * self._pace(kind).factor for kind, guessed_s in self._guessed_s.items())
        return Crowd(
            self._workers,
            len(self._inside),
            # Who is late is believed to need as long again as it is late.
            tuple(abs(expected_s - so_far_s) for expected_s, so_far_s in begun),
            max(0.0, inside_s - sum(expected_s for expected_s, _ in begun)),
            self._source_bytes + (0 if id(one_more) in self._sources else len(one_more)),
        )

    def _pace(self, kind: Kind) -> Pace:
        return self._paces.get(kind, self._usual)
