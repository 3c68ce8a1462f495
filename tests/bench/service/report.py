"""The table, the file beside it, and where it was all measured."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyvips

from origin.version import VERSION
from tests.bench.service.figures import Figures

_PACKAGES = ("gunicorn", "gevent", "pyvips", "pyvips-binary", "bottle", "pymemcache")


@dataclass(frozen=True, slots=True)
class Report:
    """A run.

    Args:
        missing: Contestants, tools and rows that there are no figures of, and why.
    """

    rows: Sequence[Figures]
    missing: Mapping[str, str]
    rounds: int
    seconds: float
    machine: Mapping[str, str]

    def as_json(self) -> str:
        """All of it, for later runs to be compared with."""
        content: dict[str, Any] = {
            "machine": dict(self.machine),
            "rounds": self.rounds,
            "seconds": self.seconds,
            "missing": dict(self.missing),
            "rows": [row.as_json() for row in self.rows],
        }
        return json.dumps(content, indent=2) + "\n"


def machine() -> dict[str, str]:
    """Where it runs, and which versions of what."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    libvips = ".".join(str(pyvips.version(part)) for part in range(3))
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": cpu[1] if cpu else platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "blendBeat": VERSION,
        "libvips": libvips,
        "wrk": said.split()[1] if said.startswith("wrk ") else "unknown",
        **{name: version(name) for name in _PACKAGES},
    }


def table(report: Report) -> str:
    """As Markdown, with what is missing below."""
    heads: tuple[str, ...] = (
        "case",
        "contestant",
        "per s",
        "of ref",
        "p50 ms",
        "p95",
        "p99",
        "max",
        "p99 of ref",
        "CPU ms",
        "RSS MiB",
    )
    heads += ("bytes", "score", "notes")
    lines = [heads, ("---",) * len(heads), *(_cells(row) for row in report.rows)]
    told = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    where = ", ".join(f"{name} {text}" for name, text in report.machine.items())
    missing = "".join(f"missing: {name}: {why}\n" for name, why in report.missing.items())
    return f"{told}\n\n{report.rounds} rounds of {report.seconds:g} s; {where}\n{missing}"


def _cells(row: Figures) -> tuple[str, ...]:
    look = row.look
    return (
        row.label,
        row.contestant,
        _short(row.per_s),
        _ratio(row.of_reference),
        *(_short(time_ms) for time_ms in (row.p50_ms, row.p95_ms, row.p99_ms, row.max_ms)),
        _ratio(row.p99_of_reference),
        _short(row.cpu_ms),
        f"{row.peak_mib:.0f}",
        f"{look.bytes}" if look else "",
        f"{look.score:.1f}" if look and look.score is not None else "",
        _notes(row),
    )


def _notes(row: Figures) -> str:
    counted = ((row.fetches, "fetches"), (row.refused or None, "refused"), (row.broken or None, "broken"))
    notes = [f"{count} {what}" for count, what in counted if count is not None]
    if row.per_s == 0:
        notes.append("no good answer in time")
    if row.slowest is not None:
        notes.append(f"slowest {row.slowest:.2f} of one alone")
    if row.growth is not None:
        notes.append(f"last quarter {row.growth:.2f} of the third")
    return ", ".join(notes)


def _short(value: float | None) -> str:
    """Three digits that matter.

    >>> _short(1234.5), _short(12.34), _short(0.1234), _short(None)
    ('1234', '12.3', '0.123', '')
    """
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
