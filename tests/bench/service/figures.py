"""From rounds of measurements to the rows of the table: medians, and medians of ratios."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.bench.service.scene import Measured, Row

Round = Mapping[Row, Measured]


@dataclass(frozen=True, slots=True)
class Look:
    """What one answer looks like: its bytes, and its score if there is somebody to tell."""

    bytes: int
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of the table; times in ms, memory in MiB.

    Args:
        of_reference: Good answers a second, as a share of the reference's in the same round.
        p99_of_reference: The same of the 99th percentile: how many times the reference's.
        slowest: The slowest of a herd, of one alone in the same round.
        growth: Memory in the last quarter of a soak, over that in the third.
    """

    label: str
    contestant: str
    per_s: float
    of_reference: float | None
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    p99_of_reference: float | None
    cpu_ms: float | None
    peak_mib: float
    look: Look | None = None
    refused: int = 0
    broken: int = 0
    fetches: int | None = None
    slowest: float | None = None
    growth: float | None = None
    resident_mib: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """With what is not known left out."""
        return {name: value for name, value in asdict(self).items() if value is not None and value != ()}


def figures(rounds: Sequence[Round], looks: Mapping[Row, Look]) -> list[Figures]:
    """A row for everything that was measured, in that order."""
    rows = dict.fromkeys(row for one in rounds for row in one)
    return [_figures(row, [one for one in rounds if row in one], looks.get(row)) for row in rows]


def _figures(row: Row, rounds: Sequence[Round], look: Look | None) -> Figures:
    all_of_it = [one[row] for one in rounds]
    loads = [measured.load for measured in all_of_it]
    pairs = [
        (one[row].load, one[reference].load)
        for one in rounds
        if (reference := one[row].reference) not in (None, row) and reference in one and one[row].load.requests
    ]
    return Figures(
        row.label,
        row.contestant,
        median(load.good_per_s for load in loads),
        middle(ours.good_per_s / theirs.good_per_s for ours, theirs in pairs if theirs.good_per_s),
        median(load.p50_ms for load in loads),
        median(load.p95_ms for load in loads),
        median(load.p99_ms for load in loads),
        max(load.max_ms for load in loads),
        middle(ours.p99_ms / theirs.p99_ms for ours, theirs in pairs),
        middle(
            1000 * one.cpu_s / one.load.requests for one in all_of_it if one.cpu_s is not None and one.load.requests
        ),
        max(measured.peak_mib for measured in all_of_it),
        look,
        sum(load.refused for load in loads),
        sum(load.broken for load in loads),
        max((measured.fetches for measured in all_of_it if measured.fetches is not None), default=None),
        middle(measured.slowest for measured in all_of_it if measured.slowest is not None),
        growth(all_of_it[-1].resident_mib),
        all_of_it[-1].resident_mib,
    )


def middle(values: Iterable[float]) -> float | None:
    """The median, if there is anything.

    >>> middle([3, 1, 2]), middle([])
    (2, None)
    """
    found = list(values)
    return median(found) if found else None


def growth(resident_mib: Sequence[float]) -> float | None:
    """The mean of the last quarter over that of the third; none if there are too few to tell.

    >>> growth([50, 80, 100, 100, 100, 100, 103, 107])
    1.05
    """
    quarter = len(resident_mib) // 4
    if quarter < 2:
        return None
    third, last = resident_mib[-2 * quarter : -quarter], resident_mib[-quarter:]
    return sum(last) / sum(third)
