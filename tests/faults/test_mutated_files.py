"""Hundreds of damaged files through the whole service: refused or shown, never a 5xx, and no worker lost."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvips

from tests.pictures import encoded, jpeg, quarters, transparent_png
from tests.service.conftest import Service

_FILES = 60
"""Of each format."""


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
    return {
        "jpg": jpeg(96, 64, orientation=6),
        "png": transparent_png(96, 64),
        "webp": encoded(noisy, ".webp"),
        "avif": encoded(noisy, ".avif", effort=1),
        "gif": encoded(moving, ".gif"),
        "tiff": encoded(noisy, ".tif", compression="lzw"),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g id="a"><path d="M0 0L9 9"/></g></svg>',
    }


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


@pytest.mark.parametrize("name", sorted(sources()))
def test_damaged_files_are_shown_or_refused(hardened: tuple[Service, Path], name: str) -> None:
    service, root = hardened
    chance = random.Random(name)  # the same files every time
    body = sources()[name]
    statuses = set()
    for number in range(_FILES):
        (root / f"{number}.{name}").write_bytes(mutated(body, chance))
        options = chance.choice(("w:40", "rs:fill:30:30/g:sm", "rot:90/w:20", "t:10/h:30", "bl:2/pd:3"))
        reply = service.get(
            f"local:///{number}.{name}", *options.split("/"), extension=chance.choice(("jpg", "webp", "gif"))
        )
        statuses.add(reply.status)
        assert reply.status in (200, 415, 422), (number, options, reply.body)
    assert len(statuses) > 1
    assert service.ask("GET", "/health").status == 200
