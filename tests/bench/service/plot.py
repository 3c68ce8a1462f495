"""The table as a picture; needs matplotlib."""

from pathlib import Path
from typing import Any

from tests.bench.service.report import Report

_PANELS = (
    ("of_reference", "answers a second, of the reference", "linear"),
    ("p99_ms", "p99, ms", "log"),
    ("cpu_ms", "CPU per answer, ms", "log"),
)


def plot(report: Report, path: Path) -> None:
    """A panel of bars for each of a few columns, and one of memory over time if there was a soak."""
    # Not a dependency of the service or of its tests, only of whoever measures.
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "service", "svg.fonttype": "none", "font.size": 8})
    from matplotlib import pyplot as plt

    soaks = [row for row in report.rows if row.resident_mib]
    figure, axes = plt.subplots(
        1, len(_PANELS) + bool(soaks), figsize=(13, 1 + 0.17 * len(report.rows)), squeeze=False, layout="constrained"
    )
    for panel, (column, title, scale) in zip(axes.flat, _PANELS, strict=False):
        _bars(panel, report, column)
        panel.set(title=title, xscale=scale)
    axes.flat[0].axvline(1, color="black", linewidth=0.5)
    for panel in axes.flat[1 : len(_PANELS)]:
        panel.set_yticks([])
    for row in soaks:
        axes.flat[-1].plot(row.resident_mib, label=row.contestant)
        axes.flat[-1].set(title="soak: resident MiB", xlabel=f"slices of {report.seconds:g} s", ylim=(0, None))
        axes.flat[-1].legend(frameon=False)
    figure.supxlabel(", ".join(f"{name} {text}" for name, text in report.machine.items()), fontsize=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(panel: Any, report: Report, column: str) -> None:
    names = list(dict.fromkeys(row.contestant for row in report.rows))
    at = range(len(report.rows))
    # NaN leaves the room and draws nothing.
    widths = [value if (value := getattr(row, column)) is not None else float("nan") for row in report.rows]
    panel.barh(at, widths, color=[f"C{names.index(row.contestant)}" for row in report.rows])
    panel.set_yticks(at, [f"{row.label}: {row.contestant}" for row in report.rows])
    # The same in every panel, whatever the first and last rows have: they stand side by side.
    panel.set_ylim(len(report.rows) - 0.5, -0.5)
