"""Memory over many pictures: `python -m tests.bench.memory [PICTURES] [THREADS]`.

Makes mixed variants of the shipped samples in native threads, as the service
does, and prints resident memory after each quarter and at its peak. Run it with
and without an allocator's environment variable, one after the other:

    python -m tests.bench.memory
    MALLOC_ARENA_MAX=2 python -m tests.bench.memory
"""

import os
import random
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from origin.development import SAMPLES
from origin.imaging.job import Job
from origin.imaging.libvips import prepare_libvips
from origin.imaging.limits import Limits
from origin.imaging.pipeline import transform
from origin.recipe import OutputFormat, Recipe, Resize, ResizingType

_FORMATS = (OutputFormat.JPEG, OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.WEBP, OutputFormat.PNG)
_MIB = 1024 * 1024


def jobs(count: int) -> list[tuple[bytes, Job]]:
    """The same *count* mixed jobs every time."""
    bodies = [(SAMPLES / name).read_bytes() for name in ("valley.jpg", "market.jpg", "portrait.jpg", "logo.png")]
    chance = random.Random(1)
    made = []
    for _ in range(count):
        width, height = chance.randint(60, 1200), chance.randint(60, 1200)
        kind = chance.choice((ResizingType.FIT, ResizingType.FILL))
        recipe = Recipe(resize=Resize(kind, width, height), format=chance.choice(_FORMATS))
        job = Job(recipe, Limits(50_000_000, 8192))
        made.append((chance.choice(bodies), job))
    return made


def resident_mib() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / _MIB


def main(count: int = 2000, threads: int = 3) -> None:
    """Print one line for the run."""
    prepare_libvips()
    work = jobs(count)
    started_s = time.perf_counter()
    quarters = []
    with ThreadPoolExecutor(threads) as pool:
        for quarter in range(4):
            part = work[quarter * count // 4 : (quarter + 1) * count // 4]
            for rendered in pool.map(lambda item: transform(*item), part):
                assert rendered.body
            quarters.append(f"{resident_mib():.0f}")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    arenas = os.environ.get("MALLOC_ARENA_MAX", "unset")
    print(
        f"MALLOC_ARENA_MAX {arenas}: {count} pictures, {threads} threads, {time.perf_counter() - started_s:.0f} s, "
        f"resident {' '.join(quarters)} MiB by quarter, peak {peak_mib:.0f} MiB"
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
