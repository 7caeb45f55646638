"""SlowMotion: one example's way through the network of a training, forward and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.layers import trace
from inkgrad.layout import Layout, join_path
from inkgrad.training import Objective
from inkgrad.web.hand_work import dense_paths
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.snapshot import Snapshot
from inkgrad.web.wire import as_layer, rounded

DIFFERENCE = 1e-5  # that a parameter is moved by, to and fro; in float64 the slope is right to nine digits
ALIKE = 1e-4  # relative difference of two gradients that are the same
TINY = 1e-8  # of gradients that are both nothing


def slow_motion(snapshot: Snapshot, number: int) -> dict[str, Any]:
    """Return what happens to a training example, counted from 0, in float64, by the layers themselves.

    "inputs", "values" of each column of units, the last of which are probabilities, or of regression the number that is
    given, "z", what comes out of each layer with weights, the "target", a class or a number, and the "cost"; then, of
    each of those layers, "dz", "dW" and "db".  Where the network is not too large, dW is there "by_differences" too,
    (C(w + h) - C(w - h)) / 2h, and "wrong" are the places, [layer, row, column], where the two part.  For large layers
    it is the first units, as in the picture.

    Raises SettingError where there is no such example, and for a network of images.
    """
    if snapshot.settings.is_digits:
        raise SettingError("slow motion is of the network of points")
    train, objective, n = snapshot.dataset.train, snapshot.objective, SHOWN.n_units
    if not 0 <= number < len(train):
        raise SettingError(f"there are {len(train)} training examples, counted from 0, got {number}")
    x, t = train.x[number : number + 1].astype(np.float64), train.t[number : number + 1]
    theta = snapshot.answer.astype(np.float64)
    layout, network, cost = Layout(objective.network.shapes()), objective.network, objective.cost
    paths, gradient = dense_paths(network), np.zeros(layout.size)
    steps = trace(network, layout.views(theta), x)
    value, dy = cost.value_and_gradient(steps[-1].y, t)
    g, dz = layout.views(gradient), {}
    for step in reversed(steps):
        dz[step.path] = dy
        dy = step.back(g, dy)
    outputs = {step.path: step.y for step in steps}
    inputs = {step.path: step.x for step in steps}
    p, its = layout.parts(theta), layout.parts(gradient)
    columns = [*(inputs[path] for path in paths[1:]), cost.probabilities(steps[-1].y)]

    def each(arrays: dict[str, NDArray], name: str) -> list[NDArray]:
        return [
            arrays[join_path(path, name)][:n, :n] if name == "W" else arrays[join_path(path, name)][:n]
            for path in paths
        ]

    found: dict[str, Any] = {
        "example": number,
        "examples": len(train),
        "point": rounded(snapshot.settings.points_on_plane().train.x[number].astype(np.float64)),
        "target": int(t[0]) if train.has_classes else rounded(t[0])[0],
        "cost": rounded(np.array([value]))[0],
        "cost_layer": as_layer(cost),
        "inputs": rounded(x[0]),
        "values": [rounded(column[0, :n]) for column in columns],
        "z": [rounded(outputs[path][0, :n]) for path in paths],
        "weights": [rounded(array) for array in each(p, "W")],
        "biases": [rounded(array) for array in each(p, "b")],
        "dz": [rounded(dz[path][0, :n]) for path in paths],
        "dW": [rounded(array) for array in each(its, "W")],
        "db": [rounded(array) for array in each(its, "b")],
        "by_differences": None,
        "wrong": [],
    }
    if layout.size <= LIMITS.n_parameters_in_slow_motion:
        slopes = by_differences(objective, theta, x, t)
        theirs = layout.parts(slopes)
        found["by_differences"] = [rounded(array) for array in each(theirs, "W")]
        pairs = zip(each(its, "W"), each(theirs, "W"), strict=True)
        found["wrong"] = [
            [layer, *map(int, at)] for layer, pair in enumerate(pairs) for at in np.argwhere(_parts(*pair))
        ]
    return found


def by_differences(objective: Objective, theta: NDArray, x: NDArray, t: NDArray) -> NDArray:
    """Return the gradient of the cost of a batch by central differences, one parameter after the other."""
    layout, moved = Layout(objective.network.shapes()), theta.copy()
    p, found = layout.views(moved), np.empty_like(theta)

    def cost() -> float:
        return float(objective.cost.value_and_gradient(objective.network.forward(p, x)[0], t)[0])

    for k in range(len(theta)):
        moved[k] = theta[k] + DIFFERENCE
        above = cost()
        moved[k] = theta[k] - DIFFERENCE
        found[k] = (above - cost()) / (2 * DIFFERENCE)
        moved[k] = theta[k]
    return found


def _parts(a: NDArray, n: NDArray) -> NDArray:
    return np.asarray(np.abs(a - n) > ALIKE * np.maximum(np.abs(a), np.abs(n)) + TINY)
