"""Purges made known to a fleet, through every node of the tier that it shares."""

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

_KEY = "purges"
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
    process that holds them puts them back where they are missing. They are one
    item, read so often that a full node does not evict it.

    Args:
        generations: Those of this process.
        nodes: Where the records are exchanged.
        every_s: How often.
    """

    def __init__(self, generations: Generations, nodes: Nodes, every_s: float = EVERY_S) -> None:
        self._generations = generations
        self._nodes = nodes
        self._every_s = every_s
        self._stopping = threading.Event()
        self._encoded: tuple[Records, bytes] = ({}, encode({}))

    def start(self) -> None:
        """Exchange again and again from now on, in a thread of its own."""
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
                self._nodes.set_at(node, _KEY, self._ours())
            return self._is_in_step(node)
        except Unreachable:
            return False

    def _is_in_step(self, node: str) -> bool:
        """Whether *node* holds exactly what we know, once we have learned what it knows."""
        theirs = self._nodes.get_at(node, _KEY)
        if theirs is not None and theirs != self._ours():
            with suppress(BadRecords):
                self._generations.learn(decode(theirs))
        return theirs == self._ours() or (theirs is None and not self._generations)

    def _ours(self) -> bytes:
        records = self._generations.records()
        encoded = self._encoded
        if encoded[0] is not records:
            # One assignment, so that no other thread sees the records of one moment with the bytes of another.
            self._encoded = encoded = (records, encode(records))
        return encoded[1]

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.exchange()
            except Exception:
                _LOGGER.exception("exchanging purges failed")
