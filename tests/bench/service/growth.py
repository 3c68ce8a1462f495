"""What an answer costs when there is more of everything: URLs seen, connections, pixels."""

import http.client
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from tests.bench.service import learnt, limit
from tests.bench.service.cases import HIT, PIXELS_MP, Case, Kind, Picture
from tests.bench.service.load import Load, at_once, closed_loop
from tests.bench.service.processes import rest, watched
from tests.bench.service.program import Program
from tests.bench.service.scene import Measured, Row, Scene, measured, warmed

_AT_ONCE = 8
_BUSY = 16
_BATCH = 64
"""Pictures that are asked for at once: fewer than may wait."""
_TINY = replace(HIT, source="tiny.jpg", box_px=8)
_MOST_ASKED = 100_000
"""More pictures than that, even tiny ones, take longer than anybody waits; `learnt` goes on from there."""
_PATIENCE = 12
"""Times as long as another load that seeing URLs may take."""


def seen(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    """Hits after so many URLs were seen, each of a tiny picture of its own, from a start with empty caches.

    Rows say how many there was time for. Then the fast path and the tier are filled and asked in this process.
    """
    program.kill()
    program.start()
    targets = warmed(program, case, scene)
    rows: list[Measured] = []
    so_far, until_s = len(targets), time.monotonic() + _PATIENCE * scene.seconds
    for most in (len(targets), *_decades(min(_MOST_ASKED, case.requests))):
        while so_far < most and time.monotonic() < until_s:
            at_once(program.port, [program.path(_TINY, scene.fresh()) for _ in range(_BATCH)])
            so_far += _BATCH
        rest(program.process)
        targets = warmed(program, case, scene)
        with watched(program.process) as cost:
            load = closed_loop(program.port, targets, scene.seconds, case.connections, once=False)
        reference = rows[0].row if rows else None
        rows.append(measured(f"hits, {so_far:,} URLs seen", program, load, cost, reference))
    return [*rows, *_alone(program.name, case, scene)]


def _alone(name: str, case: Case, scene: Scene) -> Iterator[Measured]:
    first: Row | None = None
    for number, load in learnt.hits((1, *_decades(case.requests)), scene.seconds):
        row = Row(f"fast path alone, {number:,} URLs seen", name)
        yield Measured(row, load, load.seconds, 0.0, first)
        first = first or row


def _decades(most: int) -> list[int]:
    """
    >>> _decades(1_000_000), _decades(40)
    ([1000, 100000, 1000000], [40])
    """
    return [*(number for number in (1_000, 100_000) if number < most), most]


def open_beside(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    """Hits on a few busy connections beside many that are kept alive and say nothing."""
    targets = warmed(program, case, scene)
    rows: list[Measured] = []
    for number in (1, *(some for some in (100, 1_000) if some < case.connections), case.connections):
        with _idle(program.port, number), watched(program.process) as cost:
            load = closed_loop(program.port, targets, scene.seconds, _BUSY, once=False)
        reference = rows[0].row if rows else None
        rows.append(measured(f"hits, {number:,} idle beside", program, load, cost, reference))
        rest(program.process)
    return rows


@contextmanager
def _idle(port: int, number: int) -> Iterator[None]:
    """So many connections, each of which has had one answer."""
    with ExitStack() as stack:
        for _ in range(number):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            stack.callback(connection.close)
            connection.request("GET", "/health")
            connection.getresponse().read()
        yield


def asked(case: Case) -> Mapping[str, Picture]:
    """What *case* asks for cold, by the row it is told in."""
    if case.kind is not Kind.PIXELS:
        return {case.name: case.picture}
    return {f"{number:g} MP": replace(case.picture, source=f"pixels-{number:g}.jpg") for number in PIXELS_MP}


def pixels(program: Program, case: Case, scene: Scene) -> Sequence[Measured]:
    """Cold pictures of sources of so many pixels; all that are begun are waited for, so that the cost is theirs."""
    rows = []
    for label, picture in asked(case).items():
        loads: list[Load] = []
        with watched(program.process) as cost:
            while sum(load.seconds for load in loads) < scene.seconds:
                paths = [program.path(picture, scene.fresh()) for _ in range(_AT_ONCE)]
                loads.append(at_once(program.port, paths))
        rows.append(measured(label, program, Load.joined(loads), cost, Row(label, limit.BARE)))
        rest(program.process)
    return rows
