"""A pixel child that does what its source says instead of making a picture of it: what no decoder should, on demand."""

import ctypes
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from origin.errors import BadRecipe, OriginError, SourceMissing
from origin.imaging.child import Transform, main
from origin.imaging.job import Job, Rendered
from origin.imaging.pool import Abilities
from origin.imaging.wire import LENGTHS, MOST_BODY_BYTES


def transform(body: bytes, job: Job) -> Rendered:
    """The first word of *body* is what to do, the rest is for that."""
    deed, _, rest = body.partition(b" ")
    said = _DEEDS[deed.decode()](rest)
    return Rendered(said, "image/png", "png", "0123456789ab", float(rest) if deed == b"take" else 0.0)


def _spin(_: bytes) -> bytes:
    while True:
        pass


def _spin_on(_: bytes) -> bytes:
    """Answers, and stays busy."""
    threading.Thread(target=_spin, args=(b"",), daemon=True).start()
    return b"done"


def _crash(_: bytes) -> bytes:
    return ctypes.string_at(0)


def _abort(_: bytes) -> bytes:
    os.abort()


def _sleep(seconds: bytes) -> bytes:
    time.sleep(float(seconds))
    return b"slept " + seconds


def _take(seconds: bytes) -> bytes:
    """As `_sleep`, and admits it."""
    time.sleep(float(seconds))
    return b"took " + seconds


def _eat(_: bytes) -> bytes:
    eaten = []
    while True:
        eaten.append(bytearray(50_000_000))


def _keep(megabytes: bytes) -> bytes:
    _KEPT.append(b"x" * (int(megabytes) * 1_000_000))
    return megabytes


_KEPT: list[bytes] = []


def _babble(_: bytes) -> bytes:
    os.write(0, b"\xff" * 100)
    time.sleep(60)
    return b""


def _flood(_: bytes) -> bytes:
    """Answers an order that nobody gave, with a body as large as may be, and never ends it."""

    def flood() -> None:
        time.sleep(0.3)
        header = json.dumps({"number": 99, "is": "withdrawn"}).encode()
        os.write(0, LENGTHS.pack(len(header), MOST_BODY_BYTES) + header)
        for _ in range(MOST_BODY_BYTES // 65536 - 1):
            os.write(0, bytes(65536))

    threading.Thread(target=flood, daemon=True).start()
    return b"soon"


def _withdraw(_: bytes) -> bytes:
    header = json.dumps({"number": 0, "is": "withdrawn"}).encode()
    os.write(0, LENGTHS.pack(len(header), 0) + header)
    time.sleep(60)
    return b""


def _linger(_: bytes) -> bytes:
    os.close(0)
    while True:
        time.sleep(60)


def _divide(_: bytes) -> bytes:
    return bytes(1 // 0)


def _raise(_: bytes) -> bytes:
    raise BadRecipe("page:9", "there is none")


def _raise_what_is_not_ours(_: bytes) -> bytes:
    raise SourceMissing("never from a decoder")


def _tell(_: bytes) -> bytes:
    limits = {
        name: resource.getrlimit(getattr(resource, name)) for name in ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_FSIZE")
    }
    return json.dumps({"pid": os.getpid(), "environ": dict(os.environ), "limits": limits}).encode()


def _escape(only: bytes) -> bytes:
    """Everything a decoder that was taken over would try, or *only* some of it; what it got away with."""
    parent = os.getppid()
    tries: dict[str, Callable[[], object]] = {
        "open a socket": socket.socket,
        "pair": socket.socketpair,
        "fork": os.fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "signal the parent": lambda: os.kill(parent, 0),
        "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_CORE),
        "read the parent's environment": Path(f"/proc/{parent}/environ").read_bytes,
        "read its own environment": Path("/proc/self/environ").read_bytes,
        "read a secret": Path("/etc/passwd").read_bytes,
        "list the root": lambda: list(Path("/").iterdir()),
        "write": lambda: Path("/tmp/escaped").write_bytes(b"x"),  # noqa: S108
        "make a folder": lambda: Path("/tmp/escaped").mkdir(),  # noqa: S108
        "share memory": lambda: os.memfd_create("escaped"),
        "take another's memory": lambda: _called(310, parent),
        "trace": lambda: _called(101, 16, parent),
        "io_uring": lambda: _called(425, 8, 0),
        "signal its group": lambda: os.killpg(0, 0),
    }
    names = only.decode().split(",") if only else list(tries)
    return json.dumps([name for name in names if _works(tries[name])]).encode()


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _called(number: int, *arguments: int) -> None:
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _large(length: bytes) -> bytes:
    return b"x" * int(length)


_DEEDS: dict[str, Callable[[bytes], bytes]] = {
    "echo": lambda rest: rest,
    "spin": _spin,
    "spin-on": _spin_on,
    "crash": _crash,
    "flood": _flood,
    "withdraw": _withdraw,
    "abort": _abort,
    "exit": lambda _: os._exit(3),
    "sleep": _sleep,
    "take": _take,
    "eat": _eat,
    "keep": _keep,
    "babble": _babble,
    "linger": _linger,
    "divide": _divide,
    "raise": _raise,
    "raise-foreign": _raise_what_is_not_ours,
    "tell": _tell,
    "escape": _escape,
    "large": _large,
}


def load() -> tuple[Transform, Abilities]:
    """No libvips: these tests are about processes."""
    threading.Thread(target=time.sleep, args=(0,)).start()
    return transform, Abilities(frozenset(), frozenset(), "none")


if __name__ == "__main__":
    assert issubclass(SourceMissing, OriginError)
    main(load)
