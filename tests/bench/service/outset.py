"""How long it takes from the start of a process until it answers."""

import time
from collections.abc import Sequence

from tests.bench.service.cases import Case
from tests.bench.service.contestants import BARE
from tests.bench.service.load import Load
from tests.bench.service.processes import Cost, cpu_s, resident_mib
from tests.bench.service.program import Program
from tests.bench.service.scene import Measured, Row, Scene, measured


def start(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    """From the start of its first process to its first answer, and on to its first picture; several times.

    What it had in its caches is gone afterwards.
    """
    answered_ms, made_ms, used_s, mib = [], [], [], 0.0
    for _ in range(case.requests):
        program.kill()
        path = program.path(case.picture, scene.fresh())
        began_s = time.perf_counter()
        program.start()
        answered_ms.append((time.perf_counter() - began_s) * 1000)
        assert program.ask(path).status == 200
        made_ms.append((time.perf_counter() - began_s) * 1000)
        used_s.append(cpu_s(program.process))
        mib = max(mib, resident_mib(program.process))
    rows = {"first answer": answered_ms, "first picture": made_ms}
    cost = Cost(sum(used_s), [mib])
    return [
        measured(label, program, Load.of(taken_ms, sum(taken_ms) / 1000), cost, Row(label, BARE))
        for label, taken_ms in rows.items()
    ]
