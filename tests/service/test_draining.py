"""Told to stop, the service finishes what it has and waits for nobody who says nothing."""

import http.client
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.pictures import jpeg
from tests.service.conftest import Service
from tests.webserver import SourceServer


def test_idle_connections_do_not_hold_up_a_stop(tmp_path: Path) -> None:
    service = Service(tmp_path / "log", {})
    idle = [http.client.HTTPConnection("127.0.0.1", service.port, timeout=30) for _ in range(5)]
    for connection in idle:
        connection.request("GET", "/health")
        assert connection.getresponse().read()
    started_s = time.monotonic()
    assert service.stop() == 0
    # Far below the 30 s for which requests in flight are waited for.
    assert time.monotonic() - started_s < 10
    for connection in idle:
        connection.close()


def test_a_request_in_flight_is_answered_before_the_process_ends(tmp_path: Path) -> None:
    with SourceServer({"/a.jpg": jpeg()}) as source, ThreadPoolExecutor(1) as pool:
        service = Service(tmp_path / "log", {"BLENDBEAT_SOURCE_READ_TIMEOUT_S": "5", "BLENDBEAT_SOURCE_TIMEOUT_S": "2"})
        waiting = pool.submit(service.get, source.url("/hang"), "w:10")
        while source.count("/hang") == 0:
            time.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        assert waiting.result(20).problem["type"].endswith("source-timeout")
        assert service.process.wait(20) == 0
