"""Which servers a cluster has, asked of the cluster: ElastiCache's configuration endpoints.

An endpoint answers ``config get cluster`` with a version and its nodes (ElastiCache
for Memcached, User Guide, "Adding auto discovery to your client library").
"""

import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from cachetiers.lookup import parse_name

SCHEME: Final = "discover://"
"""What stands before an endpoint whose host is not called what Amazon calls its own."""

_QUESTION = b"config get cluster\r\n"
_HEAD = re.compile(rb"CONFIG cluster [0-9]+ ([0-9]{1,6})\r\n")
_MOST_BYTES = 256 * 1024
_LOGGER = logging.getLogger(__name__)


class BadAnswer(Exception):
    """An endpoint did not answer with a list of nodes."""


def is_endpoint(name: str) -> bool:
    """Whether *name* is to be asked for servers instead of being one.

    >>> [is_endpoint(n) for n in ("discover://a:1", "a.x1y2.cfg.euc1.cache.amazonaws.com:11211", "a:11211")]
    [True, True, False]
    """
    return name.startswith(SCHEME) or (".cfg." in name and ".cache.amazonaws.com" in name)


def parse_cluster(answer: bytes) -> tuple[str, ...]:
    """The nodes in an endpoint's *answer*, ``host:port`` each; by address where it tells one, else by name.

    Raises:
        BadAnswer: There is none, or what is there is not understood.

    >>> parse_cluster(b"CONFIG cluster 0 30\\r\\n7\\nb.cache|10.0.0.2|11211 a||1\\n\\r\\nEND\\r\\n")
    ('10.0.0.2:11211', 'a:1')
    """
    head = _HEAD.match(answer)
    end = head.end() + int(head[1]) if head else 0
    if head is None or answer[end:] != b"\r\nEND\r\n":
        raise BadAnswer(f"{answer[:60]!r} is no configuration")
    try:
        content = answer[head.end() : end].decode("ascii")
        _version, nodes, *_ = content.split("\n")
        names = tuple(_name(*node.split("|")) for node in nodes.split())
    except (ValueError, TypeError) as error:
        raise BadAnswer(f"{answer[:60]!r} is no list of nodes: {error}") from None
    if not names:
        raise BadAnswer("the cluster has no nodes")
    return names


def ask(endpoint: str, timeout_s: float = 2.0) -> tuple[str, ...]:
    """The nodes that *endpoint*, ``host:port``, knows.

    Raises:
        BadAnswer: It did not say.
        OSError: It could not be asked.
    """
    deadline_s, answer = time.monotonic() + timeout_s, b""
    with socket.create_connection(parse_name(endpoint), timeout_s) as connection:
        connection.sendall(_QUESTION)
        while not answer.endswith((b"END\r\n", b"ERROR\r\n")):
            connection.settimeout(max(0.001, deadline_s - time.monotonic()))
            data = connection.recv(65536)
            answer += data
            if not data or len(answer) > _MOST_BYTES:
                break
    return parse_cluster(answer)


class Discovery:
    """Keeps a list of servers up to date: those named, and those that endpoints name.

    An endpoint that cannot be asked, or answers nonsense, keeps its last list; one
    that never could be asked has none yet. Nobody waits for that.

    Args:
        names: Servers, and endpoints as `is_endpoint` knows them.
        use: Told the whole list whenever it has changed.
        every_s: How often to ask.
        retry_s: How soon to ask again after a failure.
        ask: Asks one endpoint.
    """

    def __init__(
        self,
        names: Iterable[str],
        use: Callable[[tuple[str, ...]], None],
        every_s: float = 60.0,
        retry_s: float = 5.0,
        ask: Callable[[str], tuple[str, ...]] = ask,
    ) -> None:
        names = tuple(names)
        self.servers = tuple(name for name in names if not is_endpoint(name))
        """Those that need no asking."""
        self.problem: str | None = None
        """What went wrong when last asked, for operators."""
        self._lists: dict[str, tuple[str, ...]] = {name.removeprefix(SCHEME): () for name in names if is_endpoint(name)}
        self._use, self._ask = use, ask
        self._every_s, self._retry_s = every_s, retry_s
        self._told = self.servers
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to ask, in a thread of its own; if there is nobody to ask, there is no thread."""
        if self._lists:
            threading.Thread(target=self._run, name="memcached-discovery", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def refresh(self) -> bool:
        """Ask every endpoint once; whether all of them answered."""
        problems = []
        for endpoint in self._lists:
            try:
                self._lists[endpoint] = self._ask(endpoint)
            except (OSError, UnicodeError, BadAnswer) as error:
                problems.append(f"{endpoint}: {error}")
        problem = "; ".join(problems) or None
        if problem is not None and problem != self.problem:
            _LOGGER.warning("a cluster cannot be asked for its servers: %s", problem)
        self.problem = problem
        servers = tuple(sorted({*self.servers, *(name for names in self._lists.values() for name in names)}))
        if servers != self._told and not self._stopped.is_set():
            self._use(servers)
            self._told = servers
        return not problems

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                answered = self.refresh()
            except Exception:  # this thread must outlive whatever is done with a list
                _LOGGER.exception("asking a cluster for its servers failed")
                answered = False
            self._stopped.wait(self._every_s if answered else self._retry_s)


def _name(host: str, address: str, port: str) -> str:
    where = address or host
    name = f"[{where}]:{port}" if ":" in where else f"{where}:{port}"
    parse_name(name)
    return name
