"""How a source gets from one process to another: `python -m tests.bench.transfer [ROUNDS]`.

Milliseconds until the other process has the bytes and has said so with one byte.
Ways take turns within every round; figures are medians.
"""

import mmap
import os
import socket
import sys
import time
from collections.abc import Callable
from statistics import median

_LARGEST = 16 * 1024 * 1024
_RING = mmap.mmap(-1, _LARGEST)
_SLOT = os.memfd_create("slot")

Hand = Callable[[socket.socket, bytes, bytes], object]


def _fresh(channel: socket.socket, head: bytes, body: bytes) -> None:
    descriptor = os.memfd_create("fresh")
    os.write(descriptor, body)
    socket.send_fds(channel, [head], [descriptor])
    os.close(descriptor)


def _mapped(descriptor: int, length: int) -> None:
    with mmap.mmap(descriptor, length, prot=mmap.PROT_READ) as seen:
        _touched(seen, length)


def _touched(memory: mmap.mmap, length: int) -> bytes:
    return memory[:length:4096]


def _ring(channel: socket.socket, head: bytes, body: bytes) -> None:
    _RING[: len(body)] = body
    channel.sendall(head)


def _slot(channel: socket.socket, head: bytes, body: bytes) -> None:
    os.pwrite(_SLOT, body, 0)
    channel.sendall(head)


def _received(channel: socket.socket, length: int) -> None:
    memory, at = memoryview(bytearray(length)), 0
    while at < length:
        at += channel.recv_into(memory[at:])


_WAYS: dict[str, tuple[Hand, Callable[[socket.socket, int, int], object]]] = {
    "socket": (lambda channel, head, body: channel.sendall(head + body), lambda c, _, n: _received(c, n)),
    "fresh memfd, read": (_fresh, lambda _, descriptor, n: os.pread(descriptor, n, 0)),
    "fresh memfd, mapped": (_fresh, lambda _, descriptor, n: _mapped(descriptor, n)),
    "shared ring, not copied out": (_ring, lambda _, __, n: _touched(_RING, n)),
    "kept slot": (_slot, lambda _, __, n: os.pread(_SLOT, n, 0)),
}


def _take_all(channel: socket.socket, take: Callable[[socket.socket, int, int], object]) -> None:
    while True:
        head, descriptors, _, _ = socket.recv_fds(channel, 8, 1)
        if not head:
            os._exit(0)
        descriptor = descriptors[0] if descriptors else -1
        take(channel, descriptor, int.from_bytes(head, "little"))
        if descriptors:
            os.close(descriptor)
        channel.sendall(b"x")


def _taker(take: Callable[[socket.socket, int, int], object]) -> socket.socket:
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _take_all(theirs, take)
    theirs.close()
    return ours


def main(rounds: int = 60) -> None:
    """Print one row for each size."""
    channels = {name: _taker(take) for name, (_, take) in _WAYS.items()}
    for length in (300_000, 2_000_000, 10_000_000):
        body, head = os.urandom(length), length.to_bytes(8, "little")
        taken_ms: dict[str, list[float]] = {name: [] for name in _WAYS}
        for _ in range(rounds):
            for name, (hand, _) in _WAYS.items():
                started_s = time.perf_counter()
                hand(channels[name], head, body)
                channels[name].recv(1)
                taken_ms[name].append((time.perf_counter() - started_s) * 1000)
        print(f"{length:9}", "; ".join(f"{name} {median(taken):.2f} ms" for name, taken in taken_ms.items()))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
