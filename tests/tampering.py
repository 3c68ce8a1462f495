"""A proxy before a server that tampers with what passes."""

import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

_noise = random.Random(1)

Answering = Callable[[bytes], Iterator[bytes]]
"""What is sent instead of some bytes of an answer. Raising `Cut` hangs up."""


class Cut(Exception):
    """The connection is to be closed, now."""


def untouched(data: bytes) -> Iterator[bytes]:
    """As it is."""
    yield data


def cut_in_the_middle(data: bytes) -> Iterator[bytes]:
    """Half of it, and then the line is dead."""
    yield data[: len(data) // 2]
    raise Cut


def garbage(data: bytes) -> Iterator[bytes]:
    """As many bytes of anything, with line ends, so that a reader gets to work on it."""
    yield b"\r\n".join(_noise.randbytes(40) for _ in range(len(data) // 42 + 1)) + b"\r\n"


def flipped(data: bytes) -> Iterator[bytes]:
    """One bit of it wrong, behind the line that says what it is."""
    changed = bytearray(data)
    start = data.find(b"\r\n") + 2
    if start < len(data) - 7:
        changed[_noise.randrange(start, len(data) - 7)] ^= 1 << _noise.randrange(8)
    yield bytes(changed)


class TamperingProxy:
    """Passes on what clients and one server say to each other, changed on the way.

    Use it as a context manager. `question` and `answer` may be set while it runs;
    `swap` makes every question about one key ask for another, and the answer look
    as if it had not.

    Args:
        port: Where the server listens, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self.question: Callable[[bytes], bytes] = bytes
        self.answer: Answering = untouched
        self.stopping = threading.Event()
        self._target = port
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def name(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def swap(self, asked: str, instead: str) -> None:
        """Answer questions about *asked* with what is under *instead*, as if it were what was asked for."""
        assert len(asked) == len(instead)
        self.question = lambda data: data.replace(asked.encode(), instead.encode())
        self.answer = lambda data: iter([data.replace(f"VALUE bb1:{instead}".encode(), f"VALUE bb1:{asked}".encode())])

    def drip(self, data: bytes) -> Iterator[bytes]:
        """Byte after byte, fifty a second: never silent for long, never done."""
        for number in range(len(data)):
            if self.stopping.wait(0.02):
                raise Cut
            yield data[number : number + 1]

    def hang(self, _data: bytes) -> Iterator[bytes]:
        """Nothing."""
        self.stopping.wait()
        yield from ()

    def __enter__(self) -> "TamperingProxy":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        _shut(self._listener)
        for sock in list(self._open):
            _shut(sock)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                client = self._listener.accept()[0]
            except OSError:
                return  # we are stopping
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                _shut(client)
                continue
            self._open |= {client, server}
            for work in (self._ask, self._reply):
                self._threads.append(threading.Thread(target=work, args=(client, server), daemon=True))
                self._threads[-1].start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(self.question(data))
        _shut(server)

    def _reply(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError, Cut):
            while data := server.recv(65536):
                for part in self.answer(data):
                    client.sendall(part)
        _shut(client)
        _shut(server)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
