"""How each kind of case is driven, against one contestant, once."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from statistics import median

from tests.bench.service import contestants, limit
from tests.bench.service.cases import HIT, SRCSET_PX, Case, Kind, Picture, mixture
from tests.bench.service.load import Load, NoFigure, Target, at_once, closed_loop, steadily
from tests.bench.service.processes import Cost, resident_mib, rest, watched
from tests.bench.service.program import Program
from tests.memcached import wait_until

Contestant = Program | limit.Pyvips

_MOST_PER_S = 2000
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


def measure(contestant: Contestant, case: Case, scene: Scene) -> Sequence[Measured]:
    """The rows of *case*, once."""
    if isinstance(contestant, limit.Pyvips):
        load, cpu_s, peak_mib = contestant.run(case.picture, scene.seconds)
        return [Measured(Row(case.name, contestant.name), load, cpu_s, peak_mib)]
    found = _DRIVERS[case.kind](contestant, case, scene)
    rest(contestant.process)  # what was asked last is still being made, and would be paid for by the next in turn
    return found


def _cold(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    targets = _cold_targets(program, case.picture, scene, scene.seconds)
    with watched(program.process) as cost:
        load = closed_loop(program.port, targets, scene.seconds, case.connections, once=True)
    return [_measured(case.name, program, load, cost, Row(case.name, limit.BARE))]


def _warm(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    targets = _warmed(program, case, scene)
    with watched(program.process) as cost:
        load = closed_loop(program.port, targets, scene.seconds, case.connections, once=False)
    return [_measured(case.name, program, load, cost, Row(case.name, contestants.BARE))]


def _mixed(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    warm = _warmed(program, replace(case, picture=HIT), scene)
    asked: Mapping[str, Callable[[], Load]] = {
        "a hit": lambda: steadily(program.port, warm[0].path, scene.seconds),
        "/health": lambda: steadily(program.port, "/health", scene.seconds),
        "hits": lambda: closed_loop(program.port, warm, scene.seconds, 16, once=False),
    }
    idle = [_beside(f"{name}, idle", program, ask) for name, ask in asked.items()]
    busy_s = 3 * scene.seconds + 2
    targets = _cold_targets(program, case.picture, scene, busy_s)
    with ThreadPoolExecutor(1) as background:
        cold = background.submit(closed_loop, program.port, targets, busy_s, case.connections, once=True)
        time.sleep(0.5)  # until its queue is full
        busy = [_beside(f"{name}, beside cold", program, ask) for name, ask in asked.items()]
        beside = Measured(Row("cold, beside all that", program.name), cold.result(), None, busy[-1].peak_mib)
    return [*idle, *(replace(one, reference=quiet.row) for one, quiet in zip(busy, idle, strict=True)), beside]


def _beside(label: str, program: Program, ask: Callable[[], Load]) -> Measured:
    with watched(program.process) as cost:
        load = ask()
    return replace(_measured(label, program, load, cost), cpu_s=None)


def _herd(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    targets = _cold_targets(program, case.picture, scene, scene.seconds)
    with watched(program.process) as cost:
        one = closed_loop(program.port, targets, scene.seconds, 1, once=True)
    alone = _measured(f"{case.name}, one alone", program, one, cost)
    rest(program.process)
    name = scene.fresh()
    with watched(program.process) as cost:
        load = at_once(program.port, [program.path(case.picture, name)] * case.connections)
    herd = _measured(f"{case.name} of {case.connections}", program, load, cost)
    slowest = load.max_ms / one.p50_ms if one.requests else None
    return [alone, replace(herd, fetches=scene.fetches(name), slowest=slowest)]


def _srcset(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    name = scene.fresh()
    paths = [program.path(replace(case.picture, box_px=width_px), name) for width_px in SRCSET_PX]
    with watched(program.process) as cost:
        load = at_once(program.port, paths)
    return [replace(_measured(f"{case.name} of {len(paths)}", program, load, cost), fetches=scene.fetches(name))]


def _soak(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    loads: list[Load] = []
    resident: list[float] = []
    pictures = mixture(int(scene.seconds * _MOST_PER_S), case.picture.box_px)
    with watched(program.process) as cost:
        while sum(load.requests for load in loads) < case.requests:
            targets = [Target(program.path(picture, scene.fresh())) for picture in pictures]
            loads.append(closed_loop(program.port, targets, scene.seconds, case.connections, once=True))
            resident.append(resident_mib(program.process))
            if loads[-1].good_per_s == 0:
                raise NoFigure("no good answers any more")
    soaked = _measured(case.name, program, _joined(loads), cost)
    return [replace(soaked, resident_mib=tuple(resident))]


def _joined(loads: Sequence[Load]) -> Load:
    """One after the other: counts added, times in the middle, the worst of the slowest."""
    return Load(
        requests=sum(load.requests for load in loads),
        seconds=sum(load.seconds for load in loads),
        p50_ms=median(load.p50_ms for load in loads),
        p95_ms=median(load.p95_ms for load in loads),
        p99_ms=median(load.p99_ms for load in loads),
        max_ms=max(load.max_ms for load in loads),
        refused=sum(load.refused for load in loads),
        broken=sum(load.broken for load in loads),
    )


def _cold_targets(program: Program, picture: Picture, scene: Scene, seconds: float) -> list[Target]:
    return [Target(program.path(picture, scene.fresh())) for _ in range(int(seconds * _MOST_PER_S))]


def _warmed(program: Program, case: Case, scene: Scene) -> list[Target]:
    """Variants that are found, the same in every round; what a round between has driven out is made again."""
    paths = [program.path(case.picture, f"warm{number}") for number in range(_WARM)]
    tags = []
    for path in paths:
        wait_until(lambda path=path: "hit" in program.ask(path).headers.get("cache-status", "hit"))  # type: ignore[misc]
        tags.append(program.ask(path).headers["etag"])
    keeps = case.kind is Kind.NOT_MODIFIED
    return [Target(path, tag if keeps else "") for path, tag in zip(paths, tags, strict=True)]


def _measured(label: str, program: Program, load: Load, cost: Cost, reference: Row | None = None) -> Measured:
    return Measured(Row(label, program.name), load, cost.cpu_s, cost.peak_mib, reference)


_DRIVERS: Mapping[Kind, Callable[[Program, Case, Scene], Sequence[Measured]]] = {
    Kind.COLD: _cold,
    Kind.MEMORY: _warm,
    Kind.MEMCACHED: _warm,
    Kind.NOT_MODIFIED: _warm,
    Kind.MIXED: _mixed,
    Kind.HERD: _herd,
    Kind.SRCSET: _srcset,
    Kind.SOAK: _soak,
}
