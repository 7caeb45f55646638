"""Decision boundaries: which class a network sees at every point of a square."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import Array

SIDE = 201  # points of the grid along each side
N_SHADES = 20  # few enough for the palette of a moving picture
COLOURS = ("#2166ac", "#b2182b")  # blue and red, told apart by colour-blind eyes too
MARKERS = ("o", "^")


def decision_boundary(
    probability: Callable[[Array], Array],
    groups: dict[str, tuple[Array, Array]],
    labels: Sequence[str],
    axis_names: tuple[str, str],
    title: str,
) -> Any:
    """Return a Figure of the unit square: the probability of the second of two classes as colour,
    the boundary at one half as a line, and points on it.

    `probability` takes points (N, 2) and returns (N,).  `groups` holds (points, class numbers) by
    name: the first group is drawn filled, the others hollow.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    low, high = -0.08, 1.08  # a little more than the square, so that its corners are seen
    ticks = np.linspace(low, high, SIDE, dtype=np.float32)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    field = probability(grid).reshape(SIDE, SIDE)

    shades = colormaps["RdBu_r"].resampled(N_SHADES)
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(
        field,
        extent=(low, high, low, high),
        origin="lower",
        cmap=shades,
        vmin=0,
        vmax=1,
        alpha=0.6,
    )
    if field.min() < 0.5 < field.max():
        axes.contour(ticks, ticks, field, levels=[0.5], colors="black", linewidths=1.5)
    for number, (group, (x, t)) in enumerate(groups.items()):
        for k, label in enumerate(labels):
            inside, rim = (COLOURS[k], "white") if number == 0 else ("white", COLOURS[k])
            points = x[t == k]
            axes.scatter(
                points[:, 0], points[:, 1], s=40, marker=MARKERS[k], facecolors=inside, edgecolors=rim,
                linewidths=0.6 if number == 0 else 1.2, label=f"{label}, {group}",
            )  # fmt: skip
    axes.set(title=title, xlabel=axis_names[0], ylabel=axis_names[1])
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.colorbar(shown, label=f"probability of {labels[1]}")
    return figure
