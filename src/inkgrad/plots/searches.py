"""The picture of a search: how its trials learned, and what each setting does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from inkgrad.plots.style import STYLE, shortened

MARKS: dict[str, dict[str, Any]] = {
    "done": {"color": STYLE.palette[0], "marker": "o"},
    "stopped": {"color": STYLE.faint, "marker": "v"},
    "diverged": {"color": STYLE.palette[1], "marker": "x"},
}


class SearchedTrial(Protocol):
    """A training that has ended, with its number, how it ended, its settings, and the accuracy after each epoch."""

    @property
    def number(self) -> int: ...

    @property
    def status(self) -> str: ...

    @property
    def settings(self) -> Any: ...

    @property
    def accuracies(self) -> Sequence[float]: ...


def search_picture(trials: Sequence[SearchedTrial], space: Mapping[str, Any]) -> Any:
    """Return a Figure: the misread part of the validation examples against epochs, and against each setting searched.

    `trials` begin with the best one, which stands out.  Diverged ones are at the upper edge.  Of a setting `space` has
    what it was drawn from, as Optuna has it: `choices`, in their order, or a range, whose axis is logarithmic if `log`.
    """
    from matplotlib.figure import Figure

    n = 1 + len(space)
    n_across = 2 if n == 4 else min(3, n)
    n_rows = -(-n // n_across)
    figure = Figure(figsize=(4 * n_across, 3.4 * n_rows + 0.4), layout="constrained")
    curves, *others = figure.subplots(n_rows, n_across, squeeze=False, sharey=True).flat
    _draw_curves(curves, trials)
    for (name, values), axes in zip(space.items(), others, strict=False):
        _draw_setting(axes, name, values, trials)
    for axes in others[len(space) :]:
        axes.set_axis_off()
    for axes in (curves, *others)[::n_across]:
        axes.set_ylabel("misread validation digits")
    _scale(curves, [_misread(accuracy) for each in trials for accuracy in each.accuracies])
    _key(figure, trials)
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


def _draw_curves(axes: Any, trials: Sequence[SearchedTrial]) -> None:
    for each in trials[::-1]:  # the best one on top
        if each.accuracies:
            is_best = each is trials[0] and each.status != "diverged"
            look = {"color": STYLE.ink, "linewidth": 2.4} if is_best else {"linewidth": 1, "alpha": 0.6}
            values = [_misread(accuracy) for accuracy in each.accuracies]
            axes.plot(range(1, len(values) + 1), values, **(MARKS[each.status] | {"markersize": 3.5} | look))
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.25)


def _draw_setting(axes: Any, name: str, values: Any, trials: Sequence[SearchedTrial]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    places = [getattr(each.settings, name) for each in trials]
    if choices := getattr(values, "choices", None):  # side by side, in the order of the list
        places = [choices.index(place) for place in places]
        names = shortened([f"{value:g}" if isinstance(value, float) else str(value) for value in choices])
        axes.set_xticks(range(len(names)), names, rotation=0 if len(names) < 8 else 90)  # as many fit side by side
        axes.set_xlim(-0.5, len(names) - 0.5)
    elif values.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    top = axes.get_xaxis_transform()  # across as the axis, upwards from 0 to 1
    for place, each in zip(places, trials, strict=True):
        if each.status == "diverged" or not each.accuracies:
            axes.plot(place, 0.97, transform=top, **MARKS["diverged"], linestyle="", clip_on=False)
        else:
            axes.plot(place, _misread(each.accuracies[-1]), **MARKS[each.status], alpha=0.75, linestyle="")
    if trials[0].status != "diverged" and trials[0].accuracies:
        ring = {"marker": "o", "markersize": 13, "markerfacecolor": "none", "markeredgecolor": STYLE.ink}
        axes.plot(places[0], _misread(trials[0].accuracies[-1]), linestyle="", markeredgewidth=1.6, **ring)
    axes.set_xlabel(name)
    axes.grid(alpha=0.25)


def _key(figure: Any, trials: Sequence[SearchedTrial]) -> None:
    from matplotlib.lines import Line2D

    best = trials[0]
    handles = [Line2D([], [], color=STYLE.ink, linewidth=2.4, label=f"the best, trial {best.number}")]
    if best.status == "diverged":
        handles = []
    for status, look in MARKS.items():
        n = sum(each.status == status for each in trials)
        if n:
            handles.append(Line2D([], [], linestyle="", label=f"{n} {status}", **look))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
