"""Curves: cost and accuracy while a network learns."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any


def curves(rows: Sequence[dict[str, Any]]) -> Any:
    """Return a Figure with the cost on the left and the error on the right, against epochs.

    A row has "epoch", counted with its fraction, and any of "cost", "quick_accuracy" (while
    training) and "test_cost", "test_accuracy" (after an epoch).  The vertical axes are
    logarithmic, as the last improvements are small but hard won.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, series in (
        (left, {"cost": "training batches", "test_cost": "test set"}),
        (right, {"quick_accuracy": "first test digits", "test_accuracy": "whole test set"}),
    ):
        lowest = inf
        for name, label in series.items():
            found = [(row["epoch"], row[name]) for row in rows if name in row]
            values = [value if "cost" in name else 100 * (1 - value) for _, value in found]
            lowest = min([lowest, *values])
            marker = "o" if name.startswith("test") else "."
            axes.plot([epoch for epoch, _ in found], values, marker=marker, label=label)
        axes.set_xlabel("epoch")
        if 0 < lowest < inf:  # a logarithmic axis has no place for 0
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
            axes.yaxis.set_minor_locator(NullLocator())
        axes.grid(alpha=0.25)
        axes.legend()
    left.set_title("cost")
    left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    right.set_title("misread digits")
    right.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    return figure
