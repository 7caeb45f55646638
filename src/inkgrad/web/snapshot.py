"""A snapshot of a training: how it stood, with its network's boundary, and how weights and gradients are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Dataset, Examples, as_inputs
from inkgrad.data.features import FEATURES, features
from inkgrad.errors import Diverged
from inkgrad.layers import Activation, Softmax, leaves, trace
from inkgrad.layout import Layout, join_path
from inkgrad.training import Objective
from inkgrad.web.hand_work import dense_paths
from inkgrad.web.limits import SHOWN
from inkgrad.web.playground_settings import PlaygroundSettings
from inkgrad.web.wire import as_layer, as_text, positive, rounded, signed

Row = tuple[int, float, float, float | None, float | None]


@dataclass(frozen=True)
class Snapshot:
    """A training as it stood: what a page is told, and what others may look at while it goes on.

    state       for the page, but for the rows and the points
    generation  of the rows; another one begins when the training does
    rows        which go on growing: the first `n_rows` are of this snapshot
    memory      of the optimizer
    """

    state: dict[str, Any]
    points: dict[str, Any]
    generation: int
    rows: list[Row]
    n_rows: int
    settings: PlaygroundSettings
    dataset: Dataset
    objective: Objective
    theta: NDArray
    memory: dict[str, NDArray]
    epoch: int
    step: int

    @property
    def answer(self) -> NDArray:
        """The parameters to use: theta, or its average where the optimizer keeps one."""
        return self.memory.get("average", self.theta)


def boundary(objective: Objective, theta: NDArray, settings: PlaygroundSettings) -> dict[str, Any]:
    """Return what a network of points says over the square, as the page has it.

    "class" and "sure" are its class and the probability of that; of regression there is the "value" instead, cut off
    at -1 and 1.  For the picture of the network there are the output of each hidden unit, in "layers", the probability
    of each class or that value, in "outputs", and the "weights" between them, a matrix (from, to) a layer, with the
    "biases"; of a large layer the first units.

    Raises Diverged when the network's outputs are not finite.
    """
    network, names, says = objective.network, settings.features, objective.cost.probabilities
    layout = Layout(network.shapes())
    p = layout.views(theta)
    said = says(network.forward(p, features(_square(SHOWN.boundary_side, theta.dtype), names))[0])
    if not np.isfinite(said).all():
        raise Diverged("the outputs are no longer numbers: try a smaller learning rate")
    steps = trace(network, p, features(_square(SHOWN.unit_side, theta.dtype), names))
    paths, parts, n = dense_paths(network), layout.parts(theta), SHOWN.n_units
    hidden = [step.x for step in steps if step.path in paths[1:]]  # what a unit gives to the next layer
    if settings.is_regression:
        as_output, over_square = signed, {"value": signed(said, 1)}
    else:
        sure = as_text(np.rint(255 * np.clip(said.max(axis=1), 0, 1)))
        as_output, over_square = positive, {"class": as_text(said.argmax(axis=1)), "sure": sure}
    return over_square | {
        "n": SHOWN.boundary_side,
        "unit_n": SHOWN.unit_side,
        "layers": [[signed(unit, float(np.abs(unit).max())) for unit in each.T[:n]] for each in hidden],
        "outputs": [as_output(each, 1) for each in says(steps[-1].y).T],
        "weights": [rounded(parts[join_path(path, "W")][:n, :n]) for path in paths],
        "biases": [rounded(parts[join_path(path, "b")][:n]) for path in paths],
    }


def feature_pictures() -> list[dict[str, Any]]:
    """Return the features that there are, each with its values over the square, as units have them."""
    square = _square(SHOWN.unit_side, np.float32)
    return [{"name": name, "image": signed(features(square, [name])[:, 0], 1)} for name in FEATURES]


def _square(side: int, dtype: Any) -> NDArray:
    """Return points of the square, (side², 2), row by row from the bottom."""
    ticks = np.linspace(0, 1, side, dtype=dtype)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def details(objective: Objective, theta: NDArray, examples: Examples) -> list[dict[str, Any]]:
    """Return of each layer with parameters the histograms of its weights and of their gradients.

    They are of the first 256 examples.  Dead are the units of the activation that follows whose outputs
    for those differ by less than 1e-6; `units` is how many there are.
    """
    network = objective.network
    n = SHOWN.n_histogram_examples
    x, t = as_inputs(examples.x[:n], theta.dtype.type), examples.t[:n]
    _, gradient = objective(theta, x, t)
    layout = Layout(network.shapes())
    p, parts, slopes = layout.views(theta), layout.parts(theta), layout.parts(gradient)
    found: list[dict[str, Any]] = []
    for leaf, step in zip(leaves(network), trace(network, p, x), strict=True):
        own = [join_path(leaf.path, name) for name in leaf.parameters]
        if own:
            weights, its_gradients = (np.concatenate([some[path].ravel() for path in own]) for some in (parts, slopes))
            found.append(
                {
                    "layer": as_layer(leaf.layer, leaf.path),
                    "weights": _histogram(weights),
                    "gradients": _histogram(its_gradients),
                    "dead": 0,
                    "units": None,
                }
            )
        elif found and isinstance(leaf.layer, Activation) and not isinstance(leaf.layer, Softmax):
            outputs = step.y.reshape(-1, step.y.shape[-1])
            found[-1]["dead"] = int((np.ptp(outputs, axis=0) < 1e-6).sum())
            found[-1]["units"] = outputs.shape[-1]
    return found


def _histogram(numbers: NDArray) -> dict[str, Any] | None:
    """Return None where some are not finite, as gradients of a training that is about to diverge."""
    if not np.isfinite(numbers).all():
        return None
    numbers = numbers.astype(np.float64)
    low, high = numbers.min(), numbers.max()
    if high - low < 1e-6 * abs(high):  # too narrow to be cut into bars
        low, high = low - abs(low) / 2, high + abs(high) / 2
    counts, edges = np.histogram(numbers, SHOWN.n_histogram_bins, (low, high))
    low, high = rounded(edges[[0, -1]])
    return {"from": low, "to": high, "counts": counts.tolist()}
