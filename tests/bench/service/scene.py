"""What is there for everybody who is measured, and what a measurement is."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from tests.bench.service import limit
from tests.bench.service.cases import Case, Kind, Picture
from tests.bench.service.load import Load, Target
from tests.bench.service.processes import Cost
from tests.bench.service.program import Program
from tests.memcached import wait_until

Contestant = Program | limit.Pyvips

MOST_PER_S = 2000
"""More cold answers a second than anybody gives: so many targets are made."""
_WARM = 64
"""Variants that hits are spread over."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row is about."""

    label: str
    contestant: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One row, of one round.

    Args:
        cpu_s: Processor time of the contestant; none where something else was asked of it meanwhile.
        peak_mib: The most that all its processes held.
        reference: The row of the same round that this one is compared with.
        fetches: How often the source was fetched, where that is the question.
        slowest: The slowest answer, of the usual time of one alone, where that is.
        resident_mib: Memory over time, where that is.
    """

    row: Row
    load: Load
    cpu_s: float | None
    peak_mib: float
    reference: Row | None = None
    fetches: int | None = None
    slowest: float | None = None
    resident_mib: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there for everybody.

    Args:
        seconds: How long each load lasts.
    """

    sources: Program
    seconds: float
    _numbers: Iterator[int]

    @classmethod
    def of(cls, sources: Program, seconds: float) -> "Scene":
        """With names that begin at the beginning."""
        return cls(sources, seconds, count())

    def fresh(self) -> str:
        """A name that no source has been asked for by."""
        return f"n{next(self._numbers)}"

    def fetches(self, name: str) -> int:
        """How often the source of that *name* was fetched."""
        return int(self.sources.ask(f"/seen/{name}").body)


class Refused(Exception):
    """A contestant that does not do what a case asks for; the message says how."""


def sample(contestant: Contestant, picture: Picture, scene: Scene) -> bytes:
    """One answer, to be looked at.

    Raises:
        Refused: It was not 200.
    """
    if isinstance(contestant, limit.Pyvips):
        return contestant.sample(picture)
    answer = contestant.ask(contestant.path(picture, scene.fresh()))
    if answer.status != 200:
        raise Refused(f"{answer.status}")
    return answer.body


def cold_targets(program: Program, picture: Picture, scene: Scene, seconds: float) -> list[Target]:
    """More than anybody gets through in *seconds*, each with a source of its own."""
    return [Target(program.path(picture, scene.fresh())) for _ in range(int(seconds * MOST_PER_S))]


def warmed(program: Program, case: Case, scene: Scene) -> list[Target]:
    """Variants that are found, the same in every round; what a round between has driven out is made again."""
    paths = [program.path(case.picture, f"warm{number}") for number in range(_WARM)]
    tags = []
    for path in paths:
        wait_until(lambda path=path: "hit" in program.ask(path).headers.get("cache-status", "hit"))  # type: ignore[misc]
        tags.append(program.ask(path).headers["etag"])
    keeps = case.kind is Kind.NOT_MODIFIED
    return [Target(path, tag if keeps else "") for path, tag in zip(paths, tags, strict=True)]


def measured(label: str, program: Program, load: Load, cost: Cost, reference: Row | None = None) -> Measured:
    """A row of what *program* did."""
    return Measured(Row(label, program.name), load, cost.cpu_s, cost.peak_mib, reference)
