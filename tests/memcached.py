"""A real memcached on a port of its own, and what may happen to one."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

_PATIENCE_S = 10.0
_STEP_S = 0.01


def wait_until(condition: Callable[[], bool], patience_s: float = _PATIENCE_S) -> None:
    """Return as soon as *condition* holds; fail if it does not in time."""
    until_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until_s, f"not within {patience_s:g} s"
        time.sleep(_STEP_S)


def free_port() -> int:
    """A TCP port on 127.0.0.1 where nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Memcached:
    """A memcached on 127.0.0.1. Use it as a context manager, or `start` and `stop` it.

    Args:
        megabytes: How much it may keep; 2 is the least.
        arguments: More of its command line.
    """

    def __init__(self, megabytes: int = 64, *arguments: str) -> None:
        self.port = free_port()
        """The same for its whole life, however often it is started."""
        self._arguments = ("-m", str(megabytes), *arguments)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        binary = shutil.which("memcached")
        assert binary is not None, "memcached is not installed: .ci/need memcached"
        command = [binary, "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "2", "-u", "nobody"]
        self._process = subprocess.Popen([*command, *self._arguments], stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        self.kill()

    def kill(self) -> None:
        """Kill it as the kernel would for want of memory: at once, with connections open."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(_PATIENCE_S)
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections are still accepted, by the kernel, and nothing is answered."""
        self._signal(signal.SIGSTOP)
        wait_until(self._is_stopped)  # its threads do not stop at once

    def resume(self) -> None:
        """Let it go on where it hung."""
        self._signal(signal.SIGCONT)

    def command(self, text: str) -> str:
        """The answer to one command whose answer ends with END, OK or a single line."""
        with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(text.encode() + b"\r\n")
            answer = b""
            while not answer.endswith(b"\r\n") or (answer.startswith(b"STAT") and not answer.endswith(b"END\r\n")):
                data = connection.recv(65536)
                if not data:
                    break
                answer += data
            return answer.decode()

    def stat(self, name: str) -> int:
        """One of its counters, such as ``evictions`` or ``curr_connections``."""
        counters = dict(line.split()[1:3] for line in self.command("stats").splitlines() if line.startswith("STAT"))
        return int(counters[name])

    def __enter__(self) -> "Memcached":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "memcached ended at once"
        try:
            return self.command("version").startswith("VERSION")
        except OSError:
            return False

    def _is_stopped(self) -> bool:
        assert self._process is not None
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
