"""Curves: cost and misread examples while networks learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from inkgrad.plots.style import STYLE, colour

Rows = Sequence[Mapping[str, Any]]
COST_LABELS = {"cost": "training batches", "test_cost": "test set"}
MISREAD_LABELS = {"quick_accuracy": "first test digits", "test_accuracy": "whole test set"}
RUN_STYLES: tuple[dict[str, Any], ...] = (  # of the series, where several runs are compared
    {"linestyle": "-", "linewidth": 1, "alpha": 0.45},
    {"linestyle": "-", "linewidth": 1.8, "marker": "o", "markersize": 5},
)


def curves(runs: Rows | Mapping[str, Rows]) -> Any:
    """Return a Figure with the cost on the left and the misread part on the right, against epochs.

    `runs` are the rows of one training, or those of several by name, for comparing them.  A row has
    "epoch", counted with its fraction, and any of "cost", "quick_accuracy" (while training) and
    "test_cost", "test_accuracy" (after an epoch).  The vertical axes are logarithmic, as the last
    improvements are small but hard won.
    """
    from matplotlib.figure import Figure

    several = isinstance(runs, Mapping)
    named: Mapping[str, Rows] = runs if isinstance(runs, Mapping) else {"": runs}
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, series in zip(figure.subplots(1, 2), (COST_LABELS, MISREAD_LABELS), strict=True):
        for number, rows in enumerate(named.values()):
            _draw(axes, rows, series, number if several else None)
        axes.set_xlabel("epoch")
        axes.set_xlim(left=0)
        axes.grid(alpha=0.25)
        _scale(axes)
        if axes.lines:
            axes.legend(handles=_keys(series) if several else axes.lines, frameon=not several)
    left, right = figure.axes
    left.set_title("cost")
    left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    right.set_title("misread digits")
    right.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    if several:
        _name_runs(figure, named)
    return figure


def _draw(axes: Any, rows: Rows, series: Mapping[str, str], run: int | None) -> None:
    """Draw a line for each of the series: of one training by colour, of several by style."""
    for number, (name, label) in enumerate(series.items()):
        found = [(row["epoch"], row[name]) for row in rows if name in row]
        values = [value if "cost" in name else 100 * (1 - value) for _, value in found]
        look: dict[str, Any] = {"color": colour(number), "marker": ".o"[number]}
        if run is not None:
            look = {"color": colour(run), **RUN_STYLES[number]}
        if found:
            axes.plot([epoch for epoch, _ in found], values, label=label, **look)


def _keys(series: Iterable[str]) -> list[Any]:
    """Return what the legend shows of the series, whatever the run."""
    from matplotlib.lines import Line2D

    names = COST_LABELS | MISREAD_LABELS
    return [Line2D([], [], color=STYLE.faint, label=names[name], **RUN_STYLES[k]) for k, name in enumerate(series)]


def _name_runs(figure: Any, names: Iterable[str]) -> None:
    from matplotlib.lines import Line2D

    shown = list(names)
    handles = [Line2D([], [], color=colour(k), linewidth=3) for k in range(len(shown))]
    legend = figure.legend(handles, shown, loc="outside lower center", ncols=min(4, len(shown)), frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _scale(axes: Any) -> None:
    """Make the vertical axis logarithmic, unless there is a 0, for which it has no place."""
    from matplotlib.ticker import LogLocator, NullLocator

    lowest = min((value for line in axes.lines for value in line.get_ydata()), default=inf)
    if 0 < lowest < inf:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
