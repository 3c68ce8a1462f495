"""Which calls to the kernel a pixel child may make once it decodes strangers' bytes, as a seccomp filter.

A list of what is allowed, not of what is forbidden: decoding needs memory,
threads, clocks, its own open descriptors, and files to read. Everything else,
such as a socket, another program, another process, a signal to somebody else or a
file to write, does not exist for it and is answered ENOSYS, which libraries take
as an old kernel and work around.
"""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass
from typing import Final

_CLONE_THREAD = 0x0001_0000
_WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PR_SET_NAME = 15

_ALLOWED: Final = {
    # What is open already.
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "recvfrom": (45, 207), "sendto": (44, 206), "close": (3, 57), "lseek": (8, 62), "dup": (32, 23),
    "poll": (7, None), "ppoll": (271, 73), "eventfd2": (290, 19),
    # Files, to look at.
    "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291), "stat": (4, None), "lstat": (6, None),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "getdents64": (217, 61), "getcwd": (79, 17), "fadvise64": (221, 223),
    # Memory.
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214),
    # Threads of its own, and its end.
    "futex": (202, 98), "set_robust_list": (273, 99), "rseq": (334, 293), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "gettid": (186, 178), "getpid": (39, 172), "getppid": (110, 173), "exit": (60, 93), "exit_group": (231, 94),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # What there is to know about the machine and itself.
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "getrusage": (98, 165),
    "sysinfo": (99, 179), "uname": (63, 160), "getrandom": (318, 278), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getcpu": (309, 168),
}  # fmt: skip
"""Numbers on x86_64 and on aarch64; None where the call does not exist."""

_ALLOWED_IF: Final = {
    "openat": (257, 56, 2, _WRITING, os.O_RDONLY),
    "open": (2, None, 1, _WRITING, os.O_RDONLY),
    "clone": (56, 220, 0, _CLONE_THREAD, _CLONE_THREAD),
    "prctl": (157, 167, 0, 0xFFFF_FFFF, _PR_SET_NAME),
    "prlimit64": (302, 261, 0, 0xFFFF_FFFF, 0),  # 0 is whoever asks
}
"""The numbers; then which argument, under which mask, has to be what."""
_TGKILL = (234, 131)
"""A thread may end its own process, which is how abort() works, and no other."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What differs between processors."""

    audit: int
    seccomp: int
    column: int


_MACHINES: Final = {
    "x86_64": Machine(audit=0xC000_003E, seccomp=317, column=0),
    "aarch64": Machine(audit=0xC000_00B7, seccomp=277, column=1),
}

_LOAD, _AND, _IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_KILL, _ALLOW, _REFUSE = 0x8000_0000, 0x7FFF_0000, 0x0005_0000 | errno.ENOSYS
_SET_MODE_FILTER, _ALL_THREADS = 1, 1


def program(machine: Machine, pid: int) -> bytes:
    """The filter as instructions of the kernel's packet filter (struct sock_filter, 8 bytes each).

    Args:
        machine: Whose call numbers.
        pid: The only process that may be signalled.
    """
    code = [
        _instruction(_LOAD, _MACHINE_AT),
        _instruction(_IF_EQUAL, machine.audit, then=1),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER_AT),
    ]
    for numbers in _ALLOWED.values():
        number = numbers[machine.column]
        if number is not None:
            code += [_instruction(_IF_EQUAL, number, otherwise=1), _instruction(_RETURN, _ALLOW)]
    tgkill = (*_TGKILL, 0, 0xFFFF_FFFF, pid)
    for *conditional, argument, mask, wanted in (*_ALLOWED_IF.values(), tgkill):
        number = conditional[machine.column]
        if number is not None:
            code += [
                _instruction(_IF_EQUAL, number, otherwise=5),
                # The low half: all of these are 32 bits wide, and both machines put it first.
                _instruction(_LOAD, _ARGUMENTS_AT + 8 * (argument or 0)),
                _instruction(_AND, mask or 0),
                _instruction(_IF_EQUAL, wanted or 0, otherwise=1),
                _instruction(_RETURN, _ALLOW),
                _instruction(_RETURN, _REFUSE),
            ]
    return b"".join([*code, _instruction(_RETURN, _REFUSE)])


def _instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("<HBBI", code, then, otherwise, value)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install() -> bool:
    """Put the filter on every thread of this process, for good. Whether the kernel did.

    Needs no privileges, only that no_new_privs is set.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = program(machine, os.getpid())
    libc = ctypes.CDLL(None, use_errno=True)
    filter_ = _Program(len(code) // 8, code)
    return bool(libc.syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(filter_)) == 0)
