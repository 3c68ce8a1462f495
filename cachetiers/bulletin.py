"""Purges made known to a fleet, through every node of the tier that it shares."""

import hashlib
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from cachetiers.generations import BadRecords, Generations, Records, decode, encode
from cachetiers.tier import Unreachable

EVERY_S: Final = 1.0
WITHIN_S: Final = 5
"""The bound to promise: reading, writing again what a simultaneous purge wrote over, and reading that."""

_HEAD, _LOG = "purge-head", "purge-log"
_TRIES = 4
_LOGGER = logging.getLogger(__name__)


class Nodes(Protocol):
    """The nodes of a shared tier, one by one."""

    def nodes(self) -> tuple[str, ...]:
        """The names of those that belong to it now."""
        ...

    def get_at(self, node: str, key: str) -> bytes | None:
        """What is under *key* there; raises Unreachable."""
        ...

    def set_at(self, node: str, key: str, blob: bytes, expire_s: float = 0) -> bool:
        """Keep *blob* there for good; whether it was kept."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How many nodes there are, and how many hold all that this process knows."""

    nodes: int
    reached: int


class Bulletin:
    """Keeps the generations of this process and those of the fleet the same.

    The records lie on *every* node, so that losing one loses no purge, and every
    process that holds them puts them back where they are missing. A node with the
    digest of what we know needs nothing else read.

    Args:
        generations: Those of this process.
        nodes: Where the records are exchanged.
    """

    def __init__(self, generations: Generations, nodes: Nodes) -> None:
        self._generations = generations
        self._nodes = nodes
        self._stopping = threading.Event()
        self._digested: Records | None = None
        self._digest: bytes | None = None

    def start(self) -> None:
        """Exchange at once and then every `EVERY_S`, in a thread of its own."""
        threading.Thread(target=self._run, name="bulletin", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()

    def purge(self, name: str) -> Reach:
        """Purge *name* here and everywhere."""
        self._generations.purge(name)
        return self.exchange()

    def exchange(self) -> Reach:
        """Learn what each node holds and write what it lacks."""
        nodes = self._nodes.nodes()
        return Reach(len(nodes), sum(self._agree(node) for node in nodes))

    def _agree(self, node: str) -> bool:
        try:
            # Another process may write at the same time, and the last one wins: so look until ours is there.
            for _ in range(_TRIES):
                if self._is_in_step(node):
                    return True
                self._write(node)
            return self._is_in_step(node)
        except Unreachable:
            return False

    def _is_in_step(self, node: str) -> bool:
        """Whether *node* holds exactly what we know, once we have learned what it knows."""
        head = self._nodes.get_at(node, _HEAD)
        if head == self._head():
            return True
        log = self._nodes.get_at(node, _LOG)
        if log is not None:
            with suppress(BadRecords):
                self._generations.learn(decode(log))
        return head == self._head()

    def _write(self, node: str) -> None:
        # The head last: whoever sees it finds the records it stands for.
        self._nodes.set_at(node, _LOG, encode(self._generations.records()))
        if head := self._head():
            self._nodes.set_at(node, _HEAD, head)

    def _head(self) -> bytes | None:
        """A digest of what we know; None of nothing, which needs no head."""
        records = self._generations.records()
        if records is not self._digested:
            self._digested = records
            self._digest = hashlib.blake2b(encode(records), digest_size=16).hexdigest().encode() if records else None
        return self._digest

    def _run(self) -> None:
        while True:
            try:
                self.exchange()
            except Exception:
                _LOGGER.exception("exchanging purges failed")
            if self._stopping.wait(EVERY_S):
                return
