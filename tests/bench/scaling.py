"""How clean a picture is scaled down: `python -m tests.bench.scaling`; needs `pip install ssimulacra2`.

The reference is scaled in linear light, in floating point, from all pixels of the
source, with a Lanczos kernel as wide as the reduction asks for. Beside it ours
and `vips_thumbnail`, both as lossless PNG, so that no encoder has a say.
"""

from statistics import mean

import pyvips

from origin.development import SAMPLES
from origin.imaging.job import Job
from origin.imaging.libvips import prepare_libvips
from origin.imaging.limits import Limits
from origin.imaging.pipeline import transform
from origin.recipe import OutputFormat, Recipe, Resize
from tests.bench.scores import in_linear_light, ssimulacra2

_NAMES = ("valley.jpg", "portrait.jpg", "market.jpg", "fabric.png")
_WIDTHS_PX = (150, 300, 512, 800)


def reference(name: str, width_px: int) -> pyvips.Image:
    """In linear light, in floats, without shrinking on load."""
    image = pyvips.Image.new_from_file(str(SAMPLES / name))
    return in_linear_light(image, width_px, int(image.height * width_px / image.width + 0.5))


def ours(name: str, width_px: int) -> pyvips.Image:
    """As the service does it."""
    recipe = Recipe(resize=Resize(width_px=width_px), format=OutputFormat.PNG)
    made = transform((SAMPLES / name).read_bytes(), Job(recipe, Limits(50_000_000, 8192)))
    return pyvips.Image.new_from_buffer(made.body, "")


def thumbnail(name: str, width_px: int) -> pyvips.Image:
    """As vips_thumbnail does it."""
    small = pyvips.Image.thumbnail(str(SAMPLES / name), width_px, height=100_000)
    return small.icc_transform("srgb") if small.get_typeof("icc-profile-data") else small


def main() -> None:
    """Print a row per picture and size."""
    prepare_libvips()
    pairs = []
    print("| source | width | ours | vips_thumbnail |\n|---|---|---|---|")
    for name in _NAMES:
        for width_px in _WIDTHS_PX:
            wanted = reference(name, width_px)
            pair = (ssimulacra2(wanted, ours(name, width_px)), ssimulacra2(wanted, thumbnail(name, width_px)))
            pairs.append(pair)
            print(f"| {name} | {width_px} | {pair[0]:.1f} | {pair[1]:.1f} |", flush=True)
    print(f"| mean | | {mean(pair[0] for pair in pairs):.2f} | {mean(pair[1] for pair in pairs):.2f} |")


if __name__ == "__main__":
    main()
