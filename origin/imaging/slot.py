"""Memory that two processes share, in which orders lie: written by the one, read by the other, never the other way."""

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Self

AT_ONCE_BYTES = 1024 * 1024
"""What is copied in a tenth of a millisecond or two; then everybody else has a turn."""

_KEPT_BYTES = 4 * 1024 * 1024


class Slot:
    """An anonymous file in memory that is filled again and again.

    Fresh pages cost several times the copying, so it keeps them (up to 4 MiB). It is
    written with a call and not mapped: whoever else holds it could cut it off, and a
    mapping would end this process then.
    """

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("blendbeat-slot")

    def fileno(self) -> int:
        """Its descriptor."""
        return self._descriptor

    def fill(self, *parts: bytes) -> Iterator[None]:
        """Write *parts* behind each other; yields whenever others should have a turn."""
        at = 0
        for part in parts:
            for start in range(0, len(part), AT_ONCE_BYTES):
                if at >= AT_ONCE_BYTES:
                    yield
                at += _write(self._descriptor, memoryview(part)[start : start + AT_ONCE_BYTES], at)

    def empty(self) -> None:
        """Take away what was not yet read."""
        os.ftruncate(self._descriptor, 0)

    def trim(self) -> None:
        """Give back what a large order took."""
        if os.fstat(self._descriptor).st_size > _KEPT_BYTES:
            os.ftruncate(self._descriptor, _KEPT_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)


def _write(descriptor: int, part: memoryview, at: int) -> int:
    written = 0
    while written < len(part):
        written += os.pwrite(descriptor, part[written:], at + written)
    return written
