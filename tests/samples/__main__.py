"""Draw every sample picture: python -m tests.samples [OUT_DIR]."""

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.samples.fabric import draw_fabric
from tests.samples.logo import draw_logo
from tests.samples.market import draw_market
from tests.samples.motion import draw_beat, draw_spinner
from tests.samples.portrait import draw_portrait
from tests.samples.valley import draw_valley

DEFAULT_OUT = Path(__file__).resolve().parents[2] / "origin" / "samples"
PICTURES: Sequence[Callable[[Path], None]] = (
    draw_portrait,
    draw_market,
    draw_valley,
    draw_beat,
    draw_fabric,
    draw_spinner,
    draw_logo,
)


def main(arguments: Sequence[str]) -> None:
    """Draw every picture into the directory named by the first argument, two at a time."""
    out = Path(arguments[0]) if arguments else DEFAULT_OUT
    out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        for finished in [pool.submit(draw, out) for draw in PICTURES]:
            finished.result()


if __name__ == "__main__":
    main(sys.argv[1:])
