"""Hundreds of damaged files through the whole service: refused or shown, never a 5xx, and no worker lost."""

import hashlib
import io
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvips
from PIL import Image

from origin.client import path_for, sign_path
from tests import heic
from tests.memcached import wait_until
from tests.pictures import encoded, jpeg, quarters, transparent_png
from tests.processes import resident_mib
from tests.service.conftest import RING, Service

_FILES = 60
"""Of each format."""

_MANY = 5000
"""Of all formats together."""


@pytest.fixture(scope="module")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    root = tmp_path_factory.mktemp("mutated")
    service = Service(root / "log", {"BLENDBEAT_LOCAL_ROOT": str(root), "BLENDBEAT_SVG": "1"})
    yield service, root
    assert service.stop() == 0
    log = service.log.read_text()
    assert "Traceback" not in log
    assert len(re.findall("Booting worker", log)) == 1


def sources() -> dict[str, bytes]:
    noisy = pyvips.Image.gaussnoise(96, 64, mean=128, sigma=40).cast("uchar")
    noisy = noisy.bandjoin([noisy.rot180(), noisy.fliphor()]).copy(interpretation="srgb")
    moving = pyvips.Image.arrayjoin([quarters(32, 32)] * 4, across=1).copy()
    moving.set_type(pyvips.GValue.gint_type, "page-height", 32)
    described = with_exif(noisy)
    return {
        "jpg": jpeg(96, 64, orientation=6),
        "exif.jpg": encoded(described, ".jpg", profile="srgb", keep="all"),
        "exif.png": encoded(described, ".png", profile="srgb", keep="all", interlace=True),
        "exif.webp": encoded(described, ".webp", profile="srgb", keep="all"),
        "exif.avif": encoded(described, ".avif", effort=0, profile="srgb", keep="all"),
        "big.tiff": encoded(described, ".tif", bigtiff=True, compression="deflate", predictor="horizontal", keep="all"),
        "tiles.tiff": encoded(noisy, ".tif", pyramid=True, tile=True, tile_width=16, tile_height=16),
        "pages.tiff": pillow("TIFF", pages=3),
        "moving.png": pillow("PNG", pages=3),
        "moving.webp": encoded(moving, ".webp", lossless=True),
        "png": transparent_png(96, 64),
        "webp": encoded(noisy, ".webp"),
        "avif": encoded(noisy, ".avif", effort=1),
        "heic": heic.TURNED,
        "heif": heic.ALPHA,
        "gif": encoded(moving, ".gif"),
        "tiff": encoded(noisy, ".tif", compression="lzw"),
        "bmp": pillow("BMP"),
        "ico": pillow("ICO"),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g id="a"><path d="M0 0L9 9"/></g></svg>',
    }


def with_exif(image: pyvips.Image) -> pyvips.Image:
    """*image* with fields of the kinds that ``/info`` reads, and a copyright."""
    image = image.copy()
    fields = {
        "ifd0-Make": "Beat (Beat, ASCII, 5 components, 5 bytes)",
        "ifd0-Copyright": "us (us, ASCII, 3 components, 3 bytes)",
        "ifd2-ExposureTime": "1/100 (1/100 sec., Rational, 1 components, 8 bytes)",
        "ifd2-PhotographicSensitivity": "100 (100, Short, 1 components, 2 bytes)",
        "ifd2-DateTimeOriginal": "2026:01:01 00:00:00 (2026, ASCII, 20 components, 20 bytes)",
    }
    for name, value in fields.items():
        image.set_type(pyvips.GValue.gstr_type, f"exif-{name}", value)
    return image


def pillow(name: str, pages: int = 1) -> bytes:
    """A picture of a kind that libvips does not write."""
    mode = "RGBA" if name == "ICO" else "RGB"
    first, *others = [Image.effect_noise((48, 48), 60).convert(mode) for _ in range(pages)]
    buffer = io.BytesIO()
    first.save(buffer, name, **({"save_all": True, "append_images": others} if others else {}))
    return buffer.getvalue()


def mutated(body: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, some cut out, sometimes the end missing: what disks, networks and attackers do."""
    data = bytearray(body)
    for _ in range(chance.choice((1, 2, 8, 40))):
        data[chance.randrange(len(data))] = chance.choice((0, 255, chance.randrange(256)))
    if chance.random() < 0.3:
        at = chance.randrange(len(data))
        del data[at : at + chance.randrange(1, 40)]
    if chance.random() < 0.3:
        del data[chance.randrange(1, len(data) + 1) :]
    return bytes(data)


OPTIONS = (
    "w:40",
    "rs:fill:30:30/g:sm",
    "rot:90/w:20",
    "t:10/h:30",
    "bl:2/pd:3",
    "skp:jpg:png:svg",
    "pgs:0/w:30",
    "pgs:2/h:30",
    "sm:0/scp:0/w:30",
    "raw:1",
)


def ask(service: Service, root: Path, name: str, body: bytes, chance: random.Random) -> int:
    """The status of what becomes of *body*; any but the three that may be is an error, and so is a lost connection."""
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    path = root / f"{digest}.{name}"
    path.write_bytes(body)
    options = chance.choice(OPTIONS)
    extension = chance.choice(("jpg", "webp", "gif", "png"))
    target = path_for(f"local:///{path.name}", options.split("/"), extension=extension)
    reply = service.ask("GET", chance.choice(("", "", "", "/info")) + sign_path(RING, target))
    if reply.status not in (200, 415, 422):
        raise AssertionError((path, options, extension, reply.status, reply.body))
    path.unlink()
    return reply.status


@pytest.mark.parametrize("name", sorted(sources()))
def test_damaged_files_are_shown_or_refused(hardened: tuple[Service, Path], name: str) -> None:
    service, root = hardened
    chance = random.Random(name)  # the same files every time
    body = sources()[name]
    statuses = {ask(service, root, name, mutated(body, chance), chance) for _ in range(_FILES)}
    assert len(statuses) > 1
    assert service.ask("GET", "/health").status == 200


@pytest.mark.slow
def test_five_thousand_damaged_files_harm_nobody(hardened: tuple[Service, Path]) -> None:
    service, root = hardened
    chance = random.Random(5000)
    bodies = sorted(sources().items())
    statuses: Counter[int] = Counter()
    held_mib = []
    for number in range(_MANY):
        name, body = bodies[number % len(bodies)]
        statuses[ask(service, root, name, mutated(body, chance), chance)] += 1
        if number % 500 == 499:
            held_mib.append(resident_mib(service.process.pid))
    print(f"{dict(statuses)}, MiB held: {[round(mib) for mib in held_mib]}")  # pytest -rP shows it
    assert statuses[200] > _MANY / 10
    assert statuses[415] + statuses[422] > _MANY / 10
    # The variants themselves are kept, some kilobytes each; a child that is at a large picture holds more for a moment.
    wait_until(lambda: resident_mib(service.process.pid) < held_mib[1] + 60)
    assert service.ask("GET", "/health").status == 200
