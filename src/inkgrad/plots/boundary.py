"""Decision boundaries: which class a network sees at every point of a square."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.plots.style import STYLE, colour, shortened


def decision_boundary(
    probability: Callable[[NDArray], NDArray],
    groups: Mapping[str, tuple[NDArray, NDArray]],
    labels: Sequence[str],
    axis_names: tuple[str, str],
    title: str,
) -> Any:
    """Return a Figure of the unit square, or more where there are points outside it: the probabilities as
    colour, the boundaries between the classes as lines, and points on it.

    `probability` takes points (N, 2) and returns (N,), that of the second of two classes, or (N, K), that of
    each of K.  `groups` holds (points, class numbers) by name: the first group is drawn filled, the others hollow.
    """
    from matplotlib.figure import Figure

    low, high = _limits(groups)
    side = STYLE.boundary_points
    ticks = [np.linspace(low[axis], high[axis], side, dtype=np.float32) for axis in (0, 1)]
    field = probability(np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, 2))
    field = field[:, 1] if field.ndim == 2 and field.shape[1] == 2 else field
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    frame = {"extent": (low[0], high[0], low[1], high[1]), "origin": "lower", "aspect": "auto"}
    if field.ndim == 1:
        colours: Sequence[str] = STYLE.two_classes
        _draw_two(figure, axes, ticks, field.reshape(side, side), frame, labels[1])
    else:
        colours = [colour(k) for k in range(len(labels))]
        _draw_many(axes, ticks, field.reshape(side, side, -1), frame, colours)
    _draw_points(figure, axes, groups, shortened(labels), colours)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_title(title, parse_math=False)
    axes.set_xlabel(axis_names[0], parse_math=False)
    axes.set_ylabel(axis_names[1], parse_math=False)
    return figure


def _limits(groups: Mapping[str, tuple[NDArray, NDArray]]) -> tuple[NDArray, NDArray]:
    """Return the lower left and the upper right corner of what is shown."""
    corners = [np.array([[0, 0], [1, 1]]), *(x for x, _ in groups.values())]
    low, high = np.min([x.min(axis=0) for x in corners], axis=0), np.max([x.max(axis=0) for x in corners], axis=0)
    margin = STYLE.boundary_margin * (high - low)
    return low - margin, high + margin


def _draw_two(
    figure: Any, axes: Any, ticks: Sequence[NDArray], field: NDArray, frame: dict[str, Any], second: str
) -> None:
    """Draw the probability of the second class, and the line where it is one half."""
    from matplotlib import colormaps

    shades = colormaps["RdBu_r"].resampled(STYLE.boundary_shades)
    shown = axes.imshow(field, cmap=shades, vmin=0, vmax=1, alpha=0.6, **frame)
    if field.min() < 0.5 < field.max():
        axes.contour(*ticks, field, levels=[0.5], colors="black", linewidths=1.5)
    figure.colorbar(shown).set_label(f"probability of {second}", parse_math=False)


def _draw_many(
    axes: Any, ticks: Sequence[NDArray], field: NDArray, frame: dict[str, Any], colours: Sequence[str]
) -> None:
    """Mix the colours of the classes by their probabilities; draw where another one takes the lead."""
    from matplotlib.colors import to_rgb

    mixed = field.clip(0, 1) @ np.array([to_rgb(each) for each in colours])
    axes.imshow(1 - 0.5 * (1 - mixed.clip(0, 1)), **frame)
    for k in range(len(colours) if len(colours) > 1 else 0):
        lead = field[..., k] - np.delete(field, k, axis=-1).max(axis=-1)
        if lead.min() < 0 < lead.max():
            axes.contour(*ticks, lead, levels=[0], colors="black", linewidths=1)


def _draw_points(
    figure: Any,
    axes: Any,
    groups: Mapping[str, tuple[NDArray, NDArray]],
    labels: Sequence[str],
    colours: Sequence[str],
) -> None:
    handles, names = [], []
    for number, (group, (x, t)) in enumerate(groups.items()):
        for k, label in enumerate(labels):
            inside, rim = (colours[k], "white") if number == 0 else ("white", colours[k])
            points, marker = x[t == k], STYLE.markers[k % len(STYLE.markers)]
            handles.append(axes.scatter(
                points[:, 0], points[:, 1], s=40, marker=marker, facecolors=inside, edgecolors=rim,
                linewidths=0.6 if number == 0 else 1.2,
            ))  # fmt: skip
            names.append(f"{label}, {group}")
    if not groups:
        handles = [axes.scatter([], [], s=40, marker="s", color=each) for each in colours]
        names = list(labels)
    legend = figure.legend(handles, names, loc="outside lower center", ncols=2 if len(names) < 7 else 4, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
