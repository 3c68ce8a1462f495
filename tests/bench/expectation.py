"""How well it is foreseen how long a picture takes: `python -m tests.bench.expectation [SEED]`.

One photograph in several sizes and formats, made into several others, once each and in
any order; the processor time of each beside what had been expected of it just before. A
sum is what twenty of them, taken at random, were expected to take together, of what they took.
"""

import random
import sys
import time
from collections.abc import Callable, Hashable, Iterator
from itertools import product
from math import exp, log
from statistics import mean, quantiles

import pyvips

from origin.development import SAMPLES
from origin.imaging.expectation import Work, work_of
from origin.imaging.job import Job
from origin.imaging.ledger import Ledger
from origin.imaging.libvips import prepare_libvips
from origin.imaging.limits import Limits
from origin.imaging.pipeline import transform
from origin.recipe import OutputFormat, Recipe, Resize

_WRITTEN = {".jpg": {"Q": 88}, ".png": {}, ".webp": {"Q": 82}, ".avif": {"Q": 60, "effort": 1}}
_FORMATS = (OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.PNG, OutputFormat.AVIF)
_SIDES_PX = (100, 300, 800, 1600)
_WIDTHS_PX = (700, 2000, 4200)


def sources() -> Iterator[bytes]:
    """The photograph, up to 12 megapixels; those that take seconds to decode only up to 2.7."""
    for width_px, (suffix, options) in product(_WIDTHS_PX, _WRITTEN.items()):
        if width_px <= 2000 or suffix in (".jpg", ".png"):
            image = pyvips.Image.thumbnail(
                str(SAMPLES / "valley.jpg"), width_px, height=width_px * 2 // 3, size="force"
            )
            yield bytes(image.write_to_buffer(suffix, **options))


def told(name: str, expected_s: list[float], taken_s: list[float], chance: random.Random) -> str:
    """A row of the table."""
    off = [exp(abs(log(one_s / other_s))) for one_s, other_s in zip(expected_s, taken_s, strict=True)]
    cuts = quantiles(off, n=100)
    sums = []
    for _ in range(2000):
        picked = [chance.randrange(len(taken_s)) for _ in range(20)]
        sums.append(sum(expected_s[at] for at in picked) / sum(taken_s[at] for at in picked))
    edges = quantiles(sums, n=20)
    return f"| {name} | x {cuts[49]:.2f} | x {cuts[89]:.2f} | {edges[0]:.2f} to {edges[-1]:.2f} |"


def main(seed: int = 1) -> None:
    """Print the table."""
    prepare_libvips()
    chance = random.Random(seed)
    pictures = list(product(sources(), _FORMATS, _SIDES_PX))
    chance.shuffle(pictures)
    works: list[Work] = []
    taken_s: list[float] = []
    learnt_s: list[float] = []
    ledger = Ledger(1)
    for body, name, side_px in pictures:
        job = Job(Recipe(resize=Resize(width_px=side_px, height_px=side_px), format=name), Limits(50_000_000, 8192))
        works.append(work_of(body, job))
        learnt_s.append(ledger.expected_s(works[-1]))
        began_s = time.process_time()
        transform(body, job)
        taken_s.append(time.process_time() - began_s)
        ledger.learn(works[-1], taken_s[-1])

    def means(kind: Callable[[Work], Hashable]) -> list[float]:
        """What counting expects: that each takes what those of its kind take in the mean, all of them known."""
        found: dict[Hashable, list[float]] = {}
        for work, one_s in zip(works, taken_s, strict=True):
            found.setdefault(kind(work), []).append(one_s)
        return [mean(found[kind(work)]) for work in works]

    print(f"{len(works)} pictures of {min(taken_s) * 1000:.0f} to {max(taken_s) * 1000:.0f} ms")
    print("| expected | off by, median | 90 % | sum of 20, 90 % |\n|---|---|---|---|")
    for row, expected_s in (
        ("the mean of all", means(lambda _: None)),
        ("the mean of what is written", means(lambda work: work.kind.result)),
        ("the mean of what is read and written", means(lambda work: work.kind)),
        ("the first guess", [work.guess_s for work in works]),
        ("the first guess, by the pace of its kind", learnt_s),
    ):
        print(told(row, expected_s, taken_s, chance))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
