"""Make the pictures of the derivations: python -m scripts.docs.derivation_pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inkgrad.arrays import NDArray
from inkgrad.costs import CTC, line_targets
from inkgrad.layers import AveragePool2D, MaxPool2D
from inkgrad.layers.standardise import standardise, standardise_backward
from inkgrad.optimizers import SGD, Adam, Constant, Cosine, OneCycle, Optimizer, Schedule, StepDecay

FOLDER = Path(__file__).parent.parent.parent / "docs" / "pictures"
REPRODUCIBLE = {"svg.hashsalt": "inkgrad", "svg.fonttype": "path"}


def convolution() -> Figure:
    """Return a row of pixels under a row of outputs, with a line for each weight: kernel 3, stride 2, margin 1."""
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots()
    n, stride, margin = 7, 2, 1
    for out in range(4):
        for tap in range(3):
            pixel = stride * out + tap - margin
            style = {"color": f"C{tap}", "lw": 1.6, "ls": "-" if 0 <= pixel < n else ":"}
            axes.plot([pixel, stride * out], [0, 1], zorder=1, label=f"$W_{tap}$" if out == 1 else None, **style)
    _row(axes, range(-margin, n + margin), 0, ["0", *(f"x_{k}" for k in range(n)), "0"], {-1, n})
    _row(axes, range(0, 2 * 4, stride), 1, [f"y_{k}" for k in range(4)], set())
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.set(xlim=(-1.6, n + 0.6), ylim=(-0.35, 1.35))
    axes.axis("off")
    return figure


def _row(axes: Axes, places: range, y: float, names: list[str], margins: set[int]) -> None:
    for x, name in zip(places, names, strict=True):
        colour = "0.75" if x in margins else "black"
        axes.text(
            x,
            y,
            f"${name}$",
            ha="center",
            va="center",
            color=colour,
            bbox={"boxstyle": "square,pad=0.45", "facecolor": "white", "edgecolor": colour},
        )


def pooling() -> Figure:
    """Return a window of four pixels with both pools, and what comes back for dy = 8."""
    x = np.array([[1.0, 5.0], [2.0, 4.0]])
    figure = Figure(figsize=(7.5, 2.3), layout="constrained")
    panels = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1))
    batch = x[np.newaxis, :, :, np.newaxis]
    found = {"x": x}
    for layer in MaxPool2D(), AveragePool2D():
        y, cache = layer.forward(None, batch)
        name = f"{'max' if isinstance(layer, MaxPool2D) else 'mean'} = {y.item():g}"
        found[f"dx, {name}"] = layer.backward(None, None, cache, np.full(y.shape, 8.0))[0, :, :, 0]
    found = {"x": found.pop("x"), "dy": np.array([[8.0]]), **found}
    for axes, (title, numbers) in zip(panels, found.items(), strict=True):
        axes.imshow(numbers, cmap="Greens", vmin=-2, vmax=14)
        for i, j in np.ndindex(numbers.shape):
            axes.text(j, i, f"{numbers[i, j]:g}", ha="center", va="center", fontsize=14)
        axes.set(title=title, xticks=[], yticks=[])
    return figure


def normalisation() -> Figure:
    """Return five numbers before and after, and a gradient before and after."""
    x, dh = np.array([2.0, 4.5, 3.0, 7.0, 3.5]), np.array([1.0, 0.6, 0.9, 1.4, -0.2])
    h, r = standardise(x, -1, 1e-5)
    dx = standardise_backward(h, r, dh, -1)
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    titles = "x", "h", "dh", "dx / r"
    for axes, numbers, title in zip(figure.subplots(1, 4), (x, h, dh, dx / r), titles, strict=True):
        axes.bar(range(5), numbers, color="C0" if title[0] in "xh" else "C1")
        axes.axhline(0, color="black", lw=0.8)
        axes.axhline(numbers.mean(), color="0.5", ls="--", lw=1)
        axes.set(title=title, xticks=[])
    return figure


def costs() -> Figure:
    """Return what an output costs through a sigmoid where the target is 1, and the slope by what went into it."""
    x = np.linspace(-6, 6, 401)
    y = 1 / (1 + np.exp(-x))
    figure = Figure(figsize=(7.5, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(x, (y - 1) ** 2 / 2, label="squared error")
    left.plot(x, -np.log(y), label="cross-entropy")
    right.plot(x, (y - 1) * y * (1 - y))
    right.plot(x, y - 1)
    left.set(title="cost of y = σ(x) where t = 1", xlabel="x")
    right.set(title="its slope dx", xlabel="x")
    left.legend()
    for axes in left, right:
        axes.grid(alpha=0.3)
    return figure


def ctc() -> Figure:
    """Return what logits drawn at random say in eight frames, what they say given that the line says 1 2, and dy."""
    y = np.random.default_rng(4).normal(0, 1, (1, 8, 3))
    _, dy = CTC().value_and_gradient(y, line_targets([[1, 2]], 8))
    q = CTC().probabilities(y)
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    titles = "q: what the network says", "γ: what it says, given that the line says 1 2", "dy = q - γ"
    for axes, numbers, title in zip(figure.subplots(3, 1, sharex=True), (q, q - dy, dy), titles, strict=True):
        axes.imshow(numbers[0].T, cmap="PuOr", vmin=-1.3, vmax=1.3, aspect="auto")
        for t, k in np.ndindex(numbers[0].shape):
            axes.text(t, k, f"{numbers[0, t, k]:.2f}", ha="center", va="center", fontsize=8)
        axes.set_title(title, fontsize=9, loc="left")
        axes.set(xticks=range(8), yticks=range(3), yticklabels=["blank", "1", "2"])
    figure.axes[-1].set_xlabel("frame t")
    return figure


def optimizers() -> Figure:
    """Return the ways of three optimizers down C = (x² + 20 y²) / 2, from the same place."""
    curvature = np.array([1.0, 20.0])
    figure = Figure(figsize=(7.5, 3), layout="constrained")
    axes = figure.subplots()
    a, b = np.meshgrid(np.linspace(-4.4, 1, 200), np.linspace(-1.4, 1.4, 200))
    axes.contour(a, b, (curvature[0] * a**2 + curvature[1] * b**2) / 2, levels=14, colors="0.8", linewidths=0.8)
    ways: dict[str, Optimizer] = {"SGD": SGD(0.09), "momentum 0.7": SGD(0.04, 0.7), "Adam": Adam(0.3)}
    for name, optimizer in ways.items():
        axes.plot(*_way(optimizer, curvature).T, ".-", ms=4, lw=1.2, label=name)
    axes.plot(0, 0, "k+", ms=10)
    axes.legend(loc="upper right")
    axes.set(xlim=(-4.4, 1), ylim=(-1.4, 1.4))
    return figure


def _way(optimizer: Optimizer, curvature: NDArray, n_steps: int = 25) -> NDArray:
    theta = np.array([-4.0, 1.0])
    state, way = optimizer.init(theta), [theta.copy()]
    for _ in range(n_steps):
        optimizer.step(theta, curvature * theta, state)
        way.append(theta.copy())
    return np.array(way)


def schedules() -> Figure:
    """Return the learning rate of each schedule over a hundred steps."""
    every: list[Schedule] = [Constant(0.1), StepDecay(0.1, every=30, factor=0.4), Cosine(0.1, 100), OneCycle(0.1, 100)]
    figure = Figure(figsize=(7.5, 2.6), layout="constrained")
    axes = figure.subplots()
    for schedule in every:
        axes.plot([schedule(s) for s in range(100)], label=type(schedule).__name__)
    axes.set(xlabel="step", ylabel="learning rate")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return figure


PICTURES: tuple[Callable[[], Figure], ...] = (convolution, pooling, normalisation, costs, ctc, optimizers, schedules)


def save(folder: Path = FOLDER) -> None:
    """Draw them all into a folder, the same to each byte with the same matplotlib."""
    with rc_context(REPRODUCIBLE):
        for make in PICTURES:
            make().savefig(folder / f"derivation-{make.__name__}.svg", metadata={"Date": None})


if __name__ == "__main__":
    save()
