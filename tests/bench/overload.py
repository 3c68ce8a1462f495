"""Four times what can be done: `python -m tests.bench.overload [SECONDS] [ROUNDS]`.

Cold pictures of one photograph over HTTP, at a steady rate whether or not there are
answers (an open loop): first as many as eight askers in closed loops get, which is the
capacity, then four times as many. Beside it `/health` and one picture from memory are
asked 50 times a second. Whatever comes back with 200 must be the picture, byte by byte.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from origin.client import path_for, sign_path
from tests.bench.isolation import photo
from tests.processes import family, processor_s, status_kib
from tests.service.conftest import RING, Service

_ASKERS = 8
_OPTIONS = ("rs:fill:400:300", "q:80")


@dataclass
class Tally:
    """What came back, in milliseconds by kind."""

    served_ms: list[float] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Whatever is neither the picture nor 503 with ``Retry-After``."""
    last_s: float = 0.0
    """When the last picture came."""
    cores: tuple[float, ...] = ()
    """How many had whoever asks, the HTTP worker, and its children meanwhile."""

    @property
    def goodput_per_s(self) -> float:
        """Pictures a second, until the last one that was admitted was there."""
        return len(self.served_ms) / self.last_s


@dataclass(frozen=True)
class Load:
    """Asks one service for pictures that it has not made yet.

    Args:
        port: Where it listens.
        process: Its arbiter, the first of whose children is the HTTP worker.
        expected: What each picture must be, byte by byte.
    """

    port: int
    process: int
    expected: bytes
    source: str = "local:///photo.jpg"
    options: Sequence[str] = _OPTIONS

    async def sample(self) -> bytes:
        """One picture, whatever it is."""
        path = sign_path(RING, path_for(self.source, [*self.options, "cb:sample"]))
        return (await _got(self.port, path))[2]

    async def ask(self, tally: Tally, cachebuster: str) -> None:
        """One picture, on a connection of its own."""
        path = sign_path(RING, path_for(self.source, [*self.options, f"cb:{cachebuster}"]))
        began_s = time.perf_counter()
        try:
            status, head, body = await asyncio.wait_for(_got(self.port, path), 60)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            tally.wrong.append(repr(error))
            return
        taken_ms = (time.perf_counter() - began_s) * 1000
        if status == 200 and body == self.expected:
            tally.served_ms.append(taken_ms)
        elif status == 503 and b"\r\nRetry-After:" in head:
            tally.refused_ms.append(taken_ms)
        else:
            tally.wrong.append(f"{status} {head[:200]!r}")

    async def _measured(self, tally: Tally, asking: Awaitable[object]) -> Tally:
        began_s, before_s = time.perf_counter(), self._processor_s()
        await asking
        tally.last_s = time.perf_counter() - began_s
        used_s = [after - before for after, before in zip(self._processor_s(), before_s, strict=True)]
        tally.cores = tuple(round(one / tally.last_s, 2) for one in used_s)
        return tally

    def _processor_s(self) -> tuple[float, float, float]:
        """Of this process, the HTTP worker, and all its children."""
        worker, *children = family(self.process)[1:]
        return time.process_time(), processor_s(worker), sum(map(processor_s, children))

    async def closed(self, seconds: float, run: str, askers: int = _ASKERS) -> Tally:
        """Each asks again when it has its answer."""
        tally, until_s = Tally(), time.perf_counter() + seconds

        async def ask_on(asker: int) -> None:
            number = 0
            while time.perf_counter() < until_s:
                number += 1
                await self.ask(tally, f"{run}-{asker}-{number}")

        return await self._measured(tally, asyncio.gather(*(ask_on(asker) for asker in range(askers))))

    async def open(self, seconds: float, rate_per_s: float, run: str) -> Tally:
        """So many a second, come what may."""
        tally, began_s = Tally(), time.perf_counter()

        async def storm() -> None:
            asked = []
            for number in range(int(seconds * rate_per_s)):
                await asyncio.sleep(max(0.0, began_s + number / rate_per_s - time.perf_counter()))
                asked.append(asyncio.create_task(self.ask(tally, f"{run}-{number}")))
            await asyncio.gather(*asked)

        return await self._measured(tally, storm())


