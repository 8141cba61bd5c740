#!/usr/bin/env python3
"""Draws some panels of the dashboard from what a Prometheus answers: draw.py PROMETHEUS MINUTES FILE.svg. Needs matplotlib.

Grafana has no part in it. Grey on a transparent ground, so that it can be read on light and dark pages.
"""

import math
import sys
import time
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

import check
import dashboard

TITLES = (
    ("Documents", "Documents a second"),
    ("Documents", "Waiting"),
    ("Documents", "Latency"),
    ("Documents", "Where a document's time goes, mean"),
    ("Model", "Busy"),
    ("Model", "Segments in a batch"),
    ("Answers", "Documents with a label, the ten most frequent"),
    ("Answers", "Best score of a document (%)"),
    ("Flink", "Checkpoints: age and duration"),
    ("Flink", "Size of checkpoints"),
    ("Flink", "Heap"),
    ("Flink", "Memory outside the heap"),
)
GREY = "#808790"
POINTS = 120
# What an axis shows for a unit of Grafana's, and what values are multiplied by.
UNITS = {"percentunit": ("%", 100), "bytes": ("MB", 1e-6), "ms": ("ms", 1), "s": ("s", 1)}
MAX_LINES = 6

plt.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "hatflow",
        "font.size": 8,
        "text.color": GREY,
        "axes.edgecolor": GREY,
        "axes.labelcolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": plt.cycler(color=["#3b82c4", "#d97b29", "#3f9e5a", "#c04f6a", "#8a6fc2", "#9a8b1f"]),
    }
)


def legend(template: str, labels: dict[str, str]) -> str:
    """Grafana's {{label}}, filled in."""
    for name, value in labels.items():
        template = template.replace(f"{{{{{name}}}}}", value if name != "tm_id" else "")
    return template.replace("contract-clauses", "").strip() or labels.get("model", "")


def draw(axes: Axes, prometheus: str, panel: dashboard.Panel, end: float, minutes: float) -> None:
    """One panel, its lines over the last minutes."""
    unit, factor = UNITS.get(panel.unit, ("", 1))
    step = max(5, minutes * 60 / POINTS)
    for template, expression in panel.queries:
        asked = check.substituted(expression)
        answer = check.get(prometheus, "query_range", query=asked, start=str(end - minutes * 60), end=str(end), step=f"{step:.0f}s")
        for series in answer["result"][:MAX_LINES]:
            points = [((float(at) - end) / 60, factor * float(value)) for at, value in series["values"]]
            axes.plot(
                [x for x, _ in points],
                [y if math.isfinite(y) else math.nan for _, y in points],
                label=legend(template, series["metric"]),
                linewidth=1,
            )
    axes.set_title(panel.title + (f" ({unit})" if unit else ""), fontsize=8, color=GREY, loc="left")
    axes.set_xlim(-minutes, 0)
    axes.set_ylim(bottom=0)
    if any(line.get_label() and not line.get_label().startswith("_") for line in axes.lines):
        axes.legend(fontsize=6, frameon=False, loc="best")


def main() -> None:
    """Reads the arguments and writes the file."""
    prometheus, minutes, file = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    panels = [next(panel for panel in dashboard.ROWS[row] if panel.title == title) for row, title in TITLES]
    figure, grid = plt.subplots(4, 3, figsize=(12, 9.5), layout="constrained")
    end = time.time()
    for axes, panel in zip(grid.flat, panels, strict=True):
        draw(axes, prometheus, panel, end, minutes)
    for axes in grid[-1]:
        axes.set_xlabel("minutes")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    main()
