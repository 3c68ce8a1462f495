"""Four times what can be done, as a case; `tests.bench.overload` does it at length."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tests.bench import overload as storms
from tests.bench.service.cases import Case
from tests.bench.service.load import Load, NoFigure
from tests.bench.service.processes import watched
from tests.bench.service.program import Program
from tests.bench.service.scene import Measured, Row, Scene

_TIMES = 4


def overload(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    """Closed loops, then an open one of four times their rate; hits and `/health` with nothing beside, and beside that.

    Raises:
        NoFigure: Something came back that is neither the picture nor 503.
    """
    source = f"http://127.0.0.1:{scene.sources.port}/{scene.fresh()}/{case.picture.source}"
    asking = storms.Load(program.port, program.process, b"", source)
    asking = replace(asking, expected=asyncio.run(asking.sample()))
    with watched(program.process) as cost:
        calm, storm, probed = asyncio.run(storms.overloaded(asking, scene.seconds, _TIMES, scene.fresh()))
    if wrong := calm.wrong + storm.wrong:
        raise NoFigure(f"{len(wrong)} wrong answers, such as {wrong[0]}")
    rows = {
        "capacity": (calm.served_ms, calm.last_s, None),
        "overload, served": (storm.served_ms, storm.last_s, "capacity"),
        "overload, refused": (storm.refused_ms, storm.last_s, None),
        "/health, calm": (probed[0], sum(probed[0]) / 1000, None),
        "a hit, calm": (probed[1], sum(probed[1]) / 1000, None),
        "/health, beside overload": (probed[2], sum(probed[2]) / 1000, "/health, calm"),
        "a hit, beside overload": (probed[3], sum(probed[3]) / 1000, "a hit, calm"),
    }
    return [
        Measured(
            Row(label, program.name),
            Load.of(taken_ms, seconds),
            None,
            cost.peak_mib,
            Row(beside, program.name) if beside else None,
        )
        for label, (taken_ms, seconds, beside) in rows.items()
        if len(taken_ms) > 1
    ]