async def probe(port: int, path: str, over: asyncio.Event, rate_per_s: float = 50) -> list[float]:
    """Milliseconds of each answer, which must be 200, until *over*."""
    taken_ms = []
    while not over.is_set():
        began_s = time.perf_counter()
        status, _, _ = await _got(port, path)
        assert status == 200, (path, status)
        taken_ms.append((time.perf_counter() - began_s) * 1000)
        await asyncio.sleep(1 / rate_per_s)
    return taken_ms


async def _got(port: int, path: str) -> tuple[int, bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1]), head, await reader.read()
    finally:
        writer.close()


def resident_mib(service: Service, *, peak: bool = False) -> tuple[float, float]:
    """What the HTTP worker has and what all processes have together."""
    members = family(service.process.pid)
    sizes = [status_kib(member, "VmHWM" if peak else "VmRSS") / 1024 for member in members]
    return sizes[1], sum(sizes)


async def overloaded(load: Load, seconds: float, times: float, run: str) -> tuple[Tally, Tally, list[list[float]]]:
    """Closed loops, then *times* their rate; and what probes of `/health` and of a hit saw, idle and then beside it."""
    hit = sign_path(RING, path_for(load.source, [*load.options, "cb:hit"]))
    assert (await _got(load.port, hit))[0] == 200
    seen: list[list[float]] = []
    calm = await load.closed(seconds, f"{run}calm")
    rate_per_s = times * calm.goodput_per_s
    for asking in (asyncio.sleep(2, Tally()), load.open(seconds, rate_per_s, f"{run}storm")):
        over = asyncio.Event()
        probes = [asyncio.create_task(probe(load.port, path, over)) for path in ("/health", hit)]
        storm = await asking
        over.set()
        seen += [await one for one in probes]
    return calm, storm, seen


def told(taken_ms: Sequence[float]) -> str:
    """Median and tail."""
    if len(taken_ms) < 2:
        return "none"
    cuts = quantiles(taken_ms, n=100)
    return f"{len(taken_ms)}: p50 {cuts[49]:.1f}, p99 {cuts[98]:.1f}, max {max(taken_ms):.0f} ms"


def main(seconds: float = 8.0, rounds: int = 5) -> None:
    """Print what happened."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "photo.jpg").write_bytes(photo())
        environ = {
            "BLENDBEAT_LOCAL_ROOT": folder,
            "BLENDBEAT_PIXEL_WORKERS": "2",
            # Small: memory that grows is not to be a tier that fills. And no child is to take its times to the grave.
            "BLENDBEAT_MEMORY_TIER_BYTES": str(16 * 1024 * 1024),
            "BLENDBEAT_PIXEL_RETIRE_PICTURES": "1000000",
        }
        service = Service(Path(folder) / "log", environ)
        load = Load(service.port, service.process.pid, service.get("local:///photo.jpg", *_OPTIONS).body)
        ratios, by_core = [], []
        for number in range(rounds):
            calm, storm, seen = asyncio.run(overloaded(load, seconds, 4, f"{number}"))
            ratios.append(storm.goodput_per_s / calm.goodput_per_s)
            by_core.append(ratios[-1] * calm.cores[2] / storm.cores[2])
            worker, together = resident_mib(service)
            print(f"round {number}: capacity {calm.goodput_per_s:.0f}/s; goodput {ratios[-1]:.2f} of it")
            print(f"  cores: asking, HTTP worker, children: {calm.cores}, then {storm.cores}")
            print(f"  served {told(storm.served_ms)}; refused {told(storm.refused_ms)}; wrong {len(storm.wrong)}")
            print(f"  /health idle {told(seen[0])}; beside it {told(seen[2])}")
            print(f"  hits    idle {told(seen[1])}; beside it {told(seen[3])}")
            print(f"  resident: HTTP worker {worker:.0f} MiB, all processes {together:.0f} MiB", flush=True)
        print(f"goodput, median of {rounds} rounds: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        print(f"and for each second of processor time that children had: {median(by_core):.2f}")
        service.stop()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
