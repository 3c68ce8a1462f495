"""How long /health takes while pictures are made: `python -m tests.bench.health_beside_pixels`.

Starts the real service with default settings, asks /health 200 times a second
on one kept-alive connection, first with nothing else to do, then while as many
clients as there are cores ask for different large pictures, one after the other.
"""

import http.client
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles

from origin.development import SAMPLES
from tests.service.conftest import Service

_RATE_PER_S = 200


def probe(port: int, seconds: float, path: str = "/health") -> list[float]:
    """Milliseconds of each answer, asked at a steady rate."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    taken_ms = []
    until_s = time.perf_counter() + seconds
    while (asked_s := time.perf_counter()) < until_s:
        connection.request("GET", path)
        connection.getresponse().read()
        taken_ms.append((time.perf_counter() - asked_s) * 1000)
        time.sleep(max(0.0, 1 / _RATE_PER_S - (time.perf_counter() - asked_s)))
    connection.close()
    return taken_ms


def told(label: str, taken_ms: list[float]) -> None:
    """Print one row."""
    cuts = quantiles(taken_ms, n=100)
    print(f"{label}: p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms, max {max(taken_ms):.1f} ms, {len(taken_ms)} answers")


def main(seconds: float = 10.0, clients: int = 2) -> None:
    """Print a row idle and a row under load."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "log", {"BLENDBEAT_LOCAL_ROOT": str(SAMPLES)})
        probe(service.port, 1)
        told("idle       ", probe(service.port, seconds))
        stop = threading.Event()

        def ask_on(client: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                service.get("local:///market.jpg", "w:2000", f"cb:{client}-{number}", extension="webp")

        threads = [threading.Thread(target=ask_on, args=(client,)) for client in range(clients)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        told("saturated  ", probe(service.port, seconds))
        stop.set()
        for thread in threads:
            thread.join()
        made = [float(line["transform_ms"]) for line in service.lines() if line["outcome"] == "miss"]
        service.stop()
        print(f"meanwhile {len(made)} pictures were made, {sum(made) / len(made):.0f} ms each")


if __name__ == "__main__":
    main()
