"""Calibration: is a network as often right as it says?"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.metrics import Reliability
from inkgrad.plots.style import STYLE


def calibration(bins: Reliability, title: str = "") -> Any:
    """Return a Figure: how often answers are right against how sure the network was, and how many there are.

    On the dashed line a network is as often right as it says; below it, it is too sure.  The bars through
    the points are 95 % intervals.

    (The reliability diagram of DeGroot & Fienberg 1983, https://doi.org/10.2307/2987588.)
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    blue, orange, *_ = STYLE.palette
    figure = Figure(figsize=(5.4, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    full = np.flatnonzero(bins.n)
    p, accuracy = 100 * bins.probability[full], 100 * bins.accuracy[full]
    reach = np.maximum(np.abs(100 * np.stack([bins.low[full], bins.high[full]]) - accuracy), 0)
    upper.plot([0, 100], [0, 100], "--", color=STYLE.faint, linewidth=1, label="as often right as it says")
    upper.vlines(p, np.minimum(p, accuracy), np.maximum(p, accuracy), color=orange, linewidth=5, alpha=0.35)
    look = {"fmt": "o", "color": blue, "markersize": 5, "capsize": 3, "linewidth": 1.2}
    upper.errorbar(p, accuracy, yerr=reach, label="the network, 95 % interval", **look)
    upper.set(ylabel="of these right, %", xlim=(-2, 102), ylim=(-2, 102), title=title)
    upper.legend(loc="upper left", frameon=False)
    n = int(bins.n.sum())
    upper.text(
        0.97, 0.05, f"expected calibration error {100 * bins.error:.2f} %\n{n:,} example{'s' * (n != 1)}",
        transform=upper.transAxes, ha="right", va="bottom",
    )  # fmt: skip
    edges = 100 * bins.edges
    bars = lower.bar(edges[:-1], bins.n, width=np.diff(edges), align="edge", color=blue, edgecolor="white")
    lower.bar_label(bars, [f"{n:,}" if n else "" for n in bins.n], fontsize=7, padding=1)
    lower.set_yscale("log")
    lower.set(xlabel="how sure the network was, %", ylabel="examples", ylim=(0.7, 8 * max(int(bins.n.max()), 5)))
    lower.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    lower.yaxis.set_minor_locator(NullLocator())
    for axes in upper, lower:
        axes.grid(alpha=0.2)
        axes.set_axisbelow(True)
    return figure
