"""Those who ask: wrk in a closed loop, one at a steady rate, and many at the same moment."""

import http.client
import json
import selectors
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

_PATIENCE_S = 60

_SCRIPT = """
local targets, at = {}, 0
function init()
  for line in io.lines("TARGETS") do
    local path, tag = line:match("^(%S+) ?(.*)$")
    targets[#targets + 1] = wrk.format("GET", path, tag ~= "" and {["If-None-Match"] = tag} or nil)
  end
end
function request()
  at = at + 1
  if at > #targets then
    if ONCE then os.exit(3) end
    at = 1
  end
  return targets[at]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %d, "seconds": %f, "refused": %d, "broken": %d, ' ..
    '"p50_ms": %f, "p95_ms": %f, "p99_ms": %f, "max_ms": %f}\\n',
    summary.requests, summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A path, and the entity tag that whoever asks has already; none: an empty text."""

    path: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """How it went.

    Args:
        requests: Answers, whatever their status.
        refused: Those of them whose status is 400 or above.
        broken: Connections that failed and answers that did not come in time.
    """

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    refused: int = 0
    broken: int = 0

    @property
    def good_per_s(self) -> float:
        """Answers a second that were worth having."""
        return (self.requests - self.refused) / self.seconds

    @classmethod
    def of(cls, taken_ms: Sequence[float], seconds: float, refused: int = 0) -> "Load":
        """From the time that each answer took; at least two."""
        cuts = quantiles(taken_ms, n=100, method="inclusive")
        return cls(len(taken_ms), seconds, cuts[49], cuts[94], cuts[98], max(taken_ms), refused)

    @classmethod
    def joined(cls, loads: Sequence["Load"]) -> "Load":
        """One after the other: counts added, times in the middle, the worst of the slowest."""
        return cls(
            requests=sum(load.requests for load in loads),
            seconds=sum(load.seconds for load in loads),
            p50_ms=median(load.p50_ms for load in loads),
            p95_ms=median(load.p95_ms for load in loads),
            p99_ms=median(load.p99_ms for load in loads),
            max_ms=max(load.max_ms for load in loads),
            refused=sum(load.refused for load in loads),
            broken=sum(load.broken for load in loads),
        )


class NoFigure(Exception):
    """A load that says nothing; the message tells why."""


def closed_loop(port: int, targets: Sequence[Target], seconds: float, connections: int, *, once: bool) -> Load:
    """What wrk finds with kept-alive *connections* that ask again as soon as they have an answer.

    Targets are handed out in order, whichever connection asks: no two ever share
    one, unless *once* is false and they begin again.

    Raises:
        NoFigure: *once*, and there were not enough targets: nobody may ask for the same twice. Or wrk failed.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={_PATIENCE_S}s"]
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder, "targets"), Path(folder, "script.lua")
        listed.write_text("".join(f"{target.path} {target.tag}\n" for target in targets))
        script.write_text(_SCRIPT.replace("TARGETS", str(listed)).replace("ONCE", str(once).lower()))
        command += ["-s", str(script), f"http://127.0.0.1:{port}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode == 3:
        raise NoFigure(f"{len(targets)} targets were too few for {seconds:g} s")
    if run.returncode != 0:
        raise NoFigure(f"wrk: {run.stderr.strip()}")
    return Load(**json.loads(run.stdout.splitlines()[-1]))


def steadily(port: int, path: str, seconds: float, rate_per_s: float = 200) -> Load:
    """One kept-alive connection that asks at a steady rate, or as soon as it has the last answer; twice at least."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    started_s = time.perf_counter()
    taken_ms: list[float] = []
    refused = 0
    while (asked_s := time.perf_counter()) < started_s + seconds or len(taken_ms) < 2:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        refused += response.status >= 400
        taken_ms.append((time.perf_counter() - asked_s) * 1000)
        time.sleep(max(0.0, 1 / rate_per_s - (time.perf_counter() - asked_s)))
    connection.close()
    return Load.of(taken_ms, time.perf_counter() - started_s, refused)


def at_once(port: int, paths: Sequence[str]) -> Load:
    """Everybody on a connection of their own, all connected before the first of them asks; at least two.

    Raises:
        NoFigure: Nobody got an answer for a minute.
    """
    waiting = selectors.DefaultSelector()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in paths]
    for connection in connections:
        waiting.register(connection, selectors.EVENT_READ, bytearray())
    started_s = time.perf_counter()
    for connection, path in zip(connections, paths, strict=True):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    taken_ms, refused = [], 0
    while waiting.get_map():
        ready = waiting.select(_PATIENCE_S)
        if not ready:
            raise NoFigure(f"no answer within {_PATIENCE_S} s")
        for key, _ in ready:
            if data := key.fileobj.recv(1 << 20):  # type: ignore[union-attr]  # only sockets were registered
                key.data.extend(data)
                continue
            taken_ms.append((time.perf_counter() - started_s) * 1000)
            refused += int(key.data.split(None, 2)[1]) >= 400
            waiting.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
    waiting.close()
    return Load.of(taken_ms, time.perf_counter() - started_s, refused)
