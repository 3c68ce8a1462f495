"""What a machine must offer before a worker is started: without it the service would run, and then fail bit by bit."""

import os
from collections.abc import Callable
from typing import Final

_ROOM_FILES: Final = 256
"""For 128 connections, those that find no place, memcached, and the sources that are being fetched meanwhile."""
_CHILD_FILES: Final = 4
"""Slots and a socket, and one more while it is replaced."""


_CREATE_MEMORY: Final[Callable[[str], int] | None] = getattr(os, "memfd_create", None)


def missing(files: int, children: int, *, create_memory: Callable[[str], int] | None = _CREATE_MEMORY) -> list[str]:
    """What is not there, and what to do about it; empty if all is.

    Args:
        files: How many each process may open.
        children: How many pixel children each worker has; 0 if it makes pixels itself.
        create_memory: Makes an anonymous file; None where the system has no such call.

    >>> missing(100, children=0)
    ['a process may open 100 files and needs 256: raise the hard limit (ulimit -Hn; docker run --ulimit nofile=8192)']
    """
    least = _ROOM_FILES + _CHILD_FILES * children
    found = []
    if files < least:
        advice = "raise the hard limit (ulimit -Hn; docker run --ulimit nofile=8192)"
        found.append(f"a process may open {files} files and needs {least}: {advice}")
    if children and (why := _no_memory_files(create_memory)):
        found.append(
            f"no anonymous files in memory ({why}), which pixel children need: allow memfd_create in the sandbox, "
            "or set BLENDBEAT_PIXEL_ISOLATION=thread, which gives up the walls around decoders"
        )
    return found


def _no_memory_files(create_memory: Callable[[str], int] | None) -> str:
    if create_memory is None:
        return "this system has no memfd_create"
    try:
        os.close(create_memory("blendbeat-start"))
    except OSError as error:
        return f"memfd_create: {error.strerror}"
    return ""
