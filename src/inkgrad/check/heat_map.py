"""The picture of a report: a heat map for each array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from typing import Any

from inkgrad.check.measure.comparison import Comparison
from inkgrad.files import replacing


def heat_maps(comparisons: Sequence[Comparison], title: str) -> Any:
    """Return a matplotlib Figure: each entry's |analytical - numerical| in units of its error bar.

    Blue is inside the bar, white at its edge, red outside.
    """
    from matplotlib.colors import TwoSlopeNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, NullLocator

    count = max(1, len(comparisons))
    columns = min(4, count)
    rows = ceil(count / columns)
    figure = Figure(figsize=(3.2 * columns + 0.8, 2.8 * rows + 0.6), layout="constrained")
    figure.suptitle(title, fontsize=12)
    grid = figure.subplots(rows, columns, squeeze=False)
    norm = TwoSlopeNorm(0, -3, 6)
    shown = None
    for axes in grid.flat:
        axes.axis("off")
    for axes, comparison in zip(grid.flat, comparisons, strict=False):
        axes.axis("on")
        shown = axes.imshow(comparison.picture, cmap="RdBu_r", norm=norm, aspect="auto", interpolation="nearest")
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


def save_heat_maps(comparisons: Sequence[Comparison], title: str, path: str | os.PathLike[str]) -> None:
    """Write the picture as a PNG file, whole or not at all."""
    with replacing(path) as file:
        heat_maps(comparisons, title).savefig(file, format="png", dpi=110)
