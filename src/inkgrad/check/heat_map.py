"""Heat maps: each entry's error in units of its error bar, an array beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from inkgrad.check.measure.comparison import Comparison

IN_A_ROW = 4  # maps


def size_of_heat_maps(count: int) -> tuple[float, float]:
    """Return the width and the height of so many maps, in inches."""
    return 3.2 * min(IN_A_ROW, count) + 0.8, 2.8 * ceil(count / IN_A_ROW)


def draw_heat_maps(figure: Any, comparisons: Sequence[Comparison]) -> None:
    """Draw each entry's |analytical - numerical| in units of its error bar.

    Blue is inside the bar, white at its edge, red outside.
    """
    from matplotlib.colors import TwoSlopeNorm

    columns = min(IN_A_ROW, len(comparisons))
    grid = figure.subplots(ceil(len(comparisons) / columns), columns, squeeze=False)
    norm = TwoSlopeNorm(0, -3, 6)
    for axes in grid.flat:
        axes.axis("off")
    for axes, comparison in zip(grid.flat, comparisons, strict=False):
        shown = axes.imshow(comparison.picture, cmap="RdBu_r", norm=norm, aspect="auto", interpolation="nearest")
        _label(axes, comparison)
    bar = figure.colorbar(shown, ax=grid, ticks=[-3, -2, -1, 0, 2, 4, 6], shrink=0.8)
    bar.ax.set_yticklabels(["0.001", "0.01", "0.1", "1", "100", "10⁴", "10⁶"])
    bar.set_label("error / error bar")


def _label(axes: Any, comparison: Comparison) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    axes.axis("on")
    of = {"": "", "wiring": " of the whole", "cost": " of the cost"}
    axes.set_title(f"d{comparison.array}{of.get(comparison.layer, f' of layer {comparison.layer}')}", fontsize=9)
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True) if comparison.analytical.ndim > 1 else NullLocator())
