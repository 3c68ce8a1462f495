"""Source images from one directory tree, with no way out of it.

The path is walked one component at a time, each opened relative to the one
before and never through a symbolic link, so there is no moment between a check
and its use in which somebody could swap a directory for a link.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from origin.concurrency import Offload
from origin.errors import SourceFailed, SourceForbidden, SourceMissing, TooCostly, lack
from origin.recipe import SourceRef
from origin.sources.held import NONE, SourceImage, Validators

_SETTLED_S: Final = 2.0
"""Clocks of file systems tick between every few nanoseconds and every 2 s (FAT). Within a tick a file may be written
twice and look the same, so one that was written so lately has no validators yet."""

_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EISDIR)


class LocalSource:
    """Reads ``local:///path`` below *root*.

    Args:
        root: An absolute directory. It may itself be reached through a link.
        max_bytes: Largest file that is read.
        offload: Where the blocking reads run.
        clock: Unix time in seconds, the same as the file system's.
    """

    def __init__(
        self,
        root: Path,
        max_bytes: int,
        offload: Offload[SourceImage | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._offload = offload
        self._clock = clock

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        """The bytes of *source*; None, and nothing is read, if *held* still names them.

        Raises:
            SourceForbidden: The path tries to leave the root, or ends at a link.
            SourceMissing: No regular file is there, or the way to it leads through a link.
            SourceFailed: The file cannot be read.
            TooCostly: The file is larger than the limit.
            Overloaded: There is no descriptor left to open it with.
        """
        path = source.url.removeprefix("local://")
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") for part in parts):
            raise SourceForbidden(f"{path!r} has dot segments")
        if not parts:
            raise SourceMissing("the root itself is no file")
        return self._offload(partial(_read, self._root, parts, self._max_bytes, held, self._clock))


def _read(
    root: Path, parts: list[str], max_bytes: int, held: Validators, clock: Callable[[], float]
) -> SourceImage | None:
    shown = "/" + "/".join(parts)
    try:
        descriptor = _open_below(root, parts)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SourceForbidden(f"{shown!r} is a symbolic link") from None
        if error.errno in _ABSENT:
            raise SourceMissing(f"{shown!r} does not exist") from None
        if (ours := lack(error)) is not None:
            raise ours from None
        raise SourceFailed(f"{shown!r} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SourceMissing(f"{shown!r} is no name of a file") from None
    try:
        # Before anything is made of the descriptor: Python refuses to wrap one of a directory, and would not close it.
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise SourceMissing(f"{shown!r} is not a file")
        if facts.st_size > max_bytes:
            raise TooCostly(f"{shown!r} has {facts.st_size} bytes; at most {max_bytes} are read")
        # Before reading: of what is written meanwhile, these do not speak, and it is found changed the next time.
        validators = _validators(facts, clock())
        if held and held == validators:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return SourceImage(stream.read(max_bytes), validators)
    finally:
        os.close(descriptor)


def _validators(facts: os.stat_result, now_s: float) -> Validators:
    """What this state of a file is called.

    The time of its last change is in it because that cannot be set: a copy may be
    given the date of what it replaces, by ``cp -p`` or an unpacked archive.
    """
    if now_s - facts.st_ctime < _SETTLED_S:
        return NONE
    state = (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    return Validators(f'"{"-".join(f"{number:x}" for number in state)}"')


def _open_below(root: Path, parts: list[str]) -> int:
    # O_NONBLOCK: opening a fifo must not wait for its writer.
    leaf_flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        return os.open(parts[-1], leaf_flags, dir_fd=here)
    finally:
        os.close(here)
