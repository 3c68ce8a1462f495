"""Allocators, in the arrangement that ships: `python -m tests.bench.allocators [PICTURES] [NAME=LIBRARY ...]`.

One HTTP worker and its children make mixed cold pictures, eight at the same moment; every
allocator makes the same ones, taking turns by quarters. A library is preloaded; children
inherit that. Tiers are small: memory that grows is not to be a tier that fills.

    python -m tests.bench.allocators 2000 jemalloc=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.service import pictures
from tests.bench.service.cases import Picture, mixture
from tests.bench.service.contestants import BlendBeat, source_server
from tests.bench.service.load import at_once
from tests.bench.service.processes import rest, watched
from tests.processes import family, status_kib

_AT_ONCE = 8
_QUARTERS = 4
_MOST_PX = 1200
_TIER_BYTES = str(16 * 1024 * 1024)


class _Allocated(BlendBeat):
    """The service with an allocator's variables."""

    def __init__(self, log: Path, source_port: int, variables: Mapping[str, str]) -> None:
        super().__init__(log, source_port)
        self._variables = variables
        self.cpu_s = 0.0
        self.peak_mib = 0.0
        self.resident: list[str] = []

    @property
    def environ(self) -> Mapping[str, str]:
        """As it ships, but for its allocator, and tiers that are full at once."""
        usual = {name: text for name, text in super().environ.items() if name != "MALLOC_ARENA_MAX"}
        tiers = {"BLENDBEAT_MEMORY_TIER_BYTES": _TIER_BYTES, "BLENDBEAT_SOURCE_TIER_BYTES": _TIER_BYTES}
        return {**usual, **tiers, **self._variables}

    def make(self, some: Sequence[Picture], run: str) -> None:
        """All of *some*, a few at the same moment, and what they cost."""
        with watched(self.process) as cost:
            paths = [self.path(one, f"{run}-{number}") for number, one in enumerate(some)]
            for begin in range(0, len(paths), _AT_ONCE):
                load = at_once(self.port, paths[begin : begin + _AT_ONCE])
                assert load.refused == 0, load
        rest(self.process)
        self.cpu_s += cost.cpu_s
        self.peak_mib = max(self.peak_mib, cost.peak_mib)
        worker, *children = (status_kib(member, "VmRSS") / 1024 for member in family(self.process)[1:])
        self.resident.append(f"{worker:.0f} + {sum(children):.0f}")


def main(count: int = 1000, *libraries: str) -> None:
    """Print a row for each allocator."""
    preloaded = {name: {"LD_PRELOAD": path} for name, path in (one.split("=", 1) for one in libraries)}
    arrangements = {"glibc as it is, its children with two arenas": {}, "glibc, two arenas": {"MALLOC_ARENA_MAX": "2"}}
    work = mixture(count, _MOST_PX)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        pictures.draw(folder)
        sources = source_server(folder / "sources.log", folder)
        running = {
            name: _Allocated(folder / f"{number}.log", sources.port, variables)
            for number, (name, variables) in enumerate({**arrangements, **preloaded}.items())
        }
        for program in (sources, *running.values()):
            program.start()
            stack.callback(program.stop)
        for quarter in range(_QUARTERS):
            for service in running.values():
                service.make(work[quarter * count // _QUARTERS : (quarter + 1) * count // _QUARTERS], f"q{quarter}")
    print("| allocator | HTTP worker + children after each quarter, MiB | peak of all, MiB | CPU of a picture |")
    print("|---|---|---|---|")
    for name, service in running.items():
        told = ", ".join(service.resident)
        print(f"| {name} | {told} | {service.peak_mib:.0f} | {1000 * service.cpu_s / count:.1f} ms |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000, *sys.argv[2:])
