"""Clients that hang up while they wait: what nobody waits for is not made, and who only listens is answered."""

import os
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.memcached import wait_until
from tests.pictures import jpeg
from tests.service import wire
from tests.service.conftest import RING, Service
from tests.service.test_isolation import children


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with one child, which an endless drawing can keep busy for five seconds."""
    rect = '<rect id="l0" width="5000" height="5000" fill="red" fill-opacity="0.01"/>'
    groups = "".join(f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 90 + "</g>" for level in (1, 2))
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="5000" height="5000"><defs>{rect}{groups}</defs>'
    (tmp_path / "endless.svg").write_text(drawing + '<use href="#l2"/></svg>')
    (tmp_path / "a.jpg").write_bytes(jpeg())
    environ = {
        "BLENDBEAT_LOCAL_ROOT": str(tmp_path),
        "BLENDBEAT_SVG": "1",
        "BLENDBEAT_PIXEL_WORKERS": "1",
        "BLENDBEAT_TRANSFORM_TIMEOUT_S": "5",
    }
    running = Service(tmp_path / "log", environ)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


def processor_s(service: Service) -> float:
    """What the pixel child has used so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children(service)]
    return sum(int(one[11]) / os.sysconf("SC_CLK_TCK") for one in fields)


def asked(service: Service, width: int, version: str = "1.1") -> socket.socket:
    target = sign_path(RING, path_for("local:///a.jpg", [f"w:{width}"]))
    sock = wire.dial(service.port)
    sock.sendall(f"GET {target} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return sock


def test_pictures_whose_clients_have_hung_up_are_not_made(service: Service) -> None:
    before_s = processor_s(service)
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(service.get, "local:///endless.svg", "w:5000", extension="png")
        wait_until(lambda: processor_s(service) > before_s + 0.3)
        politely, rudely, followed = asked(service, 10), asked(service, 11), asked(service, 12)
        follower, half, old = asked(service, 12), asked(service, 13), asked(service, 14, "1.0")
        politely.close()
        rudely.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        rudely.close()
        followed.close()
        half.shutdown(socket.SHUT_WR)
        old.shutdown(socket.SHUT_WR)
        assert endless.result().status == 422
    for sock in (follower, half, old):
        with sock:
            assert wire.listen(sock).statuses == [200]
    wait_until(lambda: len(service.lines()) >= 8)
    gone = [line for line in service.lines() if line["outcome"] == "client-gone"]
    assert {line["target"].split("/")[2] for line in gone} == {"w:10", "w:11"}
    assert {line["status"] for line in gone} == {499}
