"""Requests as an image origin sees them, the same ones every time.

The sizes are those of variants of photographs, a lognormal distribution (sigma
0.4) within each kind:

| kind | of the pictures | median | from | to |
|---|---|---|---|---|
| thumbnail | 55 % | 10 kB | 5 kB | 20 kB |
| card | 28 % | 35 kB | 20 kB | 60 kB |
| hero | 15 % | 200 kB | 100 kB | 400 kB |
| huge | 2 % | 1.4 MB | 1 MB | 2 MB |

A size is drawn independently of how popular the picture is, save in the workload
where the large ones are the popular ones: the worst there is for a policy that looks at sizes.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice

from cachetiers.key import digest

CATALOGUE = 10_000
"""How many pictures people ask for, apart from scans and what is asked for once."""

_SIGMA = 0.4
_KINDS = (
    (0.55, 10_000, 5_000, 20_000),
    (0.28, 35_000, 20_000, 60_000),
    (0.15, 200_000, 100_000, 400_000),
    (0.02, 1_400_000, 1_000_000, 2_000_000),
)

_OVERHEAD_BYTES = 1280
"""What a variant costs in memory beside its bytes, roughly; fixed here, so that the figures stay comparable."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A key, and what it takes in a tier, overhead included."""

    key: str
    size_bytes: int


Requests = list[Picture]


@lru_cache
def catalogue() -> tuple[Picture, ...]:
    """The working set."""
    return tuple(islice(_pictures("catalogue"), CATALOGUE))


def _pictures(name: str) -> Iterator[Picture]:
    chance = random.Random(name)
    number = 0
    while True:
        _, median, least, most = chance.choices(_KINDS, [kind[0] for kind in _KINDS])[0]
        size_bytes = min(most, max(least, int(median * math.exp(chance.gauss(0, _SIGMA)))))
        yield Picture(digest(name, str(number)), size_bytes + _OVERHEAD_BYTES)
        number += 1


def _ranks(skew: float, count: int) -> list[int]:
    weights = list(accumulate(1 / (rank + 1) ** skew for rank in range(CATALOGUE)))
    return random.Random(count).choices(range(CATALOGUE), cum_weights=weights, k=count)


def zipf(skew: float, count: int) -> Requests:
    """The r-th most popular picture is asked for in proportion to r ** -skew."""
    pictures = catalogue()
    return [pictures[rank] for rank in _ranks(skew, count)]


def scans(count: int) -> Requests:
    """Three quarters Zipf 0.9, and again and again 2,000 pictures in a row that nobody wants twice: a crawler."""
    people, crawler = iter(zipf(0.9, count)), _pictures("crawled")
    requests: Requests = []
    while len(requests) < count:
        requests += islice(people, 6_000)
        requests += islice(crawler, 2_000)
    return requests[:count]


def once(count: int) -> Requests:
    """Three fifths Zipf 0.8; the rest is asked for once and never again."""
    chance, strangers = random.Random(1), _pictures("once")
    return [next(strangers) if chance.random() < 0.4 else picture for picture in zipf(0.8, count)]


def shifting(count: int) -> Requests:
    """Zipf 0.9; every hundred requests some picture becomes one of the hundred or so most popular ones."""
    chance, pictures = random.Random(2), list(catalogue())
    requests = []
    for number, rank in enumerate(_ranks(0.9, count)):
        if number % 100 == 0:
            top = min(CATALOGUE - 1, int(chance.expovariate(1 / 100)))
            other = chance.randrange(CATALOGUE)
            pictures[top], pictures[other] = pictures[other], pictures[top]
        requests.append(pictures[rank])
    return requests


def upheaval(count: int) -> Requests:
    """Zipf 0.9; four times everything that was popular is not, and something else is."""
    chance, pictures = random.Random(3), list(catalogue())
    requests = []
    for number, rank in enumerate(_ranks(0.9, count)):
        if number % max(1, count // 5) == 0:
            chance.shuffle(pictures)
        requests.append(pictures[rank])
    return requests


def large_first(count: int) -> Requests:
    """Zipf 0.9, the large ones popular: in the order of size times a lognormal chance."""
    chance = random.Random(4)
    pictures = sorted(catalogue(), key=lambda picture: -picture.size_bytes * math.exp(chance.gauss(0, 1)))
    return [pictures[rank] for rank in _ranks(0.9, count)]


WORKLOADS: dict[str, Callable[[int], Requests]] = {
    "Zipf 0.7": lambda count: zipf(0.7, count),
    "Zipf 0.8": lambda count: zipf(0.8, count),
    "Zipf 0.9": lambda count: zipf(0.9, count),
    "Zipf 1.0": lambda count: zipf(1.0, count),
    "Zipf 1.1": lambda count: zipf(1.1, count),
    "scans": scans,
    "once": once,
    "shifting": shifting,
    "upheaval": upheaval,
    "large first": large_first,
}
