"""The figures as tables and as a plot."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import mean

from tests.bench.eviction.replay import CHOSEN, POLICIES, Case, Cost, Ratios

Results = Mapping[Case, Mapping[str, Ratios]]


def print_ratios(results: Results) -> None:
    """Two tables of a row per policy, in per cent, mean over the capacities; then one of every case beside LRU."""
    workloads = list(dict.fromkeys(case.workload for case in results))
    for what in ("objects", "bytes"):
        print(f"\n| {what} | " + " | ".join(workloads) + " | mean |\n" + "|---" * (len(workloads) + 2) + "|")
        for name in POLICIES:
            means = [_mean(results, name, what, workload) for workload in workloads]
            print(f"| {name} | " + " | ".join(f"{value:.1f}" for value in [*means, mean(means)]) + " |")
    _print_cases(results, workloads)


def _print_cases(results: Results, workloads: Iterable[str]) -> None:
    shares = sorted({case.share for case in results})
    print("\n| objects; bytes: LRU → lanes | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    print("|---" * (len(shares) + 1) + "|")
    for workload in workloads:
        cells = []
        for share in shares:
            lru, ours = (results[Case(workload, share)][name] for name in ("LRU", CHOSEN))
            cells.append(
                f"{100 * lru.objects:.1f} → {100 * ours.objects:.1f}; {100 * lru.bytes:.1f} → {100 * ours.bytes:.1f}"
            )
        print(f"| {workload} | " + " | ".join(cells) + " |")


def _mean(results: Results, name: str, what: str, workload: str) -> float:
    found = [_percent(ratios[name], what) for case, ratios in results.items() if case.workload == workload]
    return mean(found)


def _percent(ratios: Ratios, what: str) -> float:
    return 100 * (ratios.objects if what == "objects" else ratios.bytes)


def print_costs(costs: Mapping[str, Cost]) -> None:
    """A row per policy."""
    lru_us = costs["LRU"].request_us
    print("\n| policy | us a request | relative | bytes an entry |\n|---|---|---|---|")
    for name, cost in costs.items():
        print(f"| {name} | {cost.request_us:.2f} | {cost.request_us / lru_us:.1f} | {cost.entry_bytes:.0f} |")


def plot(results: Results, path: Path) -> None:
    """A panel per workload, hit ratio over capacity; objects above, bytes below. Needs matplotlib."""
    # Not a dependency of the service or of its tests, only of whoever measures.
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "eviction", "svg.fonttype": "none", "font.size": 8})
    from matplotlib import pyplot as plt

    workloads = list(dict.fromkeys(case.workload for case in results))
    shares = sorted({case.share for case in results})
    columns = (len(workloads) + 1) // 2
    figure, axes = plt.subplots(4, columns, figsize=(2.4 * columns, 9), sharex=True, squeeze=False)
    panels = [(what, workload) for what in ("objects", "bytes") for workload in workloads]
    for panel, (what, workload) in zip(axes.flat, panels, strict=False):
        for name in POLICIES:
            values = [_percent(results[Case(workload, share)][name], what) for share in shares]
            emphasis = {"linewidth": 2.5, "color": "black"} if name == CHOSEN else {"linewidth": 1}
            panel.plot(shares, values, label=name, marker=".", **emphasis)
        panel.set(title=f"{workload}, {what}", xscale="log", xticks=shares)
        panel.set_xticks(shares, [f"{share:.0%}" for share in shares])
        panel.minorticks_off()
    figure.supxlabel("capacity, of the working set")
    figure.supylabel("hit ratio, %")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="upper center", ncols=len(POLICIES), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
