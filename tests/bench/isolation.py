"""What isolation costs: `python -m tests.bench.isolation [ROUNDS] [SECONDS]`.

Cold pictures (2000 x 1333 JPEG to 400 x 300, quality 80), eight askers in closed
loops. First through the pools alone, then through HTTP with wrk, while memory hits
are asked 200 times a second. Arrangements take turns within every round, so what
else the machine does falls on all of them; rows are medians over the rounds.
"""

import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median, quantiles

import gevent
import pyvips

from origin.development import SAMPLES
from origin.imaging.admission import Bounds
from origin.imaging.children import ChildPool, Upkeep
from origin.imaging.job import Job
from origin.imaging.limits import Limits
from origin.imaging.native import NativePool
from origin.imaging.pool import Pixels
from origin.recipe import Encoding, OutputFormat, Recipe, Resize, ResizingType
from tests.bench.health_beside_pixels import probe
from tests.service.conftest import Service

_CORES = 2
_ASKERS = 8
_RECIPE = Recipe(resize=Resize(ResizingType.FILL, 400, 300), format=OutputFormat.JPEG, encoding=Encoding(quality=80))
_JOB = Job(_RECIPE, Limits(50_000_000, 8192))
_ARRANGEMENTS: Mapping[str, Mapping[str, str]] = {
    "1 HTTP worker, 2 threads": {"BLENDBEAT_PIXEL_ISOLATION": "thread", "BLENDBEAT_PIXEL_WORKERS": "2"},
    "2 HTTP workers, 1 thread each": {
        "BLENDBEAT_PIXEL_ISOLATION": "thread",
        "BLENDBEAT_PIXEL_WORKERS": "1",
        "WEB_CONCURRENCY": "2",
    },
    "1 HTTP worker, 2 children": {"BLENDBEAT_PIXEL_WORKERS": "2"},
    "2 HTTP workers, 1 child each": {"BLENDBEAT_PIXEL_WORKERS": "1", "WEB_CONCURRENCY": "2"},
}
_WRK = """
local number = 0
request = function()
  number = number + 1
  return wrk.format("GET", "/unsafe/rs:fill:400:300/q:80/cb:{}-" .. number .. "/plain/local:///photo.jpg@jpg")
end
"""


def photo() -> bytes:
    """A photograph of 2000 x 1333 px."""
    image = pyvips.Image.thumbnail(str(SAMPLES / "valley.jpg"), 2000, height=1333, size="force")
    return bytes(image.jpegsave_buffer(Q=88))


def bare(body: bytes, seconds: float) -> float:
    """Pictures a second of as many processes as cores that do nothing else: the limit."""
    script = (
        "import os, sys, time, pickle\nos.nice(10)\nfrom origin.imaging.child import load\ntransform, _ = load()\n"
        "body, job, seconds = pickle.load(sys.stdin.buffer)\ntransform(body, job)\nprint(flush=True)\n"
        "sys.stdin.buffer.read(1)\nn, end = 0, time.perf_counter() + seconds\n"
        "while time.perf_counter() < end:\n    transform(body, job); n += 1\nprint(n)"
    )
    running = []
    for _ in range(_CORES):
        process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(pickle.dumps((body, _JOB, seconds)))
        process.stdin.flush()
        running.append(process)
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    made = [int(process.communicate(b"x")[0]) for process in running]
    return sum(made) / seconds


def through(pool: Pixels, body: bytes, seconds: float) -> float:
    """Pictures a second through a pool, eight askers at once."""
    until_s = time.perf_counter() + seconds
    made = count()

    def ask_on() -> None:
        while time.perf_counter() < until_s:
            pool.transform(body, _JOB)
            next(made)

    gevent.joinall([gevent.spawn(ask_on) for _ in range(_ASKERS)], raise_error=True)
    return next(made) / seconds


