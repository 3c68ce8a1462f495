"""Which policy finds most: `python -m tests.bench.eviction [--quick] [--plot FILE]`.

Prints the tables of `docs/caching.md` and draws `docs/bench/eviction.svg`, which
needs `pip install blendbeat[bench]`. The ratios are the same in every run; times
are medians of interleaved rounds. `--quick` looks at a tenth of the requests, one
capacity and three workloads, and draws only where it is told to.
"""

import argparse
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.bench.eviction.replay import Case, capacity_bytes, costs, ratios
from tests.bench.eviction.report import plot, print_costs, print_ratios
from tests.bench.eviction.workloads import WORKLOADS

_REQUESTS = 200_000
_SHARES = (0.01, 0.05, 0.2)
_PLOT = Path("docs/bench/eviction.svg")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print and draw all of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.eviction")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args(arguments)
    count = _REQUESTS // 10 if options.quick else _REQUESTS
    cases = [Case(workload, share) for workload in WORKLOADS for share in _SHARES]
    if options.quick:
        cases = [Case(workload, 0.05) for workload in ("Zipf 0.9", "scans", "shifting")]
    # Texts hash differently in every process, and so do sketches and tables of hashes, unless it is told.
    os.environ["PYTHONHASHSEED"] = "0"
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), multiprocessing.get_context("spawn")) as pool:
        found = dict(zip(cases, pool.map(ratios, cases, [count] * len(cases)), strict=True))
    print_ratios(found)
    print_costs(costs(capacity_bytes(0.05), WORKLOADS["Zipf 0.9"](count // 4), rounds=3 if options.quick else 7))
    path = options.plot or (None if options.quick else _PLOT)
    if path is not None:
        plot(found, path)


if __name__ == "__main__":
    main()
