"""check_layer: one layer alone, against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.differences import TOLERANCE, compare, numerical_gradient
from inkgrad.errors import GradientMismatch
from inkgrad.layers import Layer
from inkgrad.layout import Layout


def check_layer(layer: Layer, x: Array, *, seed: int = 0, tolerance: float = TOLERANCE) -> dict[str, float]:
    """Check `layer` at the batch `x`; return the worst relative error in dx and in each gradient.

    The keys are "dx" and, for each parameter, "d" and its path.  It works in float64, with
    random parameters and a random dy, and with a gradient vector that starts as NaN, so that
    what is never written fails.

    Raises GradientMismatch, naming the array, the place in it and both numbers, when they
    differ, and when backward or forward changes x, p or dy.
    """
    rng = np.random.default_rng(seed)
    layout = Layout(layer.shapes())
    theta = np.full(layout.size, np.nan)
    layer.init(layout.views(theta), rng)
    theta += rng.normal(0, 0.1, layout.size)  # biases of zero would hide mistakes
    x = np.array(x, np.float64)
    p = layout.views(theta)

    def forward() -> tuple[Array, Any]:
        return layer.forward(p, x, np.random.default_rng(seed))  # the same luck every time

    before = {"x": x.copy(), "p": theta.copy()}
    y, cache = forward()
    dy = rng.normal(size=y.shape)
    before["dy"] = dy.copy()
    gradient = np.full(layout.size, np.nan)
    dx = layer.backward(p, layout.views(gradient), cache, dy)
    _refuse_changes(layer, before, {"x": x, "p": theta, "dy": dy})

    def phi() -> float:
        return float(np.sum(dy * forward()[0]))

    errors = {"dx": compare(layer, "dx", dx, numerical_gradient(phi, x), tolerance)}
    numerical = layout.parts(numerical_gradient(phi, theta))
    for path, analytical in layout.parts(gradient).items():
        errors[f"d{path}"] = compare(layer, f"d{path}", analytical, numerical[path], tolerance)

    alone = np.full(layout.size, np.nan)
    layer.parameter_gradient(p, layout.views(alone), forward()[1], dy)
    if not np.array_equal(alone, gradient):
        raise GradientMismatch(
            f"{layer}: parameter_gradient writes other numbers than backward; override both or neither"
        )
    return errors


def _refuse_changes(layer: Layer, before: dict[str, Array], after: dict[str, Array]) -> None:
    for name, array in after.items():
        if not np.array_equal(array, before[name], equal_nan=True):
            raise GradientMismatch(f"{layer} changed {name} in place: work on a copy")
