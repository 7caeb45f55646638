"""The results of a sweep: a table for a spreadsheet, and a picture of how the trials learned and what settings do."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import Any

from inkgrad.files import replacing
from inkgrad.plots.style import STYLE, shortened
from inkgrad.sessions import TrainingSettings
from inkgrad.sweeps.space import Choice, Range
from inkgrad.sweeps.trial import TrialResult, TrialStatus

MARKS: dict[str, dict[str, Any]] = {
    TrialStatus.DONE: {"color": STYLE.palette[0], "marker": "o"},
    TrialStatus.STOPPED: {"color": STYLE.faint, "marker": "v"},
    TrialStatus.DIVERGED: {"color": STYLE.palette[1], "marker": "x"},
}


def write_table(results: Iterable[TrialResult], path: Path) -> None:
    """Write a line of CSV for each result, in the order given; OSError when the file cannot be written."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(TrainingSettings)]
    table.writerow(["trial", "status", "validation_accuracy", "epochs_done", "seconds", *names])
    for each in results:
        accuracy = "" if each.accuracy is None else each.accuracy
        values = asdict(each.trial.settings)
        settings = (values[name] for name in names)
        table.writerow([each.trial.number, each.status, accuracy, each.epochs, each.seconds, *settings])
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def picture(results: Sequence[TrialResult], space: Mapping[str, Choice | Range]) -> Any:
    """Return a Figure: the misread part of the validation examples against epochs, and against each setting searched.

    `results` begin with the best one, which stands out.  Diverged trials are at the upper edge.
    """
    from matplotlib.figure import Figure

    n = 1 + len(space)
    n_across = 2 if n == 4 else min(3, n)
    n_rows = -(-n // n_across)
    figure = Figure(figsize=(4 * n_across, 3.4 * n_rows + 0.4), layout="constrained")
    curves, *others = figure.subplots(n_rows, n_across, squeeze=False, sharey=True).flat
    _draw_curves(curves, results)
    for (name, values), axes in zip(space.items(), others, strict=False):
        _draw_setting(axes, name, values, results)
    for axes in others[len(space) :]:
        axes.set_axis_off()
    for axes in (curves, *others)[::n_across]:
        axes.set_ylabel("misread validation digits")
    _scale(curves, [_misread(row["validation_accuracy"]) for each in results for row in each.rows])
    _key(figure, results)
    return figure


def _misread(accuracy: float) -> float:
    return 100 * (1 - accuracy)


def _scale(axes: Any, values: Sequence[float]) -> None:
    """Make the vertical axes, which are all one, logarithmic, unless there is a 0, for which they have no place."""
    from matplotlib.ticker import LogLocator, NullLocator

    if values and min(values) > 0:
        axes.set_yscale("log")
        fine = max(values) < 3 * min(values)
        axes.yaxis.set_major_locator(LogLocator(subs=range(1, 10) if fine else (1, 2, 3, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")


def _draw_curves(axes: Any, results: Sequence[TrialResult]) -> None:
    for each in results[::-1]:  # the best one on top
        if each.rows:
            is_best = each is results[0] and each.status != TrialStatus.DIVERGED
            look = {"color": STYLE.ink, "linewidth": 2.4} if is_best else {"linewidth": 1, "alpha": 0.6}
            values = [_misread(row["validation_accuracy"]) for row in each.rows]
            epochs = [row["epoch"] for row in each.rows]
            axes.plot(epochs, values, **(MARKS[each.status] | {"markersize": 3.5} | look))
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.25)


def _draw_setting(axes: Any, name: str, values: Choice | Range, results: Sequence[TrialResult]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    places = [getattr(each.trial.settings, name) for each in results]
    if isinstance(values, Choice):  # side by side, in the order of the list
        places = [values.values.index(place) for place in places]
        names = shortened([f"{value:g}" if isinstance(value, float) else str(value) for value in values.values])
        axes.set_xticks(range(len(names)), names, rotation=0 if len(names) < 8 else 90)  # as many fit side by side
        axes.set_xlim(-0.5, len(names) - 0.5)
    elif values.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    top = axes.get_xaxis_transform()  # across as the axis, upwards from 0 to 1
    for place, each in zip(places, results, strict=True):
        if each.status == TrialStatus.DIVERGED or each.accuracy is None:
            axes.plot(place, 0.97, transform=top, **MARKS[TrialStatus.DIVERGED], linestyle="", clip_on=False)
        else:
            axes.plot(place, _misread(each.accuracy), **MARKS[each.status], alpha=0.75, linestyle="")
    if results[0].status != TrialStatus.DIVERGED and results[0].accuracy is not None:
        ring = {"marker": "o", "markersize": 13, "markerfacecolor": "none", "markeredgecolor": STYLE.ink}
        axes.plot(places[0], _misread(results[0].accuracy), linestyle="", markeredgewidth=1.6, **ring)
    axes.set_xlabel(name)
    axes.grid(alpha=0.25)


def _key(figure: Any, results: Sequence[TrialResult]) -> None:
    from matplotlib.lines import Line2D

    best = results[0]
    handles = [Line2D([], [], color=STYLE.ink, linewidth=2.4, label=f"the best, trial {best.trial.number}")]
    if best.status == TrialStatus.DIVERGED:
        handles = []
    for status, look in MARKS.items():
        n = sum(each.status == status for each in results)
        if n:
            handles.append(Line2D([], [], linestyle="", label=f"{n} {status}", **look))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
