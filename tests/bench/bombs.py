"""What pictures that were made to hurt cost: `python -m tests.bench.bombs [ROUNDS]`.

Asks a running service for each of them, over HTTP, and prints a row of a table: the
median time until it is answered, the longest, and by how much the memory of all
processes of the service rose at its peak, less the source itself.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from tests import bombs
from tests.pictures import jpeg
from tests.processes import peak_mib
from tests.service.conftest import Service

_MIB = 1024 * 1024


def main(rounds: int = 5) -> None:
    """Print the table."""
    makers: Mapping[str, Callable[[], bytes]] = {
        **{name: make for name, (make, _) in bombs.REFUSED.items()},
        **bombs.ENDURED,
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "good.jpg").write_bytes(jpeg(400, 300))
        service = Service(root / "log", {"BLENDBEAT_LOCAL_ROOT": folder, "BLENDBEAT_SVG": "1"})
        try:
            print("| | bytes | answer | ms | at the most | MiB |\n|---|---|---|---|---|---|")
            for name, make in makers.items():
                print(row(service, root, name, make(), rounds), flush=True)
        finally:
            service.stop()


def row(service: Service, root: Path, name: str, body: bytes, rounds: int) -> str:
    """What *body* costs."""
    (root / "bomb").write_bytes(body)
    took_ms, grown_mib, status = [], [], 0
    for number in range(rounds):
        cachebuster = f"cb:{name.replace(' ', '-')}-{number}"
        for width in (10, 11):
            service.get("local:///good.jpg", f"w:{width}", cachebuster)
        held_mib = peak_mib(service.process.pid)
        started_s = time.perf_counter()
        status = service.get("local:///bomb", "w:10", cachebuster).status
        took_ms.append(1000 * (time.perf_counter() - started_s))
        grown_mib.append(peak_mib(service.process.pid, begin=False) - held_mib - len(body) / _MIB)
    return (
        f"| {name} | {len(body):,} | {status} | {median(took_ms):.0f} | {max(took_ms):.0f} | {max(0, *grown_mib):.0f} |"
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
