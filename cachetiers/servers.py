"""Some memcached servers as one: who keeps which key, and what it means that one of them gives no answer."""

import hashlib
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from cachetiers.node import Node
from cachetiers.stats import TierStats
from cachetiers.tier import Unreachable

T = TypeVar("T")

ITEM_BYTES: Final = 1_000_000
"""The most one item may hold. memcached's own limit is 1 MiB, of which the key and its own book-keeping take a part."""

_LONGEST_S = 30 * 24 * 3600


def ranked(key: str, names: Sequence[str]) -> list[str]:
    """*names* in the order in which they are to keep *key*; the same wherever and in whatever order they are listed.

    Each name draws a number for the key, and the highest wins (rendezvous
    hashing, Thaler and Ravishankar 1998). When a name is added or removed, only
    the keys it wins or had won move.

    >>> ranked("a", ["one", "two", "three"]) == ranked("a", ["three", "two", "one"])
    True
    """

    def draw(name: str) -> bytes:
        return hashlib.blake2b(f"{name} {key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

    return sorted(names, key=draw, reverse=True)


def expiry(expire_s: float) -> int:
    """memcached's exptime for *expire_s* seconds from now, 0 for never.

    Rounded up to its whole seconds and cut at 30 days, above which it would be
    read as a date, in 1970 (memcached's protocol.txt, "Expiration times").

    >>> expiry(0), expiry(0.1), expiry(10**9)
    (0, 1, 2592000)
    """
    return math.ceil(min(expire_s, _LONGEST_S)) if expire_s > 0 else 0


class MemcachedServers:
    """Keeps blobs on whichever servers can be asked; for whatever goes wrong there is an answer, never an exception.

    While a server is down its keys belong to the next in `ranked`, and come back
    to it afterwards with whatever it still has. So what is kept here may be lost,
    and may be older than what was written last.

    Args:
        names: ``host:port`` each, an IPv6 address in brackets; may be none.
        timeout_s: How long one operation may take, waiting and connecting included.
        connections: How many operations may be under way at once with each server.
        pause_s: How long a server that failed is left alone.
    """

    def __init__(
        self, names: Iterable[str], timeout_s: float = 0.25, connections: int = 16, pause_s: float = 2.0
    ) -> None:
        self.stats = TierStats()
        """Failed and skipped operations of callers without counters of their own."""
        self.timeout_s = timeout_s
        self._connections = connections
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._nodes: dict[str, Node] = {}
        self.update(names)

    def update(self, names: Iterable[str]) -> None:
        """From now on use the servers called *names*, keeping the connections to those used before.

        Raises:
            ValueError: A name is not ``host:port``; then nothing has changed.
        """
        with self._lock:
            before = self._nodes
            self._nodes = {
                name: before.get(name) or Node(name, self.timeout_s, self._connections, self._pause_s)
                for name in sorted(set(names))
            }
            gone = [node for name, node in before.items() if name not in self._nodes]
        for node in gone:
            node.close()

    def close(self) -> None:
        """Hang up."""
        self.update(())

    def nodes(self) -> tuple[str, ...]:
        """Names of all servers, in alphabetical order, down or not."""
        return tuple(self._nodes)

    def get(self, key: str, stats: TierStats | None = None) -> bytes | None:
        """The blob under *key*, or None. Every operation counts into *stats* what went wrong."""
        return self._ask(key, None, stats, lambda client: _bytes(client.get(key)))

    def set(self, key: str, blob: bytes, expire_s: float, stats: TierStats | None = None) -> bool:
        """Keep *blob* for *expire_s* seconds, 0: while there is room; whether it was kept."""
        if len(blob) > ITEM_BYTES:
            return False
        return self._ask(key, False, stats, lambda client: client.set(key, blob, expiry(expire_s)) is True)

    def add(self, key: str, blob: bytes, expire_s: float, stats: TierStats | None = None) -> bool | None:
        """Keep *blob* if there is nothing under *key*: whether that was so, or None if nobody could say.

        After None it may have been kept: an answer that is lost is lost after the deed.
        """
        return self._ask(key, None, stats, lambda client: client.add(key, blob, expiry(expire_s)) is True)

    def touch(self, key: str, expire_s: float, stats: TierStats | None = None) -> bool:
        """Keep what is under *key* for *expire_s* more seconds; whether there was anything, as far as can be known."""
        return self._ask(key, False, stats, lambda client: client.touch(key, expiry(expire_s)) is True)

    def delete(self, key: str, stats: TierStats | None = None) -> bool:
        """Forget what is under *key*; whether there was anything, as far as can be known."""
        return self._ask(key, False, stats, lambda client: client.delete(key) is True)

    def get_at(self, name: str, key: str) -> bytes | None:
        """The blob under *key* on the server called *name*, or None if it has none.

        Raises:
            Unreachable: It could not say.
        """
        return self._ask_at(name, lambda client: _bytes(client.get(key)))

    def set_at(self, name: str, key: str, blob: bytes, expire_s: float = 0) -> bool:
        """Keep *blob* on the server called *name*; whether it was kept."""
        try:
            return self._ask_at(name, lambda client: client.set(key, blob, expiry(expire_s)) is True)
        except Unreachable:
            return False

    def _ask_at(self, name: str, operation: Callable[[Any], T]) -> T:
        try:
            return self._node(name).run(operation)
        except Unreachable as failure:
            self._count(failure, self.stats)
            raise

    def _ask(self, key: str, otherwise: T, stats: TierStats | None, operation: Callable[[Any], T]) -> T:
        try:
            return self._keeper(key).run(operation)
        except Unreachable as failure:
            self._count(failure, self.stats if stats is None else stats)
            return otherwise

    def _node(self, name: str) -> Node:
        try:
            return self._nodes[name]
        except KeyError:
            raise Unreachable(f"{name} is not among the servers", tried=False) from None

    def _keeper(self, key: str) -> Node:
        """The first of those that are to keep *key* that is not down."""
        nodes = self._nodes
        up = [name for name, node in nodes.items() if not node.is_down]
        if not up:
            raise Unreachable("no server is up", tried=False)
        return nodes[up[0] if len(up) == 1 else ranked(key, up)[0]]

    def _count(self, failure: Unreachable, stats: TierStats) -> None:
        with self._lock:
            if failure.tried:
                stats.errors += 1
            else:
                stats.skipped += 1


def _bytes(answer: object) -> bytes | None:
    return answer if isinstance(answer, bytes) else None
