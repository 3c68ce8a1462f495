"""What each encoder setting costs and saves: `python -m tests.bench.encoders [TABLE ...] [--folder FOLDER]`.

Without arguments every table of `docs/encoders.md` is made from the shipped samples
at 400 and 800 px and from drawn graphics; with a folder from its pictures at 400 px
instead. Bytes are compared at equal SSIMULACRA2, on curves over several qualities; CPU is
the least of interleaved runs at quality 80 (55 for AVIF), one thread, as a ratio
to the first row. Needs `pip install ssimulacra2`.
"""

import argparse
import functools
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from statistics import mean
from typing import Any

import pyvips

from origin.development import SAMPLES
from tests.bench.scores import at_equal_score, ssimulacra2

_SAMPLES = (("market.jpg", 400), ("portrait.jpg", 400), ("valley.jpg", 800), ("fabric.png", 400), ("logo.png", 400))
_FOLDER_SIDE_PX = 400
_QUALITIES = {"jpeg": (45, 65, 80, 92), "webp": (45, 65, 80, 92), "avif": (30, 48, 62, 80)}
_USUAL = {"jpeg": 80, "webp": 80, "avif": 55, "png": 80}


@dataclass(frozen=True, slots=True)
class Trial:
    """Some settings of one encoder."""

    label: str
    options: dict[str, Any] = field(default_factory=dict)


TRIALS: dict[str, tuple[Trial, ...]] = {
    "jpeg": (
        Trial("plain, 4:2:0", {"subsample_mode": "on"}),
        Trial("optimised tables", {"subsample_mode": "on", "optimize_coding": True}),
        Trial("progressive", {"subsample_mode": "on", "interlace": True}),
        Trial("progressive, scans", {"subsample_mode": "on", "interlace": True, "optimize_scans": True}),
        *(
            Trial(f"optimised, table {table}", {"subsample_mode": "on", "optimize_coding": True, "quant_table": table})
            for table in (2, 3, 4)
        ),
        Trial("progressive, table 2", {"subsample_mode": "on", "interlace": True, "quant_table": 2}),
        Trial(
            "trellis, table 2",
            {"subsample_mode": "on", "optimize_coding": True, "trellis_quant": True, "quant_table": 2},
        ),
        Trial("optimised, 4:4:4, table 2", {"subsample_mode": "off", "optimize_coding": True, "quant_table": 2}),
        Trial("optimised, deringing", {"subsample_mode": "on", "optimize_coding": True, "overshoot_deringing": True}),
        Trial("trellis", {"subsample_mode": "on", "optimize_coding": True, "trellis_quant": True}),
        Trial(
            "trellis, table 3",
            {"subsample_mode": "on", "optimize_coding": True, "trellis_quant": True, "quant_table": 3},
        ),
        Trial(
            "trellis, progressive, scans, table 3",
            {
                "subsample_mode": "on",
                "interlace": True,
                "trellis_quant": True,
                "optimize_scans": True,
                "quant_table": 3,
            },
        ),
        Trial("optimised, 4:4:4", {"subsample_mode": "off", "optimize_coding": True}),
    ),
    "webp": (
        Trial("effort 4", {"effort": 4}),
        *(Trial(f"effort {effort}", {"effort": effort}) for effort in (0, 2, 3, 6)),
        Trial("effort 2, smart subsample", {"effort": 2, "smart_subsample": True}),
        Trial("effort 4, smart subsample", {"effort": 4, "smart_subsample": True}),
        Trial("effort 4, photo", {"effort": 4, "preset": "photo"}),
    ),
    "avif": (
        Trial("effort 1, 4:2:0", {"effort": 1, "subsample_mode": "on"}),
        Trial("effort 0, 4:2:0", {"effort": 0, "subsample_mode": "on"}),
        Trial("effort 2, 4:2:0", {"effort": 2, "subsample_mode": "on"}),
        Trial("effort 1, 4:4:4", {"effort": 1, "subsample_mode": "off"}),
        Trial("effort 1, 4:2:0, 10 bit", {"effort": 1, "subsample_mode": "on", "bitdepth": 10}),
        Trial("effort 1, 4:2:0, tune=ssim", {"effort": 1, "subsample_mode": "on", "tune": "ssim"}),
        Trial("effort 1, 4:2:0, tune=iq", {"effort": 1, "subsample_mode": "on", "tune": "iq"}),
    ),
    "png": (
        Trial("level 6, no filter", {"compression": 6, "filter": "none"}),
        *(Trial(f"level {level}, no filter", {"compression": level, "filter": "none"}) for level in (2, 9)),
        *(Trial(f"level {level}, sub", {"compression": level, "filter": "sub"}) for level in (2, 6)),
        *(Trial(f"level {level}, paeth", {"compression": level, "filter": "paeth"}) for level in (2, 6)),
        *(Trial(f"level {level}, all filters", {"compression": level, "filter": "all"}) for level in (2, 6, 9)),
    ),
}


def save(kind: str, image: pyvips.Image, quality: int, options: dict[str, Any]) -> bytes:
    """*image* by the encoder *kind*."""
    if kind == "png":
        return bytes(image.pngsave_buffer(keep="none", **options))
    if kind == "avif":
        return bytes(image.heifsave_buffer(Q=quality, compression="av1", keep="none", **options))
    return bytes(getattr(image, f"{kind}save_buffer")(Q=quality, keep="none", **options))


def reduced(path: Path, side_px: int) -> pyvips.Image:
    """The picture at *path*, its longer side *side_px* or less, opaque sRGB."""
    image = pyvips.Image.thumbnail_buffer(
        path.read_bytes(), side_px, height=side_px, size="down", export_profile="srgb"
    )
    if image.hasalpha():
        image = image.flatten(background=[255, 255, 255])
    return image.colourspace("srgb").copy_memory()


