"""Which files a pixel child may read: those of Python, of its libraries and of this package, and no others.

Landlock (Linux 5.13) takes everything else away without privileges: sources on
disk, mounted secrets, and what /proc tells about other processes, such as the
environment of the one that started it.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_BELOW_A_PATH = 1
_EVERYTHING = (1 << 13) - 1
"""Every right that the first version knows: reading, writing, making and removing of every kind."""
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3


def code_paths(program: Path) -> tuple[Path, ...]:
    """Where the code lies that a child may still have to load, with the fonts.

    Args:
        program: The file that is run.
    """
    system = ("/usr/lib", "/usr/lib64", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache")
    preloaded = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    python = (sys.prefix, sys.base_prefix)
    own = (Path(__file__).parents[1], program.parent)
    return (*map(Path, (*python, *system, *filter(None, preloaded))), *own)


def restrict(readable: Iterable[Path]) -> bool:
    """Leave this thread, and all that it starts, nothing but reading below *readable*. Whether the kernel did.

    Needs no privileges, only that no_new_privs is set. Threads that run already
    stay free, so call it before there are any.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    rules = libc.syscall(_CREATE_RULESET, struct.pack("<Q", _EVERYTHING), ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    try:
        for path in readable:
            with suppress(OSError):  # a place that is not there holds no code
                _allow(libc, rules, path)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = _READ_FILE | _READ_FOLDER if path.is_dir() else _READ_FILE
        libc.syscall(_ADD_RULE, rules, _BELOW_A_PATH, struct.pack("<Qi", rights, place), 0)
    finally:
        os.close(place)
