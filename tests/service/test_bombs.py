"""Pictures made to hurt: each is refused, quickly, and costs the service next to no memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import bombs
from tests.memcached import wait_until
from tests.pictures import jpeg
from tests.processes import peak_mib, resident_mib
from tests.service.conftest import Service

MIB = 1024 * 1024


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


@pytest.mark.parametrize("name", bombs.REFUSED)
def test_bomb_is_refused_and_costs_little(wary: tuple[Service, Path], name: str) -> None:
    service, root = wary
    make, slug = bombs.REFUSED[name]
    (root / "bomb").write_bytes(make())
    cachebuster = f"cb:{name.replace(' ', '-')}"
    for width in (10, 11):  # whatever is loaded once is loaded
        assert service.get("local:///good.jpg", f"w:{width}", cachebuster).status == 200
    held_mib = peak_mib(service.process.pid)
    reply = service.get("local:///bomb", "w:10", cachebuster)
    grown_mib = peak_mib(service.process.pid, begin=False) - held_mib - (root / "bomb").stat().st_size / MIB
    assert reply.problem["type"] == f"urn:blendbeat:problem:{slug}", reply.body
    assert reply.status == 422
    assert grown_mib < 50
    assert service.get("local:///good.jpg", "w:12", cachebuster).status == 200


@pytest.mark.parametrize("name", bombs.ENDURED)
def test_the_most_pixels_that_are_decoded_take_memory_and_give_it_back(wary: tuple[Service, Path], name: str) -> None:
    service, root = wary
    (root / "large").write_bytes(bombs.ENDURED[name]())
    cachebuster = f"cb:{name.replace(' ', '-')}"
    for width in (10, 11):
        assert service.get("local:///good.jpg", f"w:{width}", cachebuster).status == 200
    held_mib = resident_mib(service.process.pid)
    assert service.get("local:///large", "w:50", cachebuster).status == 200
    wait_until(lambda: resident_mib(service.process.pid) < held_mib + 50)


def test_drawings_are_no_images_where_they_are_not_drawn(service: Service, pictures: Path) -> None:
    (pictures / "bomb.svg").write_bytes(bombs.svg())
    assert service.get("local:///bomb.svg", "w:10").status == 415