def parent_ms(children: ChildPool, body: bytes, seconds: float) -> float:
    """What handing a picture to a child and taking the answer costs the process that does it."""
    before_s = time.process_time()
    rate = through(children, body, seconds)
    return (time.process_time() - before_s) / (rate * seconds) * 1000


def pools(body: bytes, rounds: int, seconds: float) -> None:
    """The first table."""
    native, children = NativePool(_CORES, Bounds(100, 60)), ChildPool(Upkeep(_CORES), Bounds(100, 60))
    ways: dict[str, Callable[[], float]] = {
        "bare libvips in 2 processes": lambda: bare(body, seconds),
        "pool of 2 native threads": lambda: through(native, body, seconds),
        "pool of 2 children": lambda: through(children, body, seconds),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            rates[name].append(way())
    print(f"processor time in a parent, per picture: {parent_ms(children, body, seconds):.2f} ms")
    children.close()
    for name, told in _compared(rates).items():
        print(f"{name:32} {told}")


def _compared(rates: Mapping[str, list[float]]) -> dict[str, str]:
    """Each as a share of the fastest, round by round: what disturbs a whole round disturbs no ratio."""
    fastest = max(rates.values(), key=median)
    shares = {name: [ours / best for ours, best in zip(rate, fastest, strict=True)] for name, rate in rates.items()}
    return {
        name: f"{median(share):.2f} of the fastest ({min(share):.2f} to {max(share):.2f}), {median(rates[name]):.1f}/s"
        for name, share in shares.items()
    }


@contextmanager
def _probing(port: int, seconds: float) -> Iterator[list[float]]:
    taken_ms: list[float] = []
    path = "/unsafe/rs:fill:400:300/q:80/cb:hit/plain/local:///photo.jpg@jpg"
    thread = threading.Thread(target=lambda: taken_ms.extend(probe(port, seconds, path)))
    thread.start()
    yield taken_ms
    thread.join()


def over_http(body: bytes, rounds: int, seconds: int) -> None:
    """The second table."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        (root / "photo.jpg").write_bytes(body)
        shared = {"BLENDBEAT_LOCAL_ROOT": folder, "BLENDBEAT_ALLOW_UNSIGNED": "1"}
        services = {}
        for number, (name, environ) in enumerate(_ARRANGEMENTS.items()):
            services[name] = Service(root / f"{number}.log", {**shared, **environ})
            stack.callback(services[name].stop)
        rates: dict[str, list[float]] = {name: [] for name in services}
        hits: dict[str, list[float]] = {name: [] for name in services}
        idle: dict[str, list[float]] = {name: [] for name in services}
        for number in range(rounds):
            for name, service in services.items():
                with _probing(service.port, 1) as taken_ms:
                    pass
                idle[name] += taken_ms[10:]
                with _probing(service.port, seconds) as taken_ms:
                    rates[name].append(_wrk(service.port, seconds, f"{number}", root))
                hits[name] += taken_ms
        for name, told in _compared(rates).items():
            print(f"{name:32} {told}; hits {_tail(hits[name])}, idle {_tail(idle[name])}")


def _wrk(port: int, seconds: int, run: str, root: Path) -> float:
    (root / "cold.lua").write_text(_WRK.replace("{}", run))
    url = f"http://127.0.0.1:{port}"
    command = ["wrk", "-t1", f"-c{_ASKERS}", f"-d{seconds}s", "--timeout", "30s", "-s", str(root / "cold.lua"), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    return float(said.partition("Requests/sec:")[2].split()[0])


def _tail(taken_ms: list[float]) -> str:
    cuts = quantiles(taken_ms, n=100)
    return f"p50 {cuts[49]:.2f} p99 {cuts[98]:.1f} ms"


def main(rounds: int = 7, seconds: int = 3) -> None:
    """Print both tables."""
    body = photo()
    print(f"source {len(body)} bytes; {rounds} rounds of {seconds} s each, in turn")
    pools(body, rounds, seconds)
    over_http(body, rounds, seconds)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
