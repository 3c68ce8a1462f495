"""Where the time of a cold picture goes: `python -m tests.bench.cold [ROUNDS] [SECONDS] [CASE] [TREE ...]`.

Processor time of the HTTP worker, of its children together and of the source server
for each answer, beside what the bare libvips call takes; and how much of its time a
child has neither a processor nor waits for one. Other checkouts of this repository
take turns with this one, for a before and after in one run.
"""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from tests.bench.service import pictures
from tests.bench.service.cases import CASES, Picture
from tests.bench.service.contestants import BlendBeat, source_server
from tests.bench.service.limit import Pyvips
from tests.bench.service.load import Target, closed_loop
from tests.bench.service.processes import rest
from tests.bench.service.program import REPOSITORY
from tests.processes import family

_ASKERS = 8
_MOST_PER_S = 400
_BARE = "bare libvips"


@dataclass(frozen=True, slots=True)
class _Spent:
    """What a process has had so far: seconds on a processor, and seconds of waiting for one."""

    ran_s: float
    waited_s: float

    @classmethod
    def by(cls, process: int) -> "_Spent":
        # Documentation/scheduler/sched-stats.rst: nanoseconds on a processor, nanoseconds of waiting for one, turns.
        told = [(task / "schedstat").read_text().split() for task in Path(f"/proc/{process}/task").iterdir()]
        return cls(sum(int(one[0]) for one in told) / 1e9, sum(int(one[1]) for one in told) / 1e9)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One turn: answers a second, and ms of processor for each."""

    per_s: float
    pixels_ms: float
    worker_ms: float = 0.0
    sources_ms: float = 0.0
    worker_busy: float = 0.0
    children_busy: float = 0.0


def _turn(program: BlendBeat, sources: int, picture: Picture, names: "count[int]", seconds: float) -> _Turn:
    targets = [Target(program.path(picture, f"n{next(names)}")) for _ in range(int(seconds * _MOST_PER_S))]
    worker, *children = family(program.process)[1:]
    watched = (worker, sources, *children)
    before = [_Spent.by(process) for process in watched]
    load = closed_loop(program.port, targets, seconds, _ASKERS, once=True)
    ran_s = [_Spent.by(process).ran_s - spent.ran_s for process, spent in zip(watched, before, strict=True)]
    each_ms = [one_s / load.requests * 1000 for one_s in ran_s]
    rest(program.process)
    return _Turn(
        per_s=load.good_per_s,
        pixels_ms=sum(each_ms[2:]),
        worker_ms=each_ms[0],
        sources_ms=each_ms[1],
        worker_busy=ran_s[0] / load.seconds,
        children_busy=sum(ran_s[2:]) / len(children) / load.seconds,
    )


def _bare(limit: Pyvips, picture: Picture, seconds: float) -> _Turn:
    load, cpu_s, _ = limit.run(picture, seconds)
    return _Turn(load.good_per_s, cpu_s / load.requests * 1000)


def _told(turns: Sequence[_Turn], bare: Sequence[_Turn]) -> str:
    def middle(field: str) -> float:
        return float(median(getattr(turn, field) for turn in turns))

    share = median(ours.per_s / theirs.per_s for ours, theirs in zip(turns, bare, strict=True))
    pixels = median(ours.pixels_ms / theirs.pixels_ms for ours, theirs in zip(turns, bare, strict=True))
    worker = median(ours.worker_ms / theirs.pixels_ms for ours, theirs in zip(turns, bare, strict=True))
    return (
        f"{share:.3f} of bare, {middle('per_s'):5.1f}/s | children {middle('pixels_ms'):6.2f} ms ({pixels:.3f} of bare)"
        f" | worker {middle('worker_ms'):5.2f} ms ({worker:.3f} of bare) | sources {middle('sources_ms'):4.2f} ms"
        f" | on a processor: worker {middle('worker_busy'):.0%}, a child {middle('children_busy'):.0%}"
    )


def main(rounds: int = 5, seconds: float = 4, case: str = "jpeg", *trees: str) -> None:
    """Print a row for every checkout."""
    picture = next(one.picture for one in CASES if one.name == case)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, names = Path(name), count()
        pictures.draw(folder)
        sources, limit = source_server(folder / "sources.log", folder), Pyvips(folder)
        for contestant in (sources, limit):
            contestant.start()
            stack.callback(contestant.stop)
        running = {}
        for number, tree in enumerate(trees or [str(REPOSITORY)]):
            running[tree] = BlendBeat(folder / f"{number}.log", sources.port)
            running[tree].tree = Path(tree)
            running[tree].start()
            stack.callback(running[tree].stop)
        server = family(sources.process)[1]
        turns: dict[str, list[_Turn]] = {tree: [] for tree in (_BARE, *running)}
        for program in running.values():
            _turn(program, server, picture, names, 1)  # the first pictures of a child load libraries
        for _ in range(rounds):
            turns[_BARE].append(_bare(limit, picture, seconds))
            for tree, program in running.items():
                turns[tree].append(_turn(program, server, picture, names, seconds))
    for tree, found in turns.items():
        print(f"{Path(tree).name:20} {_told(found, turns[_BARE])}")


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float, str), sys.argv[1:4], strict=False)), *sys.argv[4:])
