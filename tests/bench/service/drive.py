"""How each kind of case is driven, against one contestant, once."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.bench.service import contestants, growth, limit
from tests.bench.service.cases import HIT, SRCSET_PX, Case, Kind, Picture, mixture
from tests.bench.service.load import Load, NoFigure, Target, at_once, closed_loop, steadily
from tests.bench.service.outset import start
from tests.bench.service.processes import resident_mib, rest, watched
from tests.bench.service.program import Program
from tests.bench.service.scene import (
    MOST_PER_S,
    Contestant,
    Measured,
    Row,
    Scene,
    cold_targets,
    measured,
    warmed,
)
from tests.bench.service.storm import overload


def measure(contestant: Contestant, case: Case, scene: Scene) -> Sequence[Measured]:
    """The rows of *case*, once."""
    if isinstance(contestant, limit.Pyvips):
        return [_limit(contestant, label, picture, scene.seconds) for label, picture in growth.asked(case).items()]
    found = _DRIVERS[case.kind](contestant, case, scene)
    rest(contestant.process)  # what was asked last is still being made, and would be paid for by the next in turn
    return found


def _limit(pyvips: limit.Pyvips, label: str, picture: Picture, seconds: float) -> Measured:
    load, cpu_s, peak_mib = pyvips.run(picture, seconds)
    return Measured(Row(label, pyvips.name), load, cpu_s, peak_mib)


def _cold(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    targets = cold_targets(program, case.picture, scene, scene.seconds)
    with watched(program.process) as cost:
        load = closed_loop(program.port, targets, scene.seconds, case.connections, once=True)
    return [measured(case.name, program, load, cost, Row(case.name, limit.BARE))]


def _warm(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    targets = warmed(program, case, scene)
    with watched(program.process) as cost:
        load = closed_loop(program.port, targets, scene.seconds, case.connections, once=False)
    return [measured(case.name, program, load, cost, Row(case.name, contestants.BARE))]


def _mixed(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    warm = warmed(program, replace(case, picture=HIT), scene)
    asked: Mapping[str, Callable[[], Load]] = {
        "a hit": lambda: steadily(program.port, warm[0].path, scene.seconds),
        "/health": lambda: steadily(program.port, "/health", scene.seconds),
        "hits": lambda: closed_loop(program.port, warm, scene.seconds, 16, once=False),
    }
    idle = [_beside(f"{name}, idle", program, ask) for name, ask in asked.items()]
    busy_s = 3 * scene.seconds + 2
    targets = cold_targets(program, case.picture, scene, busy_s)
    with ThreadPoolExecutor(1) as background:
        cold = background.submit(closed_loop, program.port, targets, busy_s, case.connections, once=True)
        time.sleep(0.5)  # until its queue is full
        busy = [_beside(f"{name}, beside cold", program, ask) for name, ask in asked.items()]
        beside = Measured(Row("cold, beside all that", program.name), cold.result(), None, busy[-1].peak_mib)
    return [*idle, *(replace(one, reference=quiet.row) for one, quiet in zip(busy, idle, strict=True)), beside]


def _beside(label: str, program: Program, ask: Callable[[], Load]) -> Measured:
    with watched(program.process) as cost:
        load = ask()
    return replace(measured(label, program, load, cost), cpu_s=None)


def _herd(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    targets = cold_targets(program, case.picture, scene, scene.seconds)
    with watched(program.process) as cost:
        one = closed_loop(program.port, targets, scene.seconds, 1, once=True)
    alone = measured(f"{case.name}, one alone", program, one, cost)
    rest(program.process)
    name = scene.fresh()
    with watched(program.process) as cost:
        load = at_once(program.port, [program.path(case.picture, name)] * case.connections)
    herd = measured(f"{case.name} of {case.connections}", program, load, cost)
    slowest = load.max_ms / one.p50_ms if one.requests else None
    return [alone, replace(herd, fetches=scene.fetches(name), slowest=slowest)]


def _srcset(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    name = scene.fresh()
    paths = [program.path(replace(case.picture, box_px=width_px), name) for width_px in SRCSET_PX]
    with watched(program.process) as cost:
        load = at_once(program.port, paths)
    return [replace(measured(f"{case.name} of {len(paths)}", program, load, cost), fetches=scene.fetches(name))]


def _soak(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    loads: list[Load] = []
    resident: list[float] = []
    pictures = mixture(int(scene.seconds * MOST_PER_S), case.picture.box_px)
    with watched(program.process) as cost:
        while sum(load.requests for load in loads) < case.requests:
            targets = [Target(program.path(picture, scene.fresh())) for picture in pictures]
            loads.append(closed_loop(program.port, targets, scene.seconds, case.connections, once=True))
            resident.append(resident_mib(program.process))
            if loads[-1].good_per_s == 0:
                raise NoFigure("no good answers any more")
    soaked = measured(case.name, program, Load.joined(loads), cost)
    return [replace(soaked, resident_mib=tuple(resident))]


_DRIVERS: Mapping[Kind, Callable[[Program, Case, Scene], Sequence[Measured]]] = {
    Kind.COLD: _cold,
    Kind.MEMORY: _warm,
    Kind.MEMCACHED: _warm,
    Kind.NOT_MODIFIED: _warm,
    Kind.MIXED: _mixed,
    Kind.HERD: _herd,
    Kind.SRCSET: _srcset,
    Kind.SOAK: _soak,
    Kind.START: start,
    Kind.SEEN: growth.seen,
    Kind.OPEN: growth.open_beside,
    Kind.PIXELS: growth.pixels,
    Kind.OVERLOAD: overload,
}
