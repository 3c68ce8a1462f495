"""The filter as a table; that the kernel enforces it is for test_children."""

import re
import struct
from pathlib import Path

import pytest

from origin.imaging import seccomp

HEADERS = {
    0: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    1: Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("column", HEADERS)
def test_the_numbers_are_those_of_the_kernel(column: int) -> None:
    if not HEADERS[column].exists():
        pytest.skip("the kernel's headers are not installed")
    text = HEADERS[column].read_text()
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\n", text))
    known |= {"newfstatat": known["fstatat"]} if "fstatat" in known else {}
    ours = (
        seccomp._ALLOWED | {name: rule[:2] for name, rule in seccomp._ALLOWED_IF.items()} | {"tgkill": seccomp._TGKILL}
    )
    for name, numbers in ours.items():
        number = numbers[column]
        assert (None if number is None else str(number)) == known.get(name), name


def run(code: bytes, audit: int, number: int, *arguments: int) -> int:
    """What the kernel would answer: a packet filter is a small language."""
    data = struct.pack("<IIQ6Q", number, audit, 0, *(arguments + (0,) * 6)[:6])
    at, held = 0, 0
    while True:
        kind, then, otherwise, value = struct.unpack_from("<HBBI", code, at * 8)
        at += 1
        if kind == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif kind == 0x54:
            held &= value
        elif kind == 0x15:
            at += then if held == value else otherwise
        else:
            assert kind == 0x06
            return int(value)


@pytest.mark.parametrize("name", ["x86_64", "aarch64"])
def test_only_what_is_listed_is_allowed(name: str) -> None:
    machine = seccomp._MACHINES[name]
    code = seccomp.program(machine, pid=77)
    allow = seccomp._ALLOW

    def answer(number: int | None, *arguments: int) -> int:
        assert number is not None
        return run(code, machine.audit, number, *arguments)

    assert answer(seccomp._ALLOWED["read"][machine.column]) == allow
    opening, cloning, ending = (
        seccomp._ALLOWED_IF["openat"][machine.column],
        seccomp._ALLOWED_IF["clone"][machine.column],
        seccomp._TGKILL[machine.column],
    )
    assert answer(opening, 0, 0, 0o2000000) == allow  # O_CLOEXEC
    assert answer(opening, 0, 0, 1) != allow  # O_WRONLY
    assert answer(opening, 0, 0, 0o100) != allow  # O_CREAT
    assert answer(cloning, 0x3D0F00) == allow  # what pthread_create asks for
    assert answer(cloning, 17) != allow  # what fork asks for
    assert answer(ending, 77, 1, 6) == allow
    assert answer(ending, 78, 1, 6) != allow
    allowed = {number for number in range(1024) if run(code, machine.audit, number) == allow}
    assert len(allowed) < 80
    assert run(code, 0x40000003, 0) == seccomp._KILL  # another machine's calls, such as those of 32 bits
    assert run(code, machine.audit, 0x40000000) != allow  # x32
