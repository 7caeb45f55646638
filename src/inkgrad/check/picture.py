"""The picture of a report: what was told of each array, and the errors of those that were compared entry by entry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from inkgrad.check.heat_map import draw_heat_maps, size_of_heat_maps
from inkgrad.check.verdict_plot import draw_verdicts, height_of_verdicts
from inkgrad.files import replacing

if TYPE_CHECKING:
    from inkgrad.check.report import Report


def picture_of(report: Report) -> Any:
    """Return a matplotlib Figure: a heat map for each array, or, where some were judged along directions, first the
    error of every array beside the smallest that would have been seen."""
    from matplotlib.figure import Figure

    width, height = size_of_heat_maps(len(report.comparisons)) if report.comparisons else (8.0, 0.0)
    if report.arrays and len(report.comparisons) == len(report.arrays):
        figure = Figure(figsize=(width, height + 0.6), layout="constrained")
        draw_heat_maps(figure, report.comparisons)
    else:
        above = height_of_verdicts(len(report.arrays))
        figure = Figure(figsize=(max(width, 8.0), above + height + 0.6), layout="constrained")
        if height:
            parts: Any = figure.subfigures(2, height_ratios=(above, height))
            upper, lower = parts
            draw_heat_maps(lower, report.comparisons)
            draw_verdicts(upper, report.arrays)
        elif report.arrays:
            draw_verdicts(figure, report.arrays)
    figure.suptitle(report.summary, fontsize=12, wrap=True)
    return figure


def save_picture(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the picture as a PNG file, whole or not at all."""
    with replacing(path) as file:
        picture_of(report).savefig(file, format="png", dpi=110)