def screenshot(width_px: int = 800, height_px: int = 500) -> pyvips.Image:
    """Small text in several colours on panels, as on a screen."""
    page = pyvips.Image.black(width_px, height_px, bands=3) + 250
    page = page.draw_rect([36, 41, 47], 0, 0, width_px, 48, fill=True)
    page = page.draw_rect([9, 105, 218], 24, 64, 120, 32, fill=True)
    page = page.draw_rect([255, 235, 233], 24, 400, width_px - 48, 72, fill=True)
    colours = ((36, 41, 47), (207, 34, 46), (9, 105, 218), (17, 99, 41), (130, 80, 223))
    page = page.cast("uchar").copy(interpretation="srgb")
    for row in range(20):
        ink = pyvips.Image.text(
            f"line {row}: return resize(image, {row * 37}) # \u2019as asked\u2019", dpi=64 + row * 2
        )
        ink = ink.embed(200 + (row % 3) * 24, 56 + row * 17, width_px, height_px)
        page = ink.ifthenelse(list(colours[row % 5]), page, blend=True)
    return page.cast("uchar").copy(interpretation="srgb").copy_memory()


def chart(width_px: int = 640, height_px: int = 400) -> pyvips.Image:
    """Flat saturated bars and thin lines on white."""
    image = (pyvips.Image.black(width_px, height_px, bands=3) + 255).cast("uchar").copy(interpretation="srgb")
    colours = ((220, 20, 60), (30, 144, 255), (50, 205, 50), (255, 165, 0), (148, 0, 211))
    for bar in range(20):
        tall = 40 + (bar * 97) % (height_px - 80)
        image = image.draw_rect(list(colours[bar % 5]), 20 + bar * 30, height_px - tall, 22, tall, fill=True)
    for line in range(0, height_px, 40):
        image = image.draw_line([160, 160, 160], 0, line, width_px - 1, line)
        image = image.draw_line([200, 0, 0], 0, line, width_px - 1, height_px - line)
    return image.copy_memory()


def pictures(folder: Path | None) -> Iterator[tuple[str, pyvips.Image]]:
    """What is measured, by name: of a *folder*, else the samples and the drawn graphics."""
    if folder:
        for path in sorted(folder.iterdir()):
            yield path.stem, reduced(path, _FOLDER_SIDE_PX)
        return
    for name, side_px in _SAMPLES:
        yield f"{Path(name).stem} {side_px}", reduced(SAMPLES / name, side_px)
    yield "screenshot", screenshot()
    yield "chart", chart()


def curve(kind: str, folder: Path | None, picture: str, trial: Trial) -> list[tuple[float, int]]:
    """(score, bytes) of *picture* over the qualities."""
    image = _by_name(folder)[picture]
    points = []
    for quality in _QUALITIES[kind]:
        body = save(kind, image, quality, trial.options)
        points.append((ssimulacra2(image, pyvips.Image.new_from_buffer(body, "")), len(body)))
    return points


@functools.cache
def _by_name(folder: Path | None) -> dict[str, pyvips.Image]:
    pyvips.concurrency_set(1)
    pyvips.cache_set_max(0)
    return dict(pictures(folder))


def cpu_ratios(kind: str, images: Sequence[pyvips.Image], rounds: int = 5) -> list[float]:
    """CPU time of each trial over that of the first, over all *images*."""
    least = [[float("inf")] * len(images) for _ in TRIALS[kind]]
    for _ in range(rounds):
        for row, trial in enumerate(TRIALS[kind]):
            for at, image in enumerate(images):
                run = functools.partial(save, kind, image, _USUAL[kind], trial.options)
                least[row][at] = min(least[row][at], cpu_s(run))
    return [mean(row[at] / least[0][at] for at in range(len(images))) for row in least]


def cpu_s(run: Callable[[], object]) -> float:
    """CPU seconds of all threads that *run* takes."""
    started_s = time.process_time()
    run()
    return time.process_time() - started_s


def table(kind: str, folder: Path | None) -> None:
    """Print the table of one encoder: a row for each trial, a column for each picture."""
    images = _by_name(folder)
    ratios = cpu_ratios(kind, list(images.values()))
    print(f"\n| {kind} | CPU | mean | {' | '.join(images)} |\n|{'---|' * (len(images) + 3)}")
    # libvips does not survive a fork once it has worked.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        rows = [
            [pool.submit(_size if kind == "png" else curve, kind, folder, name, trial) for name in images]
            for trial in TRIALS[kind]
        ]
        first = [cell.result() for cell in rows[0]]
        for trial, ratio, row in zip(TRIALS[kind], ratios, rows, strict=True):
            gains = [_ratio(cell.result(), base) for cell, base in zip(row, first, strict=True)]
            cells = " | ".join(f"{gain:.2f}" for gain in gains)
            told = mean(gain for gain in gains if not isnan(gain))
            print(f"| {trial.label} | {ratio:.2f} | **{told:.3f}** | {cells} |", flush=True)


def _size(kind: str, folder: Path | None, picture: str, trial: Trial) -> int:
    return len(save(kind, _by_name(folder)[picture], 0, trial.options))


def _ratio(trial: Any, baseline: Any) -> float:
    return trial / baseline if isinstance(trial, int) else at_equal_score(trial, baseline)


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(TRIALS))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    for kind in asked.tables:
        table(kind, asked.folder)


if __name__ == "__main__":
    main()
