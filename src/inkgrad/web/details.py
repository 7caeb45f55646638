"""Details: how the weights and gradients of each layer are spread, and which units are dead."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples, as_inputs
from inkgrad.layers import Activation, Softmax, leaves, trace
from inkgrad.layout import Layout, join_path
from inkgrad.training import Objective
from inkgrad.web.wire import rounded

N_EXAMPLES = 256
BINS = 30
ALIKE = 1e-6  # a unit whose outputs differ by less, over all examples, says nothing


def details(objective: Objective, theta: Array, examples: Examples) -> list[dict[str, Any]]:
    """Return of each layer with parameters the histograms of its weights and of their gradients.

    They are of the first 256 examples.  Dead are the units of the activation that follows which
    give the same output for each of those; `units` is how many there are.
    """
    network = objective.network
    x, t = as_inputs(examples.x[:N_EXAMPLES], theta.dtype.type), examples.t[:N_EXAMPLES]
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
                    "name": f"{leaf.path} {leaf.layer}",
                    "weights": _histogram(weights),
                    "gradients": _histogram(its_gradients),
                    "dead": 0,
                    "units": None,
                }
            )
        elif found and isinstance(leaf.layer, Activation) and not isinstance(leaf.layer, Softmax):
            outputs = step.y.reshape(-1, step.y.shape[-1])
            found[-1]["dead"] = int((np.ptp(outputs, axis=0) < ALIKE).sum())
            found[-1]["units"] = outputs.shape[-1]
    return found


def _histogram(numbers: Array) -> dict[str, Any] | None:
    """Return None where some are no numbers, as gradients of a training that is about to diverge."""
    if not np.isfinite(numbers).all():
        return None
    numbers = numbers.astype(np.float64)
    low, high = numbers.min(), numbers.max()
    if high - low < ALIKE * abs(high):  # too narrow to be cut into bars
        low, high = low - abs(low) / 2, high + abs(high) / 2
    counts, edges = np.histogram(numbers, BINS, (low, high))
    low, high = rounded(edges[[0, -1]])
    return {"from": low, "to": high, "counts": counts.tolist()}
