"""Pictures made to hurt: each is refused, quickly, and costs the service next to no memory."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import bombs
from tests.pictures import jpeg
from tests.processes import family, status_kib
from tests.service.conftest import Service

MIB = 1024 * 1024

BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "289 megapixels in an AVIF": (lambda: bombs.avif(17_000, 17_000), "too-costly"),
    "an AVIF of more pixels than it declares": (lambda: bombs.avif(64, 64, coded_px=4096), "broken-image"),
    "268 megapixels in a PNG": (bombs.wide_png, "too-costly"),
    "all pixels in one row": (bombs.ribbon_png, "too-costly"),
    "a size that overflows": (bombs.overflowing_png, "too-costly"),
    "half a gigabyte of compressed text": (lambda: bombs.text_png(b"zTXt", 512 * MIB), "too-costly"),
    "two gigabytes of it in parts": (lambda: bombs.text_png(b"zTXt", 40 * MIB, times=50), "too-costly"),
    "half a gigabyte of profile": (lambda: bombs.text_png(b"iCCP", 512 * MIB), "too-costly"),
    "half a million remarks": (lambda: bombs.chunky_png(500_000), "too-costly"),
    "1,024 frames in a GIF": (lambda: bombs.gif(1024), "too-costly"),
    "a GIF in crumbs": (lambda: bombs.crumbled_gif(5_000_000), "too-costly"),
    "100,000 frames in a WebP": (lambda: bombs.webp(100_000), "too-costly"),
    "100,000 pages in a TIFF": (lambda: bombs.tiff(100_000), "too-costly"),
    "millions of strips": (lambda: bombs.tiff(1, 2_000_000) + bytes(8_000_000), "too-costly"),
    "10 million px a side in an SVG": (bombs.svg, "too-costly"),
}


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    root = tmp_path_factory.mktemp("bombs")
    service = Service(root / "log", {"BLENDBEAT_LOCAL_ROOT": str(root), "BLENDBEAT_SVG": "1"})
    (root / "good.jpg").write_bytes(jpeg(400, 300))
    yield service, root
    assert service.stop() == 0
    log = service.log.read_text()
    assert "Traceback" not in log
    assert "CRITICAL" not in log
    assert log.count("Booting worker") == 1


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_and_costs_little(wary: tuple[Service, Path], name: str) -> None:
    service, root = wary
    make, slug = BOMBS[name]
    (root / "bomb").write_bytes(make())
    for width in (10, 11):  # whatever is loaded once is loaded
        assert service.get("local:///good.jpg", f"w:{width}", f"cb:{name.replace(' ', '-')}").status == 200
    held_mib = peak_mib(service)
    started_s = time.monotonic()
    reply = service.get("local:///bomb", "w:10", f"cb:{name.replace(' ', '-')}")
    took_ms = 1000 * (time.monotonic() - started_s)
    grown_mib = peak_mib(service, begin=False) - held_mib - (root / "bomb").stat().st_size / MIB
    print(f"{name}: {took_ms:.0f} ms, {grown_mib:+.0f} MiB")  # pytest -rP shows it
    assert reply.problem["type"] == f"urn:blendbeat:problem:{slug}", reply.body
    assert reply.status == 422
    assert took_ms < 3000
    assert grown_mib < 100
    assert service.get("local:///good.jpg", "w:12", f"cb:{name.replace(' ', '-')}").status == 200


def test_drawings_are_no_images_where_they_are_not_drawn(service: Service, pictures: Path) -> None:
    (pictures / "bomb.svg").write_bytes(bombs.svg())
    assert service.get("local:///bomb.svg", "w:10").status == 415


def peak_mib(service: Service, *, begin: bool = True) -> float:
    """Most that the processes of *service* ever held, all together; forgets it if that is to *begin* anew."""
    processes = family(service.process.pid)
    for process in processes if begin else ():
        Path(f"/proc/{process}/clear_refs").write_text("5")  # proc(5): the peak falls to what is held now
    return sum(status_kib(process, "VmHWM") for process in processes) / 1024
