"""What processes hold, from /proc."""

import os
from pathlib import Path


def family(process: int) -> list[int]:
    """*process*, its children, theirs, and so on."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(member for child in children for member in family(int(child)))]


def status_kib(process: int, name: str) -> int:
    """A line of proc(5)'s status file, such as ``VmRSS``."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def processor_s(process: int) -> float:
    """Processor time it has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process: int) -> float:
    """What *process* and its family hold now."""
    return sum(status_kib(member, "VmRSS") for member in family(process)) / 1024


def peak_mib(process: int, *, begin: bool = True) -> float:
    """Most that *process* and its family ever held, all together; forgets it if that is to *begin* anew."""
    processes = family(process)
    for member in processes if begin else ():
        Path(f"/proc/{member}/clear_refs").write_text("5")  # proc(5): the peak falls to what is held now
    return sum(status_kib(member, "VmHWM") for member in processes) / 1024
