"""Boundary: what a network of two inputs makes of every point of the unit square, and what each unit does."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import Diverged
from inkgrad.layers import Activation, Softmax, trace
from inkgrad.layout import Layout
from inkgrad.training import Objective
from inkgrad.web.wire import as_text, signed

SIDE, UNIT_SIDE = 60, 24  # points along a side of the square, for the network and for a unit
MOST_UNITS = 64  # of a layer that are shown


def boundary(objective: Objective, theta: Array) -> dict[str, Any]:
    """Return the class and its probability over the square, and each hidden unit's output, as the page has them.

    Raises Diverged when the network's outputs are no numbers.
    """
    network = objective.network
    p = Layout(network.shapes()).views(theta)
    y, _ = network.forward(p, _square(SIDE, theta.dtype))
    probabilities = objective.cost.probabilities(y)
    if not np.isfinite(probabilities).all():
        raise Diverged("the outputs are no longer numbers: try a smaller learning rate")
    units = [
        [signed(unit, float(np.abs(unit).max())) for unit in step.y.T[:MOST_UNITS]]
        for step in trace(network, p, _square(UNIT_SIDE, theta.dtype))
        if isinstance(step.layer, Activation) and not isinstance(step.layer, Softmax)
    ]
    return {
        "n": SIDE,
        "class": as_text(probabilities.argmax(axis=1)),
        "sure": as_text(np.rint(255 * np.clip(probabilities.max(axis=1), 0, 1))),
        "unit_n": UNIT_SIDE,
        "layers": units,
    }


def _square(side: int, dtype: Any) -> Array:
    """Return points of the square, (side², 2), row by row from the bottom."""
    ticks = np.linspace(0, 1, side, dtype=dtype)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
