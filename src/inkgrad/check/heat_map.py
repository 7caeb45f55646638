"""The picture of a report: a heat map for each array."""

from __future__ import annotations

import os
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.comparison import WORST
from inkgrad.files import replacing

if TYPE_CHECKING:
    from inkgrad.check.report import Report

COLUMNS = 4


def heat_maps(report: Report) -> Any:
    """Return a matplotlib Figure: each entry's |analytical - numerical| in units of its error bar.

    Blue is inside the bar, white at its edge, red outside.
    """
    from matplotlib.colors import TwoSlopeNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, NullLocator

    count = max(1, len(report.comparisons))
    columns = min(COLUMNS, count)
    rows = ceil(count / columns)
    figure = Figure(figsize=(3.2 * columns + 0.8, 2.8 * rows + 0.6), layout="constrained")
    figure.suptitle(report.verdict, fontsize=12)
    grid = figure.subplots(rows, columns, squeeze=False)
    norm = TwoSlopeNorm(0, -3, np.log10(WORST))
    shown = None
    for axes in grid.flat:
        axes.axis("off")
    for axes, comparison in zip(grid.flat, report.comparisons, strict=False):
        axes.axis("on")
        shown = axes.imshow(
            _as_picture(comparison.in_bars), cmap="RdBu_r", norm=norm, aspect="auto", interpolation="nearest"
        )
        axes.set_title(
            f"d{comparison.array}" + (f" of layer {comparison.layer}" if comparison.layer else ""), fontsize=9
        )
        axes.tick_params(labelsize=7)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True) if comparison.analytical.ndim > 1 else NullLocator())
    if shown is not None:
        bar = figure.colorbar(shown, ax=grid, ticks=[-3, -2, -1, 0, 2, 4, 6], shrink=0.8)
        bar.ax.set_yticklabels(["0.001", "0.01", "0.1", "1", "100", "10⁴", "10⁶"])
        bar.set_label("error / error bar")
    return figure


def _as_picture(array: Array) -> Array:
    """Return an array of any number of axes as rows and columns."""
    if array.ndim == 0:
        return array.reshape(1, 1)
    if array.ndim == 1:
        return array.reshape(1, -1)
    return array.reshape(-1, array.shape[-1])


def save_heat_maps(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the picture as a PNG file, whole or not at all."""
    with replacing(path) as file:
        heat_maps(report).savefig(file, format="png", dpi=110)
