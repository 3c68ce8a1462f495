"""What a policy makes of requests."""

import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tests.bench.eviction.gdsf import Gdsf
from tests.bench.eviction.lanes import Lanes
from tests.bench.eviction.lru import Lru
from tests.bench.eviction.policy import Policy
from tests.bench.eviction.s3fifo import S3Fifo
from tests.bench.eviction.sieve import Sieve
from tests.bench.eviction.tinylfu import DensityTinyLfu, WTinyLfu
from tests.bench.eviction.workloads import WORKLOADS, Requests, catalogue

MakePolicy = Callable[[int], Policy]

CHOSEN = "lanes"
POLICIES: Mapping[str, MakePolicy] = {
    "LRU": Lru,
    "SIEVE": Sieve,
    "S3-FIFO": S3Fifo,
    "W-TinyLFU": WTinyLfu,
    "W-TinyLFU, density": DensityTinyLfu,
    "GDSF, heap": Gdsf,
    "lanes, no memory": partial(Lanes, remembers=False),
    CHOSEN: Lanes,
}

_LARGEST_SHARE = 8
"""As in the memory tier: nobody may take more than an eighth."""

_WARMING_SHARE = 4
"""The first quarter of the requests fills the cache and is not counted."""


@dataclass(frozen=True, slots=True)
class Case:
    """Some requests and a capacity, as a share of the working set."""

    workload: str
    share: float


@dataclass(frozen=True, slots=True)
class Ratios:
    """Hits in proportion to requests, and their bytes to the bytes asked for."""

    objects: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request costs in microseconds, and what is kept about one entry, its key included, in bytes."""

    request_us: float
    entry_bytes: float


def capacity_bytes(share: float) -> int:
    """A *share* of the working set."""
    return int(share * sum(picture.size_bytes for picture in catalogue()))


def replay(make: MakePolicy, capacity: int, requests: Requests) -> Ratios:
    """The hit ratios of a policy of *capacity* bytes, once it is warm."""
    policy = make(capacity)
    largest_bytes = capacity // _LARGEST_SHARE
    hits = hit_bytes = asked_bytes = 0
    warm_from = len(requests) // _WARMING_SHARE
    for number, picture in enumerate(requests):
        hit = picture.size_bytes <= largest_bytes and policy.access(picture.key, picture.size_bytes)
        if number >= warm_from:
            asked_bytes += picture.size_bytes
            hits += hit
            hit_bytes += hit * picture.size_bytes
    return Ratios(hits / (len(requests) - warm_from), hit_bytes / asked_bytes)


def ratios(case: Case, count: int) -> dict[str, Ratios]:
    """Of every policy in one case of *count* requests."""
    requests = WORKLOADS[case.workload](count)
    capacity = capacity_bytes(case.share)
    return {name: replay(make, capacity, requests) for name, make in POLICIES.items()}


def costs(capacity: int, requests: Requests, rounds: int) -> dict[str, Cost]:
    """Of every policy; the time is the median of rounds in which each has its turn."""
    times: dict[str, list[float]] = {name: [] for name in POLICIES}
    for _ in range(rounds):
        for name, make in POLICIES.items():
            started_s = time.perf_counter()
            replay(make, capacity, requests)
            times[name].append((time.perf_counter() - started_s) / len(requests) * 1e6)
    return {
        name: Cost(statistics.median(times[name]), _entry_bytes(make, capacity, requests))
        for name, make in POLICIES.items()
    }


def _entry_bytes(make: MakePolicy, capacity: int, requests: Requests) -> float:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    policy = make(capacity)
    for picture in requests:
        if picture.size_bytes <= capacity // _LARGEST_SHARE:
            policy.access("".join(reversed(picture.key)), picture.size_bytes)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return taken / len(policy)
